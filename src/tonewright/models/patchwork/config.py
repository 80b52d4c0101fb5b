"""The settings of a patchwork: stacks of layers, each of its own kind, and what may be hung on them.

A plain WaveNet needs none of this and has settings of its own; see models/wavenet.
"""

from dataclasses import dataclass

from tonewright.errors import ConfigError
from tonewright.models.limits import playable, within
from tonewright.models.patchwork.parts import (
    GATINGS,
    MAX_LAYERS,
    PLACES,
    Film,
    Layer,
    Side,
    Stack,
    Tail,
    check_bend,
    shared,
)

MAX_STACKS, MAX_DEPTH = 16, 4
MAX_PARTS = 512  # layers and their modulations, of which each is several nodes of a graph


@dataclass(frozen=True)
class Config:
    """One or several stacks. Without arguments: a plain one; the presets have one of each kind of thing.

    Attributes:
        stacks: each reads the running sound of the one before, and its head starts from that one's head.
        tail: what comes after the last head.
        condition: another patchwork, whose answer to the sound is mixed into every layer instead of the sound.
    """

    stacks: tuple[Stack, ...] = (Stack(8, 8, tuple(Layer(dilation=2**i) for i in range(10))),)
    tail: Tail | None = None
    condition: "Config | None" = None

    def __post_init__(self):
        within("number of stacks", len(self.stacks), 1, MAX_STACKS)
        within("depth of conditions", self.depth, 1, MAX_DEPTH)
        within("number of layers", self.layers, 1, MAX_LAYERS)
        within("number of layers and modulations", self.parts, 1, MAX_PARTS)
        for before, after in zip(self.stacks[:-1], self.stacks[1:], strict=True):
            if before.head_channels != after.heard:
                raise ConfigError(
                    f"a stack's head starts from the head before it, so head_channels {before.head_channels} "
                    f"must equal the {after.heard} channels that the next stack's head hears"
                )
        for stack in self.stacks:
            for layer in stack.layers:
                widths = stack.widths(layer, self.conditions)
                shared(stack.mixin_groups, self.conditions, widths["mixin_post"])
                for film in stack.films:
                    shared(film.groups, self.conditions, widths[film.place] * (1 + film.shift))
        if self.tail is not None:
            for inputs, _, _ in self.tail.shapes(self.stacks[-1].head_channels):
                check_bend(self.tail.activation, inputs)
        playable("all layers", self.memory, self.settle, self.weights, self.made)

    @property
    def conditions(self) -> int:
        """Channels of what is mixed into every layer."""
        return 1 if self.condition is None else self.condition.outputs

    @property
    def outputs(self) -> int:
        """Channels that come out."""
        return self.stacks[-1].head_channels if self.tail is None else self.tail.outputs

    @property
    def depth(self) -> int:
        """How many patchworks there are, one within another."""
        return 1 + (self.condition.depth if self.condition else 0)

    @property
    def layers(self) -> int:
        """How many layers there are, those of the condition included."""
        return sum(len(stack.layers) for stack in self.stacks) + (
            self.condition.layers if self.condition else 0
        )

    @property
    def parts(self) -> int:
        """How many layers and modulations there are, those of the condition included."""
        return sum(len(stack.layers) * (1 + len(stack.films)) for stack in self.stacks) + (
            self.condition.parts if self.condition else 0
        )

    @property
    def memory(self) -> int:
        """Samples x channels that all of it remembers."""
        tail = self.tail.shapes(self.stacks[-1].head_channels) if self.tail else ()
        return (
            sum(stack.memory for stack in self.stacks)
            + sum(inputs * (kernel - 1) for inputs, _, kernel in tail)
            + (self.condition.memory if self.condition else 0)
        )

    @property
    def settle(self) -> int:
        """Samples after which nothing of the sound is remembered."""
        return (
            sum(stack.settle for stack in self.stacks)
            + (sum(kernel - 1 for kernel in self.tail.kernels) if self.tail else 0)
            + (self.condition.settle if self.condition else 0)
        )

    @property
    def weights(self) -> int:
        """How many weights there are, but biases and slopes."""
        tail = self.tail.shapes(self.stacks[-1].head_channels) if self.tail else ()
        sources = (1, *(stack.channels for stack in self.stacks))
        return (
            sum(s.weights(source, self.conditions) for s, source in zip(self.stacks, sources, strict=False))
            + sum(inputs * outputs * kernel for inputs, outputs, kernel in tail)
            + (self.condition.weights if self.condition else 0)
        )

    @property
    def made(self) -> int:
        """Numbers that all of it hands on for each sample."""
        tail = self.tail.shapes(self.stacks[-1].head_channels) if self.tail else ()
        return (
            sum(stack.made(self.conditions) for stack in self.stacks)
            + sum(2 * inputs + outputs for inputs, outputs, _ in tail)
            + (self.condition.made if self.condition else 0)
        )


def _standard() -> Config:
    """One of each kind of thing that there is."""
    bends = ("tanh", "hardtanh", "relu", "leaky_relu", "prelu", "sigmoid", "silu", "hardswish")
    films = tuple(Film(place, shift=i % 2 == 0) for i, place in enumerate(PLACES))
    first = Stack(
        8,
        4,
        tuple(Layer(2 + i % 3, 2**i, bend, GATINGS[i % 3]) for i, bend in enumerate(bends)),
        groups=2,
        mixin_groups=2,
        out=2,
        side=Side(4, 2),
        films=films,
        head_channels=6,
        head_kernel=3,
        head_bias=False,
    )
    second = Stack(
        6,
        6,
        (
            Layer(3, 256, "leaky_hardtanh", "gated", "softsign"),
            Layer(3, 512, "softsign", "blended", "hardtanh"),
        ),
        out=None,
        head_channels=2,
    )
    listener = Stack(3, 3, (Layer(6, 1, "leaky_relu"), Layer(6, 7, "leaky_relu")), head_channels=2)
    return Config((first, second), Tail(4, 1, (3, 1), "relu"), Config((listener,)))


PRESETS = {"standard": _standard()}
