"""A sound played through a timbre each time that it is measured, so that one can hear it learn."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tonewright import storage
from tonewright.audio import files
from tonewright.audio.corpus import Corpus
from tonewright.audio.rates import resample
from tonewright.errors import AudioError, TonewrightError
from tonewright.runtime.player import Player
from tonewright.training.loop import Progress

LONGEST_S = 10.0


def read_example(path: Path, sample_rate: int) -> np.ndarray:
    """The first ten seconds of a sound file, one channel, at that rate, [T].

    Raises:
        AudioError: it cannot be read, or is silent.
    """
    x, rate = files.read(path)
    x = resample(x.mean(axis=0, keepdims=True)[:, : round(LONGEST_S * rate)], rate, sample_rate)[0]
    if not x.any():
        raise AudioError(
            f"{path} is silent, and nothing would be heard of it; name another sound to --listen"
        )
    return x


class Examples:
    """Plays a sound whenever the model was measured; a listener of a training.

    Args:
        recipe: whose model is played, as it is then.
        sound: [T] at its rate, or what is held out, of which the beginning is played.
        folder: where `original.wav` and `STEP.wav` go.
        listener: is told the progress as well.
        said: is told when they cannot be written.

    Raises:
        FileError: there is a file where the folder would be.
    """

    def __init__(
        self,
        recipe,
        sound: np.ndarray | Corpus,
        folder: Path,
        listener: Callable[[Progress], None],
        said: Callable[[str], None] = lambda sentence: None,
    ):
        self.recipe, self.listener, self.said = recipe, listener, said
        self.folder: Path | None = folder
        self.sample_rate = recipe.model.config.sample_rate
        if isinstance(sound, Corpus):
            sound = sound.crop(0, min(sound.samples, round(LONGEST_S * self.sample_rate)))
        self.sound = sound

    def __call__(self, progress: Progress) -> None:
        self.listener(progress)
        measured = progress.history and progress.history[-1]["step"] == progress.step  # just now
        if measured and self.folder is not None:
            try:
                self._write("original", self.sound)
                self._write(f"{progress.step:07d}", self._played())
            except (TonewrightError, OSError) as error:  # hours of teaching are worth more than an example
                self.said(f"no more examples are written, and the training goes on: {error}")
                self.folder = None

    def _played(self) -> np.ndarray:
        player = Player(storage.Tone("rave", self.recipe.as_it_is(), self.sample_rate))
        late = player.latency
        return player.render(np.pad(self.sound, (0, late)))[late:]

    def _write(self, name: str, sound: np.ndarray) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        files.write(self.folder / f"{name}.wav", sound, self.sample_rate)
