"""A causal network of dilated convolutions: the usual capture of an amplifier or a pedal.

Source: van den Oord et al., "WaveNet", 2016; Damskaegg et al., "Real-time modeling of audio distortion circuits
with deep learning", SMC 2019. The head that runs through all stacks is that of the .nam format.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.layers.base import State
from tonewright.layers.conv import Conv1d
from tonewright.models.base import Model, Port
from tonewright.models.wavenet.config import Config, Stack


class WaveNet(Model):
    """x [B, 1, T] and each knob [B, 1, T], 0..1, to y [B, 1, T].

    >>> model = WaveNet()
    >>> sum(p.numel() for p in model.parameters()), model.settle + 1
    (13801, 4093)
    >>> y, state = model(torch.zeros(1, 1, 64), model.initial_state(1))
    >>> y.shape
    torch.Size([1, 1, 64])
    """

    inputs = outputs = 1

    def __init__(self, config: Config | None = None):
        super().__init__()
        self.config = config = config or Config()
        self.ports = tuple(Port(name) for name in config.knobs)
        width = 1 + len(config.knobs)
        sources = [width, *(stack.channels for stack in config.stacks[:-1])]
        self.stacks = nn.ModuleList(
            DilatedStack(stack, source, width, config)
            for stack, source in zip(config.stacks, sources, strict=True)
        )
        self.counts = [stack.state_count for stack in self.stacks]
        self.settle = sum(stack.settle for stack in self.stacks)
        # The level of the device, which the recipe sets: weights then stay of order one.
        self.register_buffer("head_scale", torch.tensor(0.02))

    def initial_state(self, batch: int) -> State:
        return [memory for stack in self.stacks for memory in stack.initial_state(batch)]

    def forward(self, x: Tensor, state: State, **knobs: Tensor) -> tuple[Tensor, State]:
        condition = torch.cat([x, *(knobs[port.name] for port in self.ports)], dim=1) if self.ports else x
        sound, head, after, first = condition, None, [], 0
        for stack, count in zip(self.stacks, self.counts, strict=True):
            sound, head, memory = stack(sound, condition, head, state[first : first + count])
            after += memory
            first += count
        return head * self.head_scale, after


class DilatedStack(nn.Module):
    """One stack: (sound, condition, head) to (sound, head), both for the stack after."""

    def __init__(self, stack: Stack, source: int, width: int, config: Config):
        super().__init__()
        self.rechannel = Conv1d(source, stack.channels, 1, bias=config.input_bias)
        self.layers = nn.ModuleList(
            DilatedLayer(stack, kernel, dilation, width if config.conditioned else 0)
            for kernel, dilation in stack.layers
        )
        self.stacked = config.mix == "stack"
        read = stack.channels * (len(stack.layers) if self.stacked else 1)
        self.head = Conv1d(read, stack.head_channels, stack.head_kernel, bias=stack.head_bias)
        self.state_count = sum(layer.conv.state_count for layer in self.layers) + self.head.state_count
        self.settle = sum(layer.conv.settle for layer in self.layers) + self.head.settle

    def initial_state(self, batch: int) -> State:
        parts = [*(layer.conv for layer in self.layers), self.head]
        return [memory for part in parts for memory in part.initial_state(batch)]

    def forward(self, sound: Tensor, condition: Tensor, head: Tensor | None, state: State):
        sound, _ = self.rechannel(sound, [])
        after, activations, first = [], [] if head is None else [head], 0
        for layer in self.layers:
            count = layer.state_count
            sound, activation, memory = layer(sound, condition, state[first : first + count])
            after += memory
            first += count
            activations.append(activation)
        read = torch.cat(activations, dim=1) if self.stacked else sum(activations[1:], activations[0])
        head, memory = self.head(read, state[first:])
        return sound, head, after + memory


class DilatedLayer(nn.Module):
    """conv, condition, activation; what it made goes to the head and, through a 1x1, onto the sound."""

    def __init__(self, stack: Stack, kernel: int, dilation: int, condition: int):
        super().__init__()
        made = stack.channels * (2 if stack.gated else 1)
        self.conv = Conv1d(stack.channels, made, kernel, dilation)
        self.mixin = Conv1d(condition, made, 1, bias=False) if condition else None
        self.out = Conv1d(stack.channels, stack.channels, 1)
        self.activation = stack.activation
        self.state_count = self.conv.state_count

    def forward(self, sound: Tensor, condition: Tensor, state: State):
        made, after = self.conv(sound, state)
        if self.mixin is not None:
            made = made + self.mixin(condition, [])[0]
        activation = activate(made, self.activation)
        return sound + self.out(activation, [])[0], activation, after


def activate(x: Tensor, name: str) -> Tensor:
    """The activation of that name; the gated ones halve the channels: the first half is gated by the second."""
    if name == "gated":
        a, b = torch.chunk(x, 2, dim=1)
        return torch.tanh(a) * torch.sigmoid(b)
    if name == "softgated":
        a, b = torch.chunk(x, 2, dim=1)
        return F.softsign(a) * F.softsign(b)
    if name == "linear":
        return x
    if name == "leaky_relu":
        return F.leaky_relu(x, 0.01)
    if name == "softsign":
        return F.softsign(x)
    return getattr(torch, name)(x)
