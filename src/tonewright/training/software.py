"""A device that is software, recorded: sounds from a library are played through it, and both sides are kept."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tonewright.atomic import check_place
from tonewright.audio import files
from tonewright.audio.files import Writer
from tonewright.audio.library import OURS, open_library
from tonewright.audio.slices import dry_track
from tonewright.errors import AudioError, ConfigError, FileError, TrainingError
from tonewright.training import processes
from tonewright.training.recordings import Recording
from tonewright.training.teachers import Teacher

DEFAULT_SECONDS = 240.0
SECONDS = (3.0, 3600.0)  # the least and the most; beyond it, the two sides take gigabytes of memory
RATES_HZ = (8000, 384000)


@dataclass(frozen=True)
class Software:
    """What will be a recording once it is played.

    Attributes:
        sounds: a folder of sounds, or one sound file, to draw the dry side from.
        teacher: what makes the wet side of it.
        dry, wet: the WAV files to write.
        seconds: of the dry side; None for DEFAULT_SECONDS.
        sample_rate: of both sides in Hz; None for the usual one of the sounds.
        seed: of what is drawn.
        latency_samples: by which the wet is late; None to find out.

    Raises:
        ConfigError: a number is out of its range.
    """

    sounds: Path
    teacher: Teacher
    dry: Path
    wet: Path
    seconds: float | None = None
    sample_rate: int | None = None
    seed: int = 0
    latency_samples: int | None = None

    def __post_init__(self):
        for option, value, (low, high) in (
            ("--seconds", self.seconds, SECONDS),
            ("--at-rate", self.sample_rate, RATES_HZ),
        ):
            if value is not None and not low <= value <= high:
                raise ConfigError(f"{option} goes from {low:g} to {high:g}, and not to {value:g}")

    def recorded(self, resume: bool, said: Callable[[str], None]) -> Recording:
        """The recording: played now, or, when a training is resumed, the one that it was begun with.

        Raises:
            AudioError: there is nothing to draw from, or a side cannot be written.
            PairError, TrainingError: the teacher failed.
            TrainingError: what a training was begun with is not there any more, or was made in another way.
            FileError: a file that we did not make has the name of one that we would.
        """
        if resume:
            self._check_kept()
        else:
            processes.alone(lambda: self._record(said))
        source = ", through ".join(
            files.info(path).comment.removeprefix(OURS) for path in (self.dry, self.wet)
        )
        return Recording(self.dry, self.wet, {}, self.latency_samples, source=source)

    def _record(self, said: Callable[[str], None]) -> None:
        """Draw, play, and write both sides, or none."""
        for path in (self.dry, self.wet):
            _check_ours(path)
            if self.sounds.exists() and path.exists() and path.samefile(self.sounds):
                raise FileError(
                    f"{path} would be overwritten by what is drawn from it; choose another output"
                )
        library = open_library(self.sounds, said)
        seconds, rate = self.seconds or DEFAULT_SECONDS, self.sample_rate or library.usual_rate
        count = len(library.sounds)
        drawn = f"slices of {count} sound file{'s' if count > 1 else ''}"
        said(f"sounds: {seconds:g} s at {rate} Hz, {drawn} ({library.seconds:.0f} s)")
        if library.seconds < seconds:
            said(
                f"sounds: {self.sounds} is shorter than that, so parts of it come again, also in what is kept back "
                "to measure by; add sounds"
            )
        dry = dry_track(library, seconds, rate, self.seed, said)
        said(f"device: {self.teacher.words}")
        wet = self.teacher(dry, rate)
        with (
            Writer(self.dry, rate, channels=1, comment=f"{OURS}{drawn}") as dry_file,
            Writer(self.wet, rate, channels=1, comment=f"{OURS}{self.teacher.words}") as wet_file,
        ):
            dry_file.write(dry)
            wet_file.write(wet)

    def _check_kept(self) -> None:
        """Refuse to go on with files that are not there, or not what was asked for."""
        for path in (self.dry, self.wet):
            if not path.exists():
                raise TrainingError(
                    f"there is no {path}, which the training was begun with; put it back, or begin again with "
                    "--restart"
                )
        dry, made = files.info(self.dry), files.info(self.wet).comment.removeprefix(OURS)
        wrong = []
        if made != self.teacher.words:
            wrong.append((f"by {made or 'something else'}", f"by {self.teacher.words}"))
        if self.sample_rate not in (None, dry.sample_rate):
            wrong.append((f"at {dry.sample_rate} Hz", f"at {self.sample_rate} Hz"))
        if self.seconds is not None and round(self.seconds * dry.sample_rate) != dry.frames:
            wrong.append((f"of {dry.seconds:g} s", f"of {self.seconds:g} s"))
        if wrong:
            was, wanted = (" ".join(words) for words in zip(*wrong, strict=True))
            raise TrainingError(
                f"{self.wet} was made {was}, and not {wanted}; give what the training was begun with, or begin "
                "again with --restart"
            )


def _check_ours(path: Path) -> None:
    """Refuse to write over what was not made here, somebody's own recording."""
    check_place(path)
    if not path.exists():
        return
    with contextlib.suppress(AudioError):  # it is no sound, or a damaged one: not ours
        if files.info(path).comment.startswith(OURS):
            return
    raise FileError(
        f"{path} is there and was not made by tonewright, which would keep there what it plays; choose another name "
        "for the model, or move that file away"
    )
