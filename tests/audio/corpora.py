"""Small folders of sounds, and what comes of them."""

from pathlib import Path

import numpy as np

from tonewright.audio import files
from tonewright.audio.corpus_ring import Corpus
from tonewright.audio.corpus_source import Settings
from tonewright.audio.corpus_writing import prepare_corpus
from tonewright.audio.library import open_library

RATE = 16000


def noise(
    seconds: float, seed: int = 0, rate: int = RATE, channels: int = 1, level: float = 0.1
) -> np.ndarray:
    """White noise [C, T]."""
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal((channels, round(seconds * rate)))).clip(-0.99, 0.99)


def put(folder: Path, sounds: dict[str, tuple[np.ndarray, int]]) -> Path:
    """The sounds as files, by their names."""
    for name, (x, rate) in sounds.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        files.write(folder / name, x, rate)
    return folder


def mixed() -> dict[str, tuple[np.ndarray, int]]:
    """Two seconds of several rates, formats, lengths and channels."""
    return {
        "a.wav": (noise(0.5, 1), RATE),
        "b.flac": (noise(0.3, 2, 44100, 2), 44100),
        "hits/kick.wav": (noise(0.05, 3), RATE),
        "hits/snare.wav": (noise(0.07, 4, 22050, level=0.01), 22050),
        "long/c.wav": (noise(1.0, 5, 48000), 48000),
        "long/one.wav": (np.array([[0.5]]), RATE),
    }


def prepared(sounds: Path, folder: Path, settings: Settings | None = None, **more) -> Corpus:
    """The corpus of a folder of sounds, in a folder that is made for it."""
    folder.mkdir(exist_ok=True)
    return prepare_corpus(open_library(sounds), folder, settings or Settings(RATE), **more)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a store."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def whole(corpus: Corpus, source) -> np.ndarray:
    """A source, as it was: without gain, and with its offset."""
    return corpus.data[source.start : source.start + source.length] * source.scale
