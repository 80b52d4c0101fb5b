"""Software that a device is learned from: a Python function, or a command that turns one WAV file into another."""

import contextlib
import hashlib
import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tonewright.audio import files
from tonewright.audio.checks import SILENT_DB
from tonewright.errors import AudioError, ConfigError, PairError, TrainingError
from tonewright.measure.metrics import rms_db
from tonewright.training.interrupt import CtrlC
from tonewright.training.recordings import is_mono

PLACE = re.compile(r"""(["']?)\{(in|out)\}\1""")  # with the quotes that a careful person puts around it
HOW = "write the command with {in} where the WAV file to read stands and {out} where the one to write does"
EXAMPLE = "'sox {in} {out} overdrive 20'"
WORDS_BYTES = 1000  # of a command that are told; a comment in a sound file holds no more than 2000
TAIL = 300  # characters of what a command said that are told when it fails
GRACE_S = 2.0  # in which a command that is to stop may tidy up


@dataclass(frozen=True)
class Function:
    """A device that is a Python function.

    Attributes:
        play: called with a sound, float32 [T], and its rate in Hz; returns what comes out of the device, floats [T].
            What it raises goes through to its owner.
    """

    play: Callable[[np.ndarray, int], np.ndarray]

    @property
    def words(self) -> str:
        """What it is, for whoever reads the model file."""
        return "a Python function"

    def __call__(self, x: np.ndarray, sample_rate: int) -> np.ndarray:
        """What the device makes of x [T].

        Raises:
            PairError: it is not a sound that can be learned.

        >>> Function(lambda x, sample_rate: np.tanh(5 * x))(np.ones(3, np.float32), 48000).round(2)
        array([1., 1., 1.], dtype=float32)
        """
        answer = self.play(x.copy(), sample_rate)
        y = np.asarray(answer)
        if y.dtype.kind != "f" or y.ndim != 1:
            came = f"{y.dtype} {list(y.shape)}" if y.dtype.kind in "biufc" else f"a {type(answer).__name__}"
            raise PairError(
                f"the function was given float32 [{len(x)}] and should return floats of that shape, one channel, and "
                f"returned {came}; convert its answer"
            )
        return _checked(x, y, "the function returned")


@dataclass(frozen=True)
class Command:
    """A device that is a command for the shell, which is run as it stands.

    Attributes:
        template: with {in} and {out} in the places of the two files.

    Raises:
        ConfigError: one of the two is missing.
    """

    template: str

    def __post_init__(self):
        missing = [name for name in ("{in}", "{out}") if name not in self.template]
        if missing:
            raise ConfigError(
                f"--through has no {' and no '.join(missing)} in {self.words}; {HOW}, as in {EXAMPLE}"
            )

    @property
    def words(self) -> str:
        """What it is, for whoever reads the model file; of a very long command the beginning and a hash."""
        data = " ".join(self.template.split()).encode(errors="replace")
        line = data[:WORDS_BYTES].decode(errors="ignore")
        if len(data) > WORDS_BYTES:
            line += f"... (sha256 {hashlib.sha256(data).hexdigest()[:16]})"
        return f"the command '{line}'"

    def __call__(self, x: np.ndarray, sample_rate: int) -> np.ndarray:
        """What the device makes of x [T]: the command reads it from one WAV file and writes another.

        Ctrl-C ends the command, and all that it started, and leaves no file.

        Raises:
            TrainingError: it did not end well.
            PairError: what it wrote is not a sound that can be learned.

        >>> Command("cp {in} {out}")(np.full(3, 0.5, np.float32), 48000)
        array([0.5, 0.5, 0.5], dtype=float32)
        """
        with tempfile.TemporaryDirectory(prefix="tonewright-") as folder:
            dry, wet = Path(folder, "dry.wav"), Path(folder, "wet.wav")
            files.write(dry, x, sample_rate)
            code, said = _run(_filled(self.template, dry, wet), Path(folder))
            aside = f" (it said: {said})" if said else ""
            if code != 0:
                how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
                raise TrainingError(f"{self.words} {how}{aside}; try it by hand with a WAV file of yours")
            if not wet.exists():
                raise PairError(f"{self.words} ended well and wrote no file {{out}}{aside}; {HOW}")
            samples, rate = _read(wet)
        if rate != sample_rate:
            raise PairError(
                f"the command was given {sample_rate} Hz and wrote {rate} Hz; let it keep the rate, or draw the "
                f"sounds at its own with --at-rate {rate}"
            )
        if not is_mono(samples):
            raise PairError(
                f"the command wrote {len(samples)} different channels, and a device is learned from one; let it "
                "write only the one to learn"
            )
        return _checked(x, samples[0], "the command wrote", aside)


