"""Crops that are ready before they are wanted, for a device that is quicker than whoever reads them."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tonewright.audio.corpus_ring import Corpus


class CropLoader:
    """Reads the batches of the coming steps on threads of its own. A context, and an iterator over steps.

    What a step gets does not depend on the threads: it is `corpus.crops(seed, step, batch, length)`.

    Args:
        corpus: what is taught.
        seed: of the training.
        batch, length: how many crops a step gets, and of how many samples.
        first: the step to begin with.
        ahead: batches that are kept ready, at least 1; each is batch * length * 4 bytes.
        threads: that read.
        then: what else to do to a batch of a step, on the same threads: augment it, or bring it to the device.

    Attributes:
        waited_s: for how long whoever asked has waited, in seconds.
        busy_s: for how long it was away, doing something with what it got.

    >>> import tempfile
    >>> from tonewright.audio.corpus import open_corpus
    >>> from tonewright.audio.files import write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     clipped = write(f"{folder}/kick.wav", 0.1 * np.ones(16000), 16000)
    ...     corpus = open_corpus(folder, 16000)
    >>> with CropLoader(corpus, seed=0, batch=2, length=1024) as loader:
    ...     shapes = [next(loader).shape for step in range(3)]
    >>> shapes[2], f"waiting for data {100 * loader.waited:.0f} %"
    ((2, 1, 1024), 'waiting for data ... %')
    """

    def __init__(
        self,
        corpus: Corpus,
        seed: int,
        batch: int,
        length: int,
        first: int = 0,
        ahead: int = 4,
        threads: int = 1,
        then: Callable[[np.ndarray, int], Any] = lambda crops, step: crops,
    ):
        self._draw = lambda step: then(corpus.crops(seed, step, batch, length), step)
        self._ready: dict[int, Any] = {}
        self._wanted, self._begun, self._ahead = first, first, max(1, ahead)
        self._changed, self._closed = threading.Condition(), False
        self.waited_s, self.busy_s = 0.0, 0.0
        self._left_at: float | None = None
        self._threads = [threading.Thread(target=self._read, daemon=True) for _ in range(max(1, threads))]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> "CropLoader":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        """The batch of the next step; what went wrong while it was read is raised here."""
        came = time.perf_counter()
        with self._changed:
            while self._wanted not in self._ready:
                if self._closed:
                    raise StopIteration
                self._changed.wait()
            crops = self._ready.pop(self._wanted)
            self._wanted += 1
            self._changed.notify_all()
        now = time.perf_counter()
        if self._left_at is not None:  # the first batch has to be waited for, and says nothing
            self.busy_s += came - self._left_at
            self.waited_s += now - came
        self._left_at = now
        if isinstance(crops, BaseException):
            raise crops
        return crops

    @property
    def waited(self) -> float:
        """The part of the time that went by in waiting for data, 0 to 1."""
        return self.waited_s / max(self.waited_s + self.busy_s, 1e-9)

    def close(self) -> None:
        """Stop reading. What is ready is thrown away."""
        with self._changed:
            self._closed = True
            self._ready.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        while True:
            with self._changed:
                while not self._closed and self._begun >= self._wanted + self._ahead:
                    self._changed.wait()
                if self._closed:
                    return
                step, self._begun = self._begun, self._begun + 1
            try:
                crops = self._draw(step)
            except BaseException as error:
                crops = error
            with self._changed:
                if not self._closed:
                    self._ready[step] = crops
                self._changed.notify_all()
