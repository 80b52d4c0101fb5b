"""Sounds as a corpus, without any file."""

import tempfile
from pathlib import Path

import numpy as np

from tonewright.audio import files
from tonewright.audio.corpus import Corpus, open_corpus


def corpus_of(sound: np.ndarray, sample_rate: int) -> Corpus:
    """One sound [T] as all that there is to learn from."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound.wav"
        files.write(path, sound[None].astype(np.float32), sample_rate)
        return open_corpus(path, sample_rate)
