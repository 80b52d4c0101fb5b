"""A file, played as nn~ plays it: to see that what was written is right."""

from pathlib import Path

import numpy as np
import torch

from tonewright.errors import ConfigError
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

    def attributes(self) -> list[str]:
        """What can be got and set: all but one that is called none, which nn~ passes over."""
        return [name for name in self.module.get_attributes() if name != "none"]

    def get(self, name: str) -> str:
        """What `get name` shows in a patch.

        Raises:
            ConfigError: the getter is not there, or gives a number where nn~ wants a list or a tuple of them.
        """
        values = self._method(f"get_{name}")()
        if not isinstance(values, list | tuple):
            raise ConfigError(f"get_{name} gives no list or tuple, which nn~ wants, but {values!r}")
        return " ".join(f"{value:f}" for value in values)

    def set(self, name: str, *words: str) -> None:
        """What `set name word ...` does in a patch.

        Raises:
            ConfigError: the setter is not there, wants another number of words, or does not give 0.
        """
        turn, wanted = self._method(f"set_{name}"), getattr(self.module, f"{name}_params").numel()
        if len(words) != wanted:
            raise ConfigError(f"set_{name} wants {wanted}, and got {len(words)}")
        said = turn(*(float(np.float32(word)) for word in words))
        if said != 0:
            raise ConfigError(f"set_{name} gave {said}, and nn~ takes what is not 0 for a failure")

    def _method(self, name: str):
        if not hasattr(self.module, name):
            raise ConfigError(f"the module has no {name}")
        return getattr(self.module, name)

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
