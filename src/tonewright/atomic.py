"""Writing files whole or not at all."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tonewright.errors import FileError


@contextlib.contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it when the block ends well and removed when it does not.

    Of a link it is the file that the link names.

    Raises:
        FileError: when the folder is missing or not writable, or the disk is full.

    >>> folder = tempfile.mkdtemp()
    >>> with whole_file(Path(folder) / "a.txt") as beside:
    ...     _ = beside.write_text("all of it")
    >>> os.listdir(folder)
    ['a.txt']
    """
    path = Path(path)
    check_place(path)
    place = Path(os.path.realpath(path))  # a link stays one, and what it names is written
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=place.parent)
        os.close(handle)
    except OSError as error:
        raise FileError(explain(path, error)) from error
    beside = Path(name)
    try:
        yield beside
        _flush(beside)
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, place)
    except OSError as error:
        raise FileError(explain(path, error)) from error
    finally:
        beside.unlink(missing_ok=True)


def check_place(path: Path) -> None:
    """Refuse what no file can be written to, as far as that can be known without writing.

    Raises:
        FileError: when the folder is missing, or something that is not a file has that name.
    """
    try:
        os.stat(f"{path.absolute().parent}/.")  # the dot, so that a file is not taken for a folder
        if path.is_dir():
            raise FileError(f"{path} is a folder; name the file to write in it")
        if path.exists() and not path.is_file():
            raise FileError(f"{path} is a device and not a file; choose another name")
    except (OSError, ValueError) as error:
        raise FileError(explain(path, error)) from error


def write_whole(path: Path | str, data: bytes) -> None:
    """`data` as the file at `path`, whole or not at all."""
    with whole_file(path) as beside:
        beside.write_bytes(data)


def _flush(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def explain(path: Path, error: Exception) -> str:
    """Why a file could not be written, and what to do."""
    folder = Path(os.path.realpath(path)).parent if os.path.islink(path) else path.absolute().parent
    match getattr(error, "errno", None):
        case errno.ENOSPC | errno.EDQUOT:
            return (
                f"the disk of {folder} is full, and {path} was not written (no part of it was left behind); "
                "free some space and try again"
            )
        case errno.EFBIG:
            return (
                f"{path} was not written (no part of it was left behind), for it is longer than a file "
                f"may be in {folder}; choose another disk"
            )
        case errno.ENOENT | errno.ENOTDIR:
            return f"{path} cannot be written, for there is no folder {folder}; make it first"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"{path} cannot be written, for {folder} does not allow it; choose another folder"
        case errno.ENAMETOOLONG:
            return f"{path} cannot be written, for its name is too long; choose a shorter one"
    return f"{path} was not written ({error}); try another folder"
