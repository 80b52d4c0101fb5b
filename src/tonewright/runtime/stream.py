"""Playing a model live: blocks of any size in, as many samples out, equal to the offline render."""

import numpy as np
import torch
from torch import Tensor

from tonewright.config import did_you_mean
from tonewright.errors import ConfigError, ShapeError
from tonewright.models.base import Model, Port
from tonewright.runtime.channels import check_primed, layout_of
from tonewright.threads import one_thread

SETTLING = 16384  # samples of silence at a time


class Ramp:
    """A control on its way to a value: a straight line of smoothing_ms, wherever blocks are cut.

    >>> ramp = Ramp(Port("drive", smoothing_ms=4.0), sample_rate=1000)
    >>> ramp.go_to(1.0)
    >>> ramp.take(3), ramp.take(3)
    (tensor([0.6250, 0.7500, 0.8750]), tensor([1., 1., 1.]))
    """

    def __init__(self, port: Port, sample_rate: int, value: float | None = None):
        self.port = port
        self.length = max(1, round(port.smoothing_ms * sample_rate / 1000))
        self.start = self.end = port.default if value is None else value
        self.done = self.length  # samples of the ramp that were played

    def go_to(self, value: float) -> None:
        """Begin to move to `value` from wherever the control is."""
        self.start, self.end, self.done = self._at(np.array([self.done]))[0], value, 0

    def take(self, count: int) -> Tensor:
        """The next `count` values, [count]."""
        values = self._at(np.arange(self.done + 1, self.done + count + 1))
        self.done = min(self.length, self.done + count)
        return torch.from_numpy(values.astype(np.float32))

    def _at(self, done: np.ndarray) -> np.ndarray:
        return self.start + (self.end - self.start) * np.minimum(done / self.length, 1.0)


