"""A file is written whole or not at all."""

import os
import signal
import stat
import subprocess
import sys

import pytest

from tonewright.atomic import whole_file, write_whole
from tonewright.errors import FileError


def test_it_replaces_what_was_there(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    write_whole(tmp_path / "a.txt", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"] and (tmp_path / "a.txt").read_bytes() == b"new"


def test_a_link_stays_one(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "a.txt").symlink_to(tmp_path / "far" / "b.txt")
    for text in (b"first", b"second"):  # which makes it, and replaces it
        write_whole(tmp_path / "a.txt", text)
        assert (tmp_path / "a.txt").is_symlink() and (tmp_path / "far" / "b.txt").read_bytes() == text
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.txt", "b.txt", "far"]


def test_others_may_read_it_as_any_file(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "a.txt", b"x")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_what_goes_wrong_leaves_the_old_file(tmp_path, error):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(FileError if error is OSError else error), whole_file(tmp_path / "a.txt") as beside:
        beside.write_text("half")
        raise error("stop")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"] and (tmp_path / "a.txt").read_text() == "old"


def test_where_no_file_can_be(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "gone" / "a.txt")
    for path, words in (
        (tmp_path / "link", "no folder .*gone; make it first"),
        (tmp_path / "none" / "a.txt", "no folder .*none; make it first"),
        (tmp_path / "file" / "a.txt", "no folder .*file; make it first"),
        (tmp_path, "is a folder; name the file"),
        (tmp_path / ("a" * 300), "its name is too long; choose a shorter one"),
    ):
        with pytest.raises(FileError, match=words):
            write_whole(path, b"x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "link"]


def test_a_device_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="not a file"):
        write_whole(tmp_path / "pipe", b"x")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_file_longer_than_allowed_is_told(tmp_path):
    code = (
        "import resource, sys\n"
        "from tonewright.atomic import write_whole\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_whole(sys.argv[1], bytes(100_000))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.bin"], capture_output=True, text=True)
    assert "FileError" in done.stderr and "not written" in done.stderr and not list(tmp_path.iterdir())


def test_a_kill_while_writing_leaves_the_old_file(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    code = (
        "import os, sys\n"
        "from tonewright.atomic import whole_file\n"
        "with whole_file(sys.argv[1]) as beside:\n"
        "    beside.write_text('half')\n"
        f"    os.kill(os.getpid(), {int(signal.SIGKILL)})"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "a.txt"])
    assert (tmp_path / "a.txt").read_text() == "old"
