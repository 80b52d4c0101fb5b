"""Playing a .nm file as a plugin does: blocks of one size, at the rate of the host."""

from pathlib import Path

import numpy as np
import torch

from tonewright.errors import FileError
from tonewright.export.neutone import sdk
from tonewright.threads import one_thread


def opened(path: Path | str) -> tuple[torch.jit.ScriptModule, dict]:
    """The model of a .nm file, and what the file tells; for within `sdk.quiet`.

    Raises:
        FileError: there is none, or it is no file of Neutone.
    """
    path = Path(path)
    if not path.is_file():
        raise FileError(f"there is no file {path}")
    try:
        return sdk.load().utils.load_neutone_model(str(path))
    except Exception as error:  # of torch, of JSON, or of what the file tells
        raise FileError(f"{path} is not a .nm file, or only a part of one") from error


class Host:
    """The model of a .nm file in a stereo track.

    Args:
        path: of the file. Nothing may be opened here that this program did not write: TorchScript is a program.
        sample_rate: of the track in Hz.
        block: samples at a time.

    Attributes:
        metadata: what the file tells.
        delay: samples of the track by which what comes out trails, as the model tells.

    Raises:
        FileError: there is none, or it is no file of Neutone.
    """

    def __init__(self, path: Path, sample_rate: int, block: int):
        self.block = block
        with sdk.quiet(), torch.no_grad():
            self.model, self.metadata = opened(path)
            self.model.set_daw_sample_rate_and_buffer_size(sample_rate, block)
            self.delay = self.model.calc_buffering_delay_samples() + self.model.calc_model_delay_samples()

    @one_thread()
    @torch.no_grad()
    def run(self, x: np.ndarray, knobs: np.ndarray | None = None) -> np.ndarray:
        """What comes out, delay and all.

        Args:
            x: [2, T], T a multiple of the block.
            knobs: [4, T], each from 0 to 1; the defaults when None.

        Returns:
            [2, T].
        """
        x = torch.from_numpy(x)
        if knobs is None:
            turned = self.model.get_default_param_values().expand(-1, x.shape[1]).contiguous()
        else:
            turned = torch.from_numpy(knobs)
        blocks = zip(x.split(self.block, 1), turned.split(self.block, 1), strict=True)
        # each answer lies where the next one will
        return torch.cat([self.model.forward(*both).clone() for both in blocks], 1).numpy()

    def play(self, x: np.ndarray) -> np.ndarray:
        """What comes of a sound [T] or [2, T], the delay taken off: [2, T]; a mono sound is on both channels."""
        rows = np.broadcast_to(x, (2, x.shape[-1]))
        count = -(-(x.shape[-1] + self.delay) // self.block) * self.block
        y = self.run(np.pad(rows, ((0, 0), (0, count - x.shape[-1]))))
        return y[:, self.delay :][:, : x.shape[-1]]