@one_thread()
@torch.inference_mode()
def settled_state(model: Model, batch: int, controls: dict[str, float]) -> list[Tensor]:
    """What the model remembers after `settle` samples of silence, with its controls at these values."""
    state = model.initial_state(batch)
    block = -(-SETTLING // model.block) * model.block
    left = -(-model.settle // model.block) * model.block
    while left > 0:  # in pieces, for a long memory must not need a longer one
        silence = torch.zeros(batch, model.inputs or 1, min(block, left))
        ports = {name: torch.full_like(silence[:, :1], value) for name, value in controls.items()}
        _, state = model(silence, state, **ports)
        left -= silence.shape[-1]
    return state


class Stream:
    """A model with its memory, fed block by block.

    What comes out is the raw stream: it trails the input by `latency` output samples. A model whose block is
    larger than one is fed through a first-in first-out buffer, which adds block - 1 samples to the latency. The
    stream begins as if silence had come before, so that no thump starts the sound.

    Args:
        model: in eval mode.
        sample_rate: for the smoothing of the controls.
        channels: of the sound; each is played with its own memory. A model of several channels hears as many as it
            wants, and nothing else may be said here.
        ports: first values of the controls, by name.

    Attributes:
        channels, outputs: of the sound that goes in, and of what comes out.

    Raises:
        ShapeError: another number of channels than a model of several channels hears.

    >>> from tonewright.models.wavenet import Model as WaveNet
    >>> stream = Stream(WaveNet().eval(), 48000)
    >>> stream.process(np.zeros(100, np.float32)).shape
    (100,)
    """

    def __init__(self, model: Model, sample_rate: int, channels: int | None = None, /, **ports: float):
        self.model, self._layout = model, layout_of(model, channels)
        self.channels, self.outputs = self._layout.channels, self._layout.made
        self.latency = stream_latency(model)
        self.ramps = {port.name: Ramp(port, sample_rate) for port in model.ports}
        for name, value in ports.items():
            self.ramps[name] = Ramp(checked_port(self.model.ports, name, value), sample_rate, value)
        self.reset()

    def reset(self) -> None:
        """Back to silence; the controls stay where they are."""
        controls = {name: ramp.end for name, ramp in self.ramps.items()}
        self.state = settled_state(self.model, self._layout.sounds, controls)
        waiting = self.model.block - 1
        self.fifo_in = torch.zeros(self._layout.sounds, self._layout.inputs, 0)
        self.fifo_out = torch.zeros(
            self._layout.sounds, self._layout.outputs, int(waiting * self.model.ratio)
        )

    def set(self, **ports: float) -> None:
        """Move controls to new values, smoothly.

        Raises:
            ConfigError: no such control, or a value outside of its range.
        """
        for name, value in ports.items():
            checked_port(self.model.ports, name, value)
            self.ramps[name].go_to(value)

    @one_thread()
    @torch.inference_mode()
    def prime(self, dry: np.ndarray, wet: np.ndarray) -> None:
        """Go on as a model that has heard `dry` and has made `wet`.

        For effects with a hidden phase, such as a tremolo: where it is in its swing follows from what it made.

        Args:
            dry, wet: the sound before the next block and what the device made of it, [T] or [channels, T].

        Raises:
            ConfigError: when what the model makes does not depend on what it made; for a model of several channels.
            ShapeError: when the two have different lengths, or another number of channels.
        """
        check_primed(self._layout)
        x, y = (torch.from_numpy(part)[:, None] for part in checked_prime(dry, wet, self.channels))
        if x.shape[-1]:
            self.state = self.model.primed(x, y, self.state)

    @one_thread()
    @torch.inference_mode()
    def process(self, block: np.ndarray) -> np.ndarray:
        """The next block of sound, [T] or [channels, T] of any length, to [outputs, T * ratio].

        A block [T] gives [T * ratio] when one channel comes out, and [outputs, T * ratio] when a model makes several
        channels of one. A sample that is no number is heard as silence.

        Raises:
            ShapeError: when it has another number of channels.
        """
        x = np.nan_to_num(  # or one broken sample would stay in the memory
            self._layout.given(block), nan=0.0, posinf=0.0, neginf=0.0
        )
        x = torch.from_numpy(x)
        y = self._play(x) if self.model.block == 1 else self._reblock(x)
        return self._layout.taken(y.numpy(), block)

    def _reblock(self, x: Tensor) -> Tensor:
        count = int((self.fifo_in.shape[-1] + x.shape[-1]) * self.model.ratio)
        before = int(self.fifo_in.shape[-1] * self.model.ratio)
        self.fifo_in = torch.cat([self.fifo_in, x], dim=-1)
        whole = self.fifo_in.shape[-1] // self.model.block * self.model.block
        if whole:
            ready = self._play(self.fifo_in[..., :whole])
            self.fifo_in, self.fifo_out = self.fifo_in[..., whole:], torch.cat([self.fifo_out, ready], dim=-1)
        due = count - before
        y, self.fifo_out = self.fifo_out[..., :due], self.fifo_out[..., due:]
        return y

    def _play(self, x: Tensor) -> Tensor:
        """x [sounds, inputs, T] to y [sounds, outputs, T * ratio], a whole number of blocks."""
        sounds, _, count = x.shape
        if count == 0:
            return x.new_zeros(sounds, self._layout.outputs, 0)
        ports = {name: ramp.take(count).expand(sounds, 1, -1) for name, ramp in self.ramps.items()}
        y, self.state = self.model(x, self.state, **ports)
        return y


def checked_prime(dry: np.ndarray, wet: np.ndarray, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """What a stream of so many channels is primed with, each float32 [channels, T]; what is no number is silence.

    Raises:
        ShapeError: when the two have different lengths, or another number of channels.
    """
    x, y = (np.ascontiguousarray(np.atleast_2d(part), dtype=np.float32) for part in (dry, wet))
    if x.shape != y.shape or x.ndim != 2 or len(x) != channels:
        raise ShapeError(
            f"a stream is primed with two sounds of {channels} channels and one length, and got "
            f"{list(np.shape(dry))} and {list(np.shape(wet))}"
        )
    return tuple(np.nan_to_num(part, nan=0.0, posinf=0.0, neginf=0.0) for part in (x, y))


def stream_latency(model: Model) -> int:
    """Output samples by which a stream of this model trails its input; a block larger than one adds to them."""
    return model.latency + int((model.block - 1) * model.ratio)


def checked_port(ports: tuple[Port, ...], name: str, value: float) -> Port:
    """The port of that name, when it can take that value.

    Raises:
        ConfigError: no such control, or a value outside of its range.
    """
    port = next((port for port in ports if port.name == name), None)
    if port is None:
        known = did_you_mean(name, [port.name for port in ports])
        raise ConfigError(f"this model has no control called '{name}'{known}")
    if not port.minimum <= value <= port.maximum:
        raise ConfigError(f"'{name}' goes from {port.minimum:g} to {port.maximum:g}, and not to {value}")
    return port
