"""Convolutions that play in blocks: dilated, strided, grouped, transposed, and the plain delay."""

import math
from fractions import Fraction

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.dsp import wide
from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State

LARGE = 1 << 15  # numbers of a block that are not kept for the sake of its end, which is copied instead


def remember(x: Tensor, state: State, memory: int) -> tuple[Tensor, State]:
    """The block behind the `memory` samples before it, and the last `memory` samples for the block after."""
    if memory == 0:
        return x, []
    x = torch.cat([state[0], x], dim=-1)
    new = x[..., x.shape[-1] - memory :]
    return x, [new.clone() if x.numel() - new.numel() > LARGE else new]


def last(x: Tensor, state: State, memory: int, slope: float) -> State:
    """What `remember` leaves of leaky_relu(x, slope), with no block made of the two."""
    if memory == 0:
        return []
    new = x[..., max(0, x.shape[-1] - memory) :]
    new = new if slope == 1.0 else F.leaky_relu(new, slope)
    return [new if new.shape[-1] == memory else torch.cat([state[0][..., new.shape[-1] :], new], dim=-1)]


def _like(layer: nn.Module) -> Tensor:
    """A tensor of the layer's kind; the weight itself may be made anew whenever it is looked at."""
    return next(layer.parameters())


class Conv1d(Layer):
    """Convolution over time, x [B, inputs, T] -> y [B, outputs, T / stride].

    Offline, output m is the ordinary strided convolution whose taps reach `lookahead` samples past input
    m * stride and (kernel - 1) * dilation - lookahead samples before it. A stream has x up to
    m * stride + stride - 1 when it emits output m, so the first stride - 1 samples of lookahead are free and
    the rest shows up as `latency`. The causal layer has lookahead 0; the centred one half of the span.

    Args:
        inputs, outputs: channels.
        kernel, dilation, stride, groups, bias: as in torch.nn.Conv1d.
        lookahead: input samples of the future that an output describes, 0 to (kernel - 1) * dilation.

    Raises:
        ConfigError: a lookahead outside of the kernel's span.

    >>> centred = Conv1d(1, 1, kernel=5, lookahead=2)
    >>> x = torch.randn(1, 1, 16)
    >>> y, state = centred(x, centred.initial_state(1))
    >>> offline = F.conv1d(x, centred.weight, centred.bias, padding=2)
    >>> centred.latency, torch.allclose(y[..., 2:], offline[..., :-2], atol=1e-6)
    (2, True)
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        dilation: int = 1,
        stride: int = 1,
        groups: int = 1,
        bias: bool = True,
        lookahead: int = 0,
    ):
        super().__init__()
        span = (kernel - 1) * dilation
        if not 0 <= lookahead <= span:
            raise ConfigError(f"lookahead of this kernel is 0 to {span} samples, and is {lookahead}")
        made = nn.Conv1d(inputs, outputs, kernel, dilation=dilation, groups=groups, bias=bias)
        self.weight, self.bias = made.weight, made.bias  # torch's initial weights, under our own names
        self.inputs, self.outputs = inputs, outputs
        self.dilation, self.stride, self.groups, self.lookahead = dilation, stride, groups, lookahead
        self.ratio, self.block = Fraction(1, stride), stride
        self.latency = max(0, math.ceil((lookahead - (stride - 1)) / stride))
        self.memory = self.latency * stride + span - lookahead
        self.settle = self.memory

    def initial_state(self, batch: int) -> State:
        return [_like(self).new_zeros(batch, self.inputs, self.memory)] if self.memory else []

    def forward(self, x: Tensor, state: State, slope: float = 1.0) -> tuple[Tensor, State]:
        """Of leaky_relu(x, slope), which is x unless a slope is given."""
        self.check(x)
        weight, past = self.weight, state[0] if state else None
        frames = x.shape[-1] // self.stride
        if self.groups == 1 and wide.worth_it(x, weight, self.bias, past, self.inputs, frames, self.stride):
            y = wide.conv1d(x, weight, self.bias, self.stride, self.dilation, past=past, slope=slope)
            return y, last(x, state, self.memory, slope)
        x, state = remember(x if slope == 1.0 else F.leaky_relu(x, slope), state, self.memory)
        if x.shape[-1] == self.memory + 1 and self.stride == self.groups == 1:  # one sample, as in a loop
            heard = x[..., :: self.dilation].flatten(1)
            return F.linear(heard, weight.flatten(1), self.bias)[..., None], state
        y = F.conv1d(x, weight, self.bias, self.stride, dilation=self.dilation, groups=self.groups)
        return y, state


class ConvTranspose1d(Layer):
    """Transposed convolution, x [B, inputs, T] -> y [B, outputs, T * stride].

    Offline, output i of the ordinary transposed convolution with `lookahead` samples trimmed off its head. A
    stream can finish no sample before the inputs that reach it have come, so the trimmed samples are its
    latency. The centred layer trims (kernel - stride) / 2 and the causal one nothing.

    Args:
        inputs, outputs: channels.
        kernel: taps, at least `stride`.
        stride: output samples for one input sample.
        groups, bias: as in torch.nn.ConvTranspose1d.
        lookahead: output samples trimmed off the head, 0 to kernel - stride.

    Raises:
        ConfigError: a kernel shorter than the stride, or a lookahead outside of the overlap.

    >>> up = ConvTranspose1d(1, 1, kernel=4, stride=2, lookahead=1)
    >>> x = torch.randn(1, 1, 16)
    >>> y, state = up(x, up.initial_state(1))
    >>> offline = F.conv_transpose1d(x, up.weight, up.bias, stride=2, padding=1)
    >>> up.latency, torch.allclose(y[..., 1:], offline[..., :-1], atol=1e-6)
    (1, True)
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int,
        groups: int = 1,
        bias: bool = True,
        lookahead: int = 0,
    ):
        super().__init__()
        if kernel < stride:
            raise ConfigError(f"a transposed kernel spans at least its stride {stride}, and is {kernel}")
        if not 0 <= lookahead <= kernel - stride:
            raise ConfigError(f"lookahead of this kernel is 0 to {kernel - stride}, and is {lookahead}")
        made = nn.ConvTranspose1d(inputs, outputs, kernel, stride, groups=groups, bias=bias)
        self.weight, self.bias = made.weight, made.bias
        self.inputs, self.outputs = inputs, outputs
        self.stride, self.groups = stride, groups
        self.ratio, self.lookahead, self.latency = Fraction(stride), lookahead, lookahead
        self.memory = -(-kernel // stride) - 1  # earlier inputs whose taps reach into this block
        self.settle = self.memory

    def initial_state(self, batch: int) -> State:
        return [_like(self).new_zeros(batch, self.inputs, self.memory)] if self.memory else []

    def forward(self, x: Tensor, state: State, slope: float = 1.0) -> tuple[Tensor, State]:
        """Of leaky_relu(x, slope), which is x unless a slope is given."""
        self.check(x)
        weight, past = self.weight, state[0] if state else None
        if self.groups == 1 and wide.worth_it(
            x, weight, self.bias, past, self.inputs, x.shape[-1], self.stride
        ):
            y = wide.conv_transpose1d(x, weight, self.bias, self.stride, past, slope)
            return y, last(x, state, self.memory, slope)
        frames = x.shape[-1] * self.stride
        x, state = remember(x if slope == 1.0 else F.leaky_relu(x, slope), state, self.memory)
        y = F.conv_transpose1d(x, weight, self.bias, self.stride, groups=self.groups)
        skip = self.memory * self.stride
        return y[..., skip : skip + frames], state


class Delay(Layer):
    """The same sound, later: y[t] = x[t - samples].

    Args:
        channels: of the sound.
        samples: 0 or more.

    >>> later = Delay(1, 2)
    >>> later(torch.tensor([[[1.0, 2.0, 3.0]]]), later.initial_state(1))[0]
    tensor([[[0., 0., 1.]]])
    """

    def __init__(self, channels: int, samples: int):
        super().__init__()
        if samples < 0:
            raise ConfigError(f"a delay is 0 samples or more, and is {samples}")
        self.inputs = self.outputs = channels
        self.samples = self.latency = self.settle = samples
        # Remembers the dtype and device that the module was moved to; holds no sound.
        self.register_buffer("like", torch.zeros(()), persistent=False)

    def initial_state(self, batch: int) -> State:
        return [self.like.new_zeros(batch, self.inputs, self.samples)] if self.samples else []

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        self.check(x)
        x, state = remember(x, state, self.samples)
        return x[..., : x.shape[-1] - self.samples], state
