"""The settings of a WaveNet, wide enough for the three families of shapes that players know."""

from dataclasses import dataclass

from tonewright.errors import ConfigError
from tonewright.models.base import check_knobs
from tonewright.models.limits import playable, within

ACTIVATIONS = ("linear", "tanh", "relu", "leaky_relu", "sigmoid", "softsign", "gated", "softgated")
MAX_CHANNELS, MAX_LAYERS = 1024, 256  # a file from a stranger may ask for no more


@dataclass(frozen=True)
class Stack:
    """Dilated convolutions one after another, each adding to a running sound and to the stack's head.

    Attributes:
        channels: of the running sound.
        dilations: one per layer, in samples.
        kernels: taps, one per layer, or one for all.
        activation: of ACTIVATIONS. "linear" is none; "gated" is tanh x sigmoid and "softgated" its softsign cousin,
            and both let the convolution make twice the channels.
        head_channels, head_kernel, head_bias: the convolution that reads the sum of all activations.
    """

    channels: int = 16
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
    kernels: tuple[int, ...] = (3,)
    activation: str = "tanh"
    head_channels: int = 1
    head_kernel: int = 1
    head_bias: bool = True

    def __post_init__(self):
        for name in ("channels", "head_channels", "head_kernel"):
            within(name, getattr(self, name), 1, MAX_CHANNELS)
        within("number of dilations", len(self.dilations), 1, MAX_LAYERS)
        if len(self.kernels) not in (1, len(self.dilations)):
            raise ConfigError(
                f"kernels wants 1 or {len(self.dilations)} numbers, and has {len(self.kernels)}"
            )
        for kernel, dilation in self.layers:
            within("kernel", kernel, 1, 1024)
            within("dilation", dilation, 1, 1 << 20)
        if self.activation not in ACTIVATIONS:
            raise ConfigError(f"activation is one of {', '.join(ACTIVATIONS)}, and not {self.activation!r}")

    @property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """(kernel, dilation) of each layer."""
        kernels = self.kernels * len(self.dilations) if len(self.kernels) == 1 else self.kernels
        return tuple(zip(kernels, self.dilations, strict=True))

    @property
    def memory(self) -> int:
        """Samples x channels that all layers remember."""
        return self.channels * sum((kernel - 1) * dilation for kernel, dilation in self.layers)

    @property
    def settle(self) -> int:
        """Samples after which nothing of the sound is remembered."""
        return sum((kernel - 1) * dilation for kernel, dilation in self.layers) + self.head_kernel - 1

    @property
    def made(self) -> int:
        """Numbers that all layers hand on for each sample: what each convolves, mixes, bends and adds."""
        return len(self.dilations) * self.channels * (8 + 4 * self.gated)

    @property
    def gated(self) -> bool:
        return self.activation in ("gated", "softgated")


@dataclass(frozen=True)
class Config:
    """One or several stacks. Without arguments: the "standard" preset.

    Attributes:
        stacks: each reads the running sound of the one before, and its head starts from that one's head.
        conditioned: the input enters every layer again through a 1x1 convolution.
        input_bias: the first convolution of a stack has a bias.
        mix: "sum" adds the layers' activations before the head; "stack" gives every layer its own weights there.
        knobs: the device's controls, each 0..1, in panel order.
    """

    stacks: tuple[Stack, ...] = (Stack(16, head_channels=8, head_bias=False), Stack(8))
    conditioned: bool = True
    input_bias: bool = False
    mix: str = "sum"
    knobs: tuple[str, ...] = ()

    def __post_init__(self):
        within("number of stacks", len(self.stacks), 1, 16)
        within("number of knobs", len(self.knobs), 0, 64)
        memory, settle, made = (
            sum(getattr(stack, name) for stack in self.stacks) for name in ("memory", "settle", "made")
        )
        playable("all layers", memory, settle, self.weights, made)
        if self.mix not in ("sum", "stack"):
            raise ConfigError(f"mix is 'sum' or 'stack', and not {self.mix!r}")
        if self.mix == "stack" and len(self.stacks) > 1:
            raise ConfigError(f"mix 'stack' goes with one stack, and not with {len(self.stacks)}")
        if self.mix == "sum":
            for before, after in zip(self.stacks[:-1], self.stacks[1:], strict=True):
                if before.head_channels != after.channels:
                    raise ConfigError(
                        f"a stack's head starts from the head before it, so head_channels {before.head_channels} "
                        f"must equal the next stack's channels {after.channels}"
                    )
        if self.stacks[-1].head_channels != 1:
            raise ConfigError(f"the last head has 1 channel, and not {self.stacks[-1].head_channels}")
        check_knobs(self.knobs)

    @property
    def weights(self) -> int:
        """How many weights the convolutions have, biases included."""
        width = 1 + len(self.knobs)
        count, source = 0, width
        for stack in self.stacks:
            channels, layers, made = stack.channels, len(stack.layers), stack.channels * (1 + stack.gated)
            inner = made * (channels * sum(kernel for kernel, _ in stack.layers) + layers)
            inner += layers * (width * made * self.conditioned + (channels + 1) * channels)
            read = channels * (layers if self.mix == "stack" else 1)
            head = stack.head_channels * (read * stack.head_kernel + stack.head_bias)
            count, source = count + (source + self.input_bias) * channels + inner + head, channels
        return count


def _two_stacks(channels: int, second: int) -> Config:
    """The smaller shapes of the two-stack family: dilations 1..64, then 128..512 and 1..512 again."""
    first = tuple(2**i for i in range(7))
    again = (128, 256, 512, *(2**i for i in range(10)))
    return Config((Stack(channels, first, head_channels=second, head_bias=False), Stack(second, again)))


def _single_stack(channels: int) -> Config:
    """The a2 family: 23 layers of mutually prime dilations, LeakyReLU, a head of 16 taps."""
    primes = (1, 3, 7, 17, 41, 101, 239)
    stack = Stack(
        channels,
        dilations=(*primes, *primes, 1, 13, *primes),
        kernels=(*[6] * 14, 15, 15, *[6] * 7),
        activation="leaky_relu",
        head_kernel=16,
    )
    return Config((stack,))


def _gated(channels: int, depth: int, repeat: int) -> Config:
    """The PedalNetRT family: gated layers, a linear mix of all skips, no conditioning."""
    dilations = tuple(2**i for i in range(depth)) * repeat
    stack = Stack(channels, dilations, activation="gated")
    return Config((stack,), conditioned=False, input_bias=True, mix="stack")


PRESETS = {
    "standard": Config(),
    "lite": _two_stacks(12, 6),
    "feather": _two_stacks(8, 4),
    "nano": _two_stacks(4, 2),
    "a2": _single_stack(8),
    "a2-lite": _single_stack(3),
    "gated": _gated(16, depth=10, repeat=1),
    "gated-small": _gated(4, depth=9, repeat=2),
}
