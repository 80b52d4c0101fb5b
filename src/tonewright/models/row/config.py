"""The settings of a row of layers."""

from collections.abc import Iterator
from dataclasses import dataclass

from tonewright.errors import ConfigError
from tonewright.layers.activations import ACTIVATIONS, MAX_SOFTMAX
from tonewright.layers.recurrent import CELLS, MAX_HIDDEN, SETTLE
from tonewright.models.base import check_knobs
from tonewright.models.limits import STEP, playable, within

KINDS = ("conv", *CELLS, *ACTIVATIONS)
MAX_CHANNELS, MAX_PARTS, MAX_KNOBS = 1024, 256, 64  # a file from a stranger may ask for no more


@dataclass(frozen=True)
class Part:
    """One layer of the row.

    Attributes:
        kind: "conv", a causal convolution, and with a kernel of 1 a dense layer; "lstm" or "gru"; or an activation of
            layers.activations.
        outputs: channels that come out of a convolution, or units; 0 for an activation, which leaves them alone.
        kernel, dilation, groups, bias: of a convolution.
    """

    kind: str = "conv"
    outputs: int = 0
    kernel: int = 1
    dilation: int = 1
    groups: int = 1
    bias: bool = True

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ConfigError(f"a part is one of {', '.join(KINDS)}, and not {self.kind!r}")
        if self.kind in ACTIVATIONS:
            within("outputs of an activation", self.outputs, 0, 0)
        else:
            within("outputs", self.outputs, 1, MAX_HIDDEN if self.kind in CELLS else MAX_CHANNELS)
        within("kernel", self.kernel, 1, 4096)
        within("dilation", self.dilation, 1, 1 << 20)
        within("groups", self.groups, 1, MAX_CHANNELS)
        if self.kind != "conv" and (self.kernel, self.dilation, self.groups, self.bias) != (1, 1, 1, True):
            raise ConfigError(
                f"kernel, dilation, groups and bias are of a convolution, and this is {self.kind}"
            )

    @property
    def memory(self) -> int:
        """Samples that a convolution remembers."""
        return (self.kernel - 1) * self.dilation

    def weights(self, inputs: int) -> int:
        """Multiplications for each sample, when it hears so many channels."""
        if self.kind in CELLS:
            return CELLS[self.kind].gates * self.outputs * (inputs + self.outputs)
        return self.outputs * inputs // self.groups * self.kernel

    def made(self, inputs: int) -> int:
        """Numbers that it hands on for each sample, what it heard and remembers among them."""
        return inputs + self.outputs + STEP * (self.kind in CELLS)


def dilated(channels: int, dilations: tuple[int, ...], bend: str) -> tuple[Part, ...]:
    """Convolutions of two taps with an activation after each, and what makes one channel of them.

    >>> [part.kind for part in dilated(4, (1, 2), "tanh")]
    ['conv', 'tanh', 'conv', 'tanh', 'conv']
    """
    blocks = [(Part("conv", channels, 2, dilation), Part(bend)) for dilation in dilations]
    return (*(part for block in blocks for part in block), Part("conv", 1))


@dataclass(frozen=True)
class Config:
    """One part after another. Without arguments: the "standard" preset.

    Attributes:
        parts: the first hears the sound and the knobs, and one channel comes out of the last.
        direct: the dry sound is added to what comes out.
        knobs: the device's controls, each 0..1, in panel order.
    """

    parts: tuple[Part, ...] = dilated(16, tuple(2**i for i in range(10)), "tanh")
    direct: bool = False
    knobs: tuple[str, ...] = ()

    def __post_init__(self):
        within("number of parts", len(self.parts), 1, MAX_PARTS)
        within("number of knobs", len(self.knobs), 0, MAX_KNOBS)
        check_knobs(self.knobs)
        made = 1 + len(self.knobs)
        for part, inputs in self.places():
            made = part.outputs or inputs
            if inputs % part.groups or made % part.groups:
                raise ConfigError(f"{part.groups} groups cannot share {inputs} channels in and {made} out")
            if part.kind == "softmax":
                within("channels of a softmax", made, 1, MAX_SOFTMAX)
        places = [*self.places()]
        memory = sum(inputs * part.memory for part, inputs in places)
        weights, handed = (
            sum(count(part, inputs) for part, inputs in places) for count in (Part.weights, Part.made)
        )
        playable("all parts", memory, self.settle, weights, handed)
        if made != 1:
            raise ConfigError(f"one channel comes out of the last part, and not {made}")

    @property
    def settle(self) -> int:
        """Samples of silence before the first note; recurrent parts forget at the same time, and not in turn."""
        return sum(part.memory for part in self.parts) + SETTLE * any(
            part.kind in CELLS for part in self.parts
        )

    def places(self) -> Iterator[tuple[Part, int]]:
        """Each part, and how many channels it hears."""
        channels = 1 + len(self.knobs)
        for part in self.parts:
            yield part, channels
            channels = part.outputs or channels


def _mixed() -> tuple[Part, ...]:
    """One of each kind, as such files may hold them."""
    return (
        *(Part("conv", 8, 3), Part("prelu"), Part("conv", 8, 3, 2, groups=2), Part("leaky_relu")),
        *(
            Part("conv", 8, 3, 4),
            Part("softsign"),
            Part("conv", 8),
            Part("elu"),
            Part("gru", 8),
            Part("lstm", 8),
        ),
        *(Part("conv", 8), Part("silu"), Part("conv", 8), Part("hardswish"), Part("conv", 8)),
        *(Part("leaky_hardtanh"), Part("conv", 8), Part("hardtanh"), Part("conv", 8), Part("sigmoid")),
        *(Part("conv", 4), Part("softmax"), Part("conv", 4), Part("relu"), Part("conv", 1), Part("tanh")),
    )


PRESETS = {
    "standard": Config(),
    "mixed": Config(_mixed(), direct=True),
}
