"""A file, played as nn~ plays it: to see that what was written is right."""

from pathlib import Path

import numpy as np
import torch

from tonewright.export.torchscript.build import compiling
from tonewright.threads import one_thread

BUFFER = 4096  # samples, unless told otherwise


class Host:
    """One object of nn~, with its file, its method and its buffer.

    Loading such a file runs the program in it: give it files that you wrote yourself, and none from strangers.

    Args:
        path: of the file.
        method: of the module.
        buffer: samples that are handed over at a time: rounded up to a power of two, and to the largest ratio of any
            method; exactly so many where it is smaller than that ratio or 0.
    """

    def __init__(self, path: Path, method: str = "forward", buffer: int = BUFFER):
        with compiling():
            self.module = torch.jit.load(str(path)).eval()
        self.method = method
        self.inputs, self.in_ratio, self.outputs, self.out_ratio = self.params(method)
        most = max(max(self.params(name)[1::2]) for name in self.module.get_methods())
        self.buffer = most if buffer < most else 1 << (buffer - 1).bit_length()

    def params(self, method: str) -> list[int]:
        """Input channels, ratio, output channels and ratio of a method."""
        return getattr(self.module, f"{method}_params").tolist()

    @one_thread()
    @torch.inference_mode()
    def perform(self, x: np.ndarray) -> np.ndarray:
        """One buffer [batch * inputs, T], one batch after another, to [batch * outputs, T]."""
        signals = torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))
        heard = signals.view(-1, self.inputs, x.shape[1] // self.in_ratio, self.in_ratio)[..., -1]
        y = getattr(self.module, self.method)(heard)
        return y.repeat_interleave(self.out_ratio, dim=2).flatten(0, 1).numpy()

    def play(self, x: np.ndarray) -> np.ndarray:
        """A whole sound [channels, T], with silence behind it to fill the last buffer, to [outputs, T]."""
        length = x.shape[1]
        x = np.pad(x, ((0, 0), (0, -length % self.buffer)))
        pieces = [self.perform(x[:, i : i + self.buffer]) for i in range(0, x.shape[1], self.buffer)]
        return np.concatenate(pieces, axis=1)[:, :length]