Teacher = Function | Command


def teacher(through: Callable[[np.ndarray, int], np.ndarray] | str) -> Teacher:
    """The teacher that a person names: a function of (sound, rate), or a command.

    Raises:
        ConfigError: it is neither, or a command without its places.
    """
    if isinstance(through, str):
        return Command(through)
    if callable(through):
        return Function(through)
    raise ConfigError(
        f"a device is a function of a sound and its rate, or a command such as {EXAMPLE}, and not a "
        f"{type(through).__name__}; give one of the two"
    )


def _checked(x: np.ndarray, y: np.ndarray, who: str, aside: str = "") -> np.ndarray:
    """The answer y to x as float32, if it is one."""
    with np.errstate(over="ignore"):  # what is too large for 32 bits is found to be infinite
        y = y.astype(np.float32)
    if len(y) < len(x) / 2:
        raise PairError(
            f"{who} {len(y)} samples for the {len(x)} that it got{aside}; let it play all of them"
        )
    if not np.isfinite(y).all():
        first = int(np.argmin(np.isfinite(y)))
        raise PairError(
            f"{who} samples that are no numbers (first at number {first}){aside}; look for its fault"
        )
    if rms_db(y) < SILENT_DB:
        raise PairError(f"{who} silence{aside}; see that the device is on and its volume up")
    return y


def _read(wet: Path) -> tuple[np.ndarray, int]:
    """What a command wrote, by a name that is soon gone: [C, T], and the rate."""
    try:
        return files.read(wet)
    except AudioError as error:
        reason = str(error).replace(str(wet), "it")
        raise PairError(f"what the command wrote cannot be learned from: {reason}") from None


def _filled(template: str, dry: Path, wet: Path) -> str:
    """The command with the names of the two files, quoted.

    >>> _filled("cp {in} '{out}'", Path("/my sounds/dry.wav"), Path("wet.wav"))
    "cp '/my sounds/dry.wav' wet.wav"
    """
    paths = {"in": str(dry), "out": str(wet)}
    return PLACE.sub(lambda place: shlex.quote(paths[place[2]]), template)


def _run(command: str, folder: Path) -> tuple[int, str]:
    """Run a command in the shell, without input: its exit code, and the end of what it said of itself."""
    results, complaints, process = folder / "stdout", folder / "stderr", None
    with open(results, "wb") as out, open(complaints, "wb") as err:
        try:
            with CtrlC() as ctrl_c:  # in the middle of the next line, nobody would know what to end
                process = subprocess.Popen(
                    command,
                    shell=True,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,  # a group of its own, so that all of it can be ended
                )
            if ctrl_c.pressed:
                raise KeyboardInterrupt
            process.wait()
        except BaseException:
            if process is not None:
                _end(process)
            raise
    return process.returncode, _tail(complaints) or _tail(results)


def _end(process: subprocess.Popen) -> None:
    """End a command and all that it started: kindly, and then for certain."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _tail(path: Path) -> str:
    """The last lines of a text as one, without colours and other control codes."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 4 * TAIL))
        text = re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", file.read().decode(errors="replace"))
    lines = (
        " ".join("".join(c if c.isprintable() else " " for c in row).split()) for row in text.splitlines()
    )
    line = " / ".join(filter(None, lines))
    return line if len(line) <= TAIL else f"...{line[-TAIL:]}"
