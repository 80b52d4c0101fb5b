"""What a patchwork is put together from: layers, what may be hung on them, and stacks of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from tonewright.errors import ConfigError
from tonewright.layers.activations import ACTIVATIONS, MAX_SOFTMAX
from tonewright.models.limits import within

GATINGS = ("none", "gated", "blended")
# where a layer may be modulated, in the order in which it is: what its convolution hears and makes; the condition, as
# it is and as it is mixed in; what will be bent, and what was; what leaves for the next layer, and for the head
PLACES = (
    *("conv_pre", "conv_post", "mixin_pre", "mixin_post"),
    *("activation_pre", "activation_post", "out_post", "side_post"),
)
MAX_CHANNELS, MAX_LAYERS = 1024, 128  # a file from a stranger may ask for no more, and a .tone file hold it


def shared(groups: int, inputs: int, outputs: int) -> None:
    """Refuses groups that do not go into the channels of a convolution."""
    within("groups", groups, 1, MAX_CHANNELS)
    if inputs % groups or outputs % groups:
        raise ConfigError(f"{groups} groups cannot share {inputs} channels in and {outputs} out")


def check_bend(name: str, channels: int) -> None:
    """Refuses what is no activation for so many channels."""
    if name not in ACTIVATIONS:
        raise ConfigError(f"activation is one of {', '.join(ACTIVATIONS)}, and not {name!r}")
    if name == "softmax":
        within("channels of a softmax", channels, 1, MAX_SOFTMAX)


@dataclass(frozen=True)
class Layer:
    """One dilated convolution and what bends it.

    Attributes:
        kernel, dilation: of the convolution.
        activation: of layers.activations.
        gating: "none"; "gated", where the convolution makes twice the channels, and the first half, bent by
            `activation`, is multiplied by the second, bent by `second`; or "blended", where the second half says how
            much of the first is bent, and how much is left as it is.
        second: the activation of the second half.
    """

    kernel: int = 3
    dilation: int = 1
    activation: str = "tanh"
    gating: str = "none"
    second: str = "sigmoid"

    def __post_init__(self):
        within("kernel", self.kernel, 1, 1024)
        within("dilation", self.dilation, 1, 1 << 20)
        if self.gating not in GATINGS:
            raise ConfigError(f"gating is one of {', '.join(GATINGS)}, and not {self.gating!r}")

    @property
    def halves(self) -> int:
        """How often the convolution makes the channels that are left after the activation."""
        return 1 if self.gating == "none" else 2


@dataclass(frozen=True)
class Side:
    """A 1x1 convolution on the way out of each layer.

    Attributes:
        channels: that come out.
        groups: that do not see each other.
    """

    channels: int = 1
    groups: int = 1


@dataclass(frozen=True)
class Film:
    """A modulation: channels times, and plus, what a 1x1 convolution makes of the condition.

    Attributes:
        place: of PLACES.
        shift: whether there is a plus.
        groups: of the convolution.

    Source: Perez et al., "FiLM: visual reasoning with a general conditioning layer", 2018.
    """

    place: str
    shift: bool = True
    groups: int = 1

    def __post_init__(self):
        if self.place not in PLACES:
            raise ConfigError(f"a layer is modulated at {', '.join(PLACES)}, and not at {self.place!r}")


@dataclass(frozen=True)
class Stack:
    """Layers one after another, each adding to a running sound and to the stack's head.

    Attributes:
        channels: of the running sound.
        bottleneck: channels after the activation.
        layers: one after another.
        groups, mixin_groups: of the layers' convolutions, and of those that mix the condition in.
        out: groups of the 1x1 convolution from an activation onto the running sound; None where there is none, and
            the activation is added as it is.
        side: of the 1x1 convolution from an activation to the head; None where it goes there as it is.
        films: where the layers are modulated.
        head_channels, head_kernel, head_dilation, head_bias: the convolution that reads the sum of what goes there.
    """

    channels: int
    bottleneck: int
    layers: tuple[Layer, ...]
    groups: int = 1
    mixin_groups: int = 1
    out: int | None = 1
    side: Side | None = None
    films: tuple[Film, ...] = ()
    head_channels: int = 1
    head_kernel: int = 1
    head_dilation: int = 1
    head_bias: bool = True

    def __post_init__(self):
        for name in ("channels", "bottleneck", "head_channels", "head_kernel"):
            within(name, getattr(self, name), 1, MAX_CHANNELS)
        within("head_dilation", self.head_dilation, 1, 1 << 20)
        within("number of layers", len(self.layers), 1, MAX_LAYERS)
        if self.out is None and self.bottleneck != self.channels:
            raise ConfigError(
                f"without a way out, bottleneck {self.bottleneck} equals channels {self.channels}"
            )
        if self.out is not None:
            shared(self.out, self.bottleneck, self.channels)
        if self.side is not None:
            within("channels of a side", self.side.channels, 1, MAX_CHANNELS)
            shared(self.side.groups, self.bottleneck, self.side.channels)
        places = [film.place for film in self.films]
        if len(set(places)) < len(places):
            raise ConfigError("a layer is modulated once at each place")
        for place, missing in (("out_post", self.out is None), ("side_post", self.side is None)):
            if place in places and missing:
                raise ConfigError(f"a layer is modulated at {place!r}, and has nothing there")
        for layer in self.layers:
            check_bend(layer.activation, self.bottleneck)
            check_bend(layer.second, self.bottleneck if layer.gating != "none" else 1)
            shared(self.groups, self.channels, self.bottleneck * layer.halves)

    @property
    def heard(self) -> int:
        """Channels that the head hears."""
        return self.bottleneck if self.side is None else self.side.channels

    @property
    def memory(self) -> int:
        """Samples x channels that all layers remember."""
        layers = self.channels * sum((layer.kernel - 1) * layer.dilation for layer in self.layers)
        return layers + self.heard * (self.head_kernel - 1) * self.head_dilation

    @property
    def settle(self) -> int:
        """Samples after which nothing of the sound is remembered."""
        layers = sum((layer.kernel - 1) * layer.dilation for layer in self.layers)
        return layers + (self.head_kernel - 1) * self.head_dilation

    def weights(self, source: int, condition: int) -> int:
        """How many weights there are, biases and slopes not counted, for so many channels of sound and condition."""
        count = source * self.channels + self.heard * self.head_channels * self.head_kernel
        for layer in self.layers:
            made, widths = self.bottleneck * layer.halves, self.widths(layer, condition)
            count += (
                self.channels * made * layer.kernel // self.groups + condition * made // self.mixin_groups
            )
            count += self.bottleneck * self.channels // self.out if self.out else 0
            count += self.bottleneck * self.side.channels // self.side.groups if self.side else 0
            count += sum(condition * widths[f.place] * (1 + f.shift) // f.groups for f in self.films)
        return count

    def made(self, condition: int) -> int:
        """Numbers that all layers hand on for each sample: what each convolves, mixes, bends, modulates and adds."""
        count = self.heard + self.head_channels
        for layer in self.layers:
            widths = self.widths(layer, condition)
            count += 4 * self.channels + 5 * self.bottleneck * layer.halves + 2 * self.heard
            count += sum((3 + 2 * film.shift) * widths[film.place] for film in self.films)
        return count

    def widths(self, layer: Layer, condition: int) -> dict[str, int]:
        """Channels at each place where a layer may be modulated."""
        made, out, side = self.bottleneck * layer.halves, self.channels, self.heard
        counts = (self.channels, made, condition, made, made, self.bottleneck, out, side)
        return dict(zip(PLACES, counts, strict=True))


@dataclass(frozen=True)
class Tail:
    """Convolutions after the last head, each with an activation before it.

    Attributes:
        channels: of all but the last.
        outputs: of the last.
        kernels: taps of each.
        activation: of layers.activations, the same before each.
    """

    channels: int
    outputs: int
    kernels: tuple[int, ...]
    activation: str = "relu"

    def __post_init__(self):
        within("channels of the tail", self.channels, 1, MAX_CHANNELS)
        within("outputs of the tail", self.outputs, 1, MAX_CHANNELS)
        within("number of kernels of the tail", len(self.kernels), 1, MAX_LAYERS)
        for kernel in self.kernels:
            within("kernel", kernel, 1, 1024)

    def shapes(self, inputs: int) -> Iterator[tuple[int, int, int]]:
        """(channels in, channels out, taps) of each convolution after a head of so many channels."""
        counts = [inputs, *[self.channels] * (len(self.kernels) - 1), self.outputs]
        yield from zip(counts[:-1], counts[1:], self.kernels, strict=True)
