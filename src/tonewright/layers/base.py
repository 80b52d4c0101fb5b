"""The streaming contract: a block of sound and a state in, a block of sound and a state out."""

from fractions import Fraction

from torch import Tensor, nn

from tonewright.errors import ConfigError, ShapeError

State = list[Tensor]

# These look at a whole example to scale one sample, so what they give depends on where a block was cut.
NORMS_OVER_TIME = (nn.GroupNorm, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.LocalResponseNorm)


class Layer(nn.Module):
    """A block of sound in, a block of sound out, and what must be remembered in between.

    A layer keeps no sample, phase or counter in `self`. It declares facts instead of modes:

    Attributes:
        inputs, outputs: channels; None where any number passes unchanged.
        ratio: output samples for one input sample.
        block: input lengths are multiples of this.
        latency: output samples by which y trails the x it describes.
        settle: input samples of silence to feed before the first note.
    """

    inputs: int | None = None
    outputs: int | None = None
    ratio = Fraction(1)
    block = 1
    latency = 0
    settle = 0

    def initial_state(self, batch: int) -> State:
        """What is remembered before the first sample: silence.

        Args:
            batch: how many sounds are played at once, each with its own memory.
        """
        return []

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """A block x [B, inputs, T] to y [B, outputs, T * ratio], and the state for the block after."""
        raise NotImplementedError

    @property
    def state_count(self) -> int:
        """How many tensors the state has; the same for every batch and block."""
        return len(self.initial_state(1))

    def check(self, x: Tensor) -> None:
        """Refuse a block that is not [B, inputs, multiple of block].

        Raises:
            ShapeError: with what was wanted and what came.
        """
        wants = f"[B, {self.inputs or 'C'}, T]"
        if x.ndim != 3 or (self.inputs is not None and x.shape[1] != self.inputs):
            raise ShapeError(f"{type(self).__name__} wants x as {wants}, and got {list(x.shape)}")
        if x.shape[-1] % self.block:
            raise ShapeError(
                f"{type(self).__name__} wants blocks of a multiple of {self.block} samples, "
                f"and got {x.shape[-1]}; a Stream takes blocks of any size"
            )


def refuse_norms_over_time(module: nn.Module) -> None:
    """Raise ConfigError when `module` holds a normalisation over time: it cannot play in blocks.

    >>> refuse_norms_over_time(nn.Sequential(nn.GroupNorm(1, 4)))
    Traceback (most recent call last):
    tonewright.errors.ConfigError: GroupNorm (at '0') normalises over time and cannot play in blocks; ...
    """
    for name, child in module.named_modules():
        if isinstance(child, NORMS_OVER_TIME):
            raise ConfigError(
                f"{type(child).__name__} (at '{name}') normalises over time and cannot play in blocks; "
                f"use LayerNorm over channels, or BatchNorm, which is folded on save"
            )
