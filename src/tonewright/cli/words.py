"""What the verbs say on the terminal, and how they read what a person writes."""

import json
import math
import sys
from pathlib import Path

from tonewright.atomic import check_place, explain
from tonewright.errors import ConfigError, FileError
from tonewright.units import clock


def say(sentence: str = "") -> None:
    """A line on the terminal."""
    _write(sentence, sys.stdout)


def warn(sentence: str) -> None:
    """A line beside the results."""
    _write(sentence, sys.stderr)


def _write(sentence: str, stream) -> None:
    """A line, whatever is in it: a name that the terminal cannot show comes as its codes."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    print(sentence.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)


def settings(pairs: list[str] | None, what: str = "a knob", example: str = "drive=0.7") -> dict[str, float]:
    """["drive=0.7", "tone=0.5"] as numbers by name.

    Args:
        pairs: as a person writes them.
        what, example: of such a thing, for the sentence.

    Raises:
        ConfigError: when one is not name=number.

    >>> settings(["drive=0.7"])
    {'drive': 0.7}
    """
    found = {}
    for pair in pairs or []:
        name, equals, number = pair.partition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            equals = ""
        if not equals or not math.isfinite(found[name.strip()]):
            raise ConfigError(f"{what} is set as name=number, such as {example}, and not as '{pair}'")
    return found


def told(pairs: list[str]) -> dict[str, str]:
    """What a person tells of a model with `--about name=words`.

    Raises:
        ConfigError: for what is no name and words.

    >>> told(["name=My amp", "gear_type=amp"])
    {'name': 'My amp', 'gear_type': 'amp'}
    """
    words = [pair.partition("=") for pair in pairs]
    for pair, (name, equals, value) in zip(pairs, words, strict=True):
        if not (name.strip() and equals and value.strip()):
            raise ConfigError(f'--about wants a name and words, such as name="My amp", and is {pair!r}')
    names = [name.strip() for name, _, _ in words]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigError(f"--about says {twice[0]} twice; say it once")
    return {name: value.strip() for name, (_, _, value) in zip(names, words, strict=True)}


def values(pairs: list[str] | None) -> dict:
    """["past=mulaw", "window=64"] as values by name.

    Raises:
        ConfigError: when one is not name=value.

    >>> values(["past=mulaw", "window=64", "direct=true"])
    {'past': 'mulaw', 'window': 64, 'direct': True}
    """
    found = {}
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        if not equals or not value:
            raise ConfigError(f"a setting is written name=value, such as window=64, and not as '{pair}'")
        try:
            found[name.strip()] = json.loads(value)
        except ValueError:
            found[name.strip()] = value.strip()
    return found


def check_result(path: Path, suffix: str, option: str = "-o") -> None:
    """Refuse a result of another suffix or in no folder, before any work is done.

    Raises:
        ConfigError: another suffix.
        FileError: the folder is not there, or the name is one of a folder.
    """
    if path.suffix.lower() != suffix:
        raise ConfigError(
            f"the result is a {suffix} file, and '{path}' is named otherwise; write {option} {path.stem}{suffix}"
        )
    check_place(path)


def check_folder(folder: Path, suffix: str, option: str = "-o") -> None:
    """Refuse a folder of results of another suffix, or where a file is, before any work is done.

    Raises:
        ConfigError: another suffix.
        FileError: there is a file of that name.
    """
    if folder.suffix.lower() != suffix:
        raise ConfigError(
            f"the result is a {suffix} folder, and '{folder}' is named otherwise; write {option} "
            f"{folder.stem or 'violin'}{suffix}"
        )
    if folder.exists() and not folder.is_dir():
        raise FileError(f"{folder} is a file, and the results go into a folder; choose another name")


def make_folder(folder: Path) -> None:
    """The folder, made if need be.

    Raises:
        FileError: when it cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise FileError(
            f"{folder} is a file, and the results go into a folder; choose another name"
        ) from None
    except OSError as error:
        raise FileError(explain(folder, error)) from error


class Bar:
    """Progress on one line: the share done, time left, and the error so far. Quiet lines where there is no terminal.

    >>> Bar.line(0.5, 60.0, 0.0042)
    ' 50 %   1:00 left   ESR 0.0042'
    """

    def __init__(self, what: str, measure: str = "ESR"):
        self.what, self.measure, self.shown = what, measure, -1.0
        self.live = sys.stderr.isatty()

    def __enter__(self) -> "Bar":
        if self.live:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[line]}"))
            self.rich = Progress(*columns, console=Console(stderr=True), transient=True)
            self.rich.start()
            self.task = self.rich.add_task(self.what, total=1.0, line="")
        return self

    def __exit__(self, *_) -> None:
        if self.live:
            self.rich.stop()

    def turn_to(self, what: str) -> None:
        """Go on with other work, from its beginning; nothing when it is what is shown."""
        if what != self.what:
            self.what, self.shown = what, -1.0
            if self.live:
                self.rich.update(self.task, description=what, completed=0.0, line="")

    def show(
        self, share: float, seconds_left: float = math.nan, error: float = math.nan, words: str = ""
    ) -> None:
        """Draw where the work is; without a terminal, a line for every tenth of it."""
        line = self.line(share, seconds_left, error, self.measure, words)
        if self.live:
            self.rich.update(self.task, completed=share, line=line)
        elif math.floor(10 * share) > math.floor(10 * self.shown) or self.shown < 0:
            warn(f"{self.what}: {line}")
            self.shown = share

    @staticmethod
    def line(share: float, seconds_left: float, error: float, measure: str = "ESR", words: str = "") -> str:
        """The words beside the bar.

        >>> Bar.line(0.5, 60.0, 1.2, "spectral distance", "phase 1")
        ' 50 %   1:00 left   spectral distance 1.20   phase 1'
        """
        parts = [f"{100 * share:3.0f} %"]
        parts += [f"{clock(seconds_left)} left"] if math.isfinite(seconds_left) else []
        parts += (
            [f"{measure} {error:.2g}" if error < 1 else f"{measure} {error:.2f}"]
            if math.isfinite(error)
            else []
        )
        return "   ".join([*parts, *([words] if words else [])])
