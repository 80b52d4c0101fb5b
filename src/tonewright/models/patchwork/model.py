"""A WaveNet whose layers may each be of another kind, and may be modulated.

Source: van den Oord et al., "WaveNet", 2016; Perez et al., "FiLM: visual reasoning with a general conditioning
layer", 2018. What may be combined how is that of the .nam format, version 0.7.
"""

import torch
from torch import Tensor, nn

from tonewright.layers.activations import activation
from tonewright.layers.base import State
from tonewright.layers.combine import Pointwise, Serial
from tonewright.layers.conv import Conv1d
from tonewright.models.base import Model
from tonewright.models.patchwork.config import Config
from tonewright.models.patchwork.parts import PLACES, Film, Layer, Stack, Tail


class Patchwork(Model):
    """x [B, 1, T] to y [B, outputs, T].

    Its weights are in the order of the .nam format, but for those of the condition, which come first here.

    >>> model = Patchwork()
    >>> y, state = model(torch.zeros(1, 1, 64), model.initial_state(1))
    >>> y.shape, model.settle
    (torch.Size([1, 1, 64]), 2046)
    """

    inputs = 1

    def __init__(self, config: Config | None = None):
        super().__init__()
        self.config = config = config or Config()
        self.condition = Patchwork(config.condition) if config.condition else None
        sources = [1, *(stack.channels for stack in config.stacks[:-1])]
        self.stacks = nn.ModuleList(
            LayerStack(stack, source, config.conditions)
            for stack, source in zip(config.stacks, sources, strict=True)
        )
        self.tail = _tail(config.tail, config.stacks[-1].head_channels) if config.tail else Serial()
        self.outputs = config.outputs
        self.counts = [part.state_count for part in self._parts]
        self.settle = sum(part.settle for part in self._parts)
        # The level of the device, which the recipe sets: weights then stay of order one.
        self.register_buffer("head_scale", torch.tensor(0.02))

    @property
    def _parts(self) -> list:
        return [*([self.condition] if self.condition else []), *self.stacks, self.tail]

    def initial_state(self, batch: int) -> State:
        return [memory for part in self._parts for memory in part.initial_state(batch)]

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        states = iter(_shares(state, self.counts))
        condition, after = self.condition(x, next(states)) if self.condition else (x, [])
        sound, head = x, None
        for stack in self.stacks:
            sound, head, memory = stack(sound, condition, head, next(states))
            after = after + memory
        y, memory = self.tail(head * self.head_scale, next(states))
        return y, after + memory


class LayerStack(nn.Module):
    """One stack: (sound, condition, head) to (sound, head), both for the stack after."""

    def __init__(self, stack: Stack, source: int, conditions: int):
        super().__init__()
        self.rechannel = Conv1d(source, stack.channels, 1, bias=False)
        self.layers = nn.ModuleList(StackLayer(stack, layer, conditions) for layer in stack.layers)
        self.head = Conv1d(
            stack.heard, stack.head_channels, stack.head_kernel, stack.head_dilation, bias=stack.head_bias
        )
        parts = [*(layer.conv for layer in self.layers), self.head]
        self.counts = [part.state_count for part in parts]
        self.state_count, self.settle = sum(self.counts), sum(part.settle for part in parts)

    def initial_state(self, batch: int) -> State:
        parts = [*(layer.conv for layer in self.layers), self.head]
        return [memory for part in parts for memory in part.initial_state(batch)]

    def forward(self, sound: Tensor, condition: Tensor, head: Tensor | None, state: State):
        sound, _ = self.rechannel(sound, [])
        *states, last = _shares(state, self.counts)
        after: State = []
        for layer, memory in zip(self.layers, states, strict=True):
            sound, heard, memory = layer(sound, condition, memory)
            head = heard if head is None else head + heard
            after = after + memory
        head, memory = self.head(head, last)
        return sound, head, after + memory


class StackLayer(nn.Module):
    """conv, condition, activation; what it made goes to the head and onto the sound, through a 1x1 or as it is."""

    def __init__(self, stack: Stack, layer: Layer, conditions: int):
        super().__init__()
        made = stack.bottleneck * layer.halves
        self.conv = Conv1d(stack.channels, made, layer.kernel, layer.dilation, groups=stack.groups)
        self.mixin = Conv1d(conditions, made, 1, groups=stack.mixin_groups, bias=False)
        self.out = None if stack.out is None else _mix(stack.bottleneck, stack.channels, stack.out)
        self.side = None if stack.side is None else _mix(stack.bottleneck, stack.heard, stack.side.groups)
        widths, films = stack.widths(layer, conditions), {film.place: film for film in stack.films}
        self.films = nn.ModuleDict(
            {place: Modulation(films[place], widths[place], conditions) for place in PLACES if place in films}
        )
        self.bend = activation(layer.activation, stack.bottleneck)
        self.second = None if layer.gating == "none" else activation(layer.second, stack.bottleneck)
        self.gating, self.bottleneck = layer.gating, stack.bottleneck

    def forward(self, sound: Tensor, condition: Tensor, state: State):
        made, after = self.conv(self._modulated("conv_pre", sound, condition), state)
        made = self._modulated("conv_post", made, condition)
        mixed, _ = self.mixin(self._modulated("mixin_pre", condition, condition), [])
        made = made + self._modulated("mixin_post", mixed, condition)
        bent = self._bent(self._modulated("activation_pre", made, condition))
        bent = self._modulated("activation_post", bent, condition)
        out = bent if self.out is None else self.out(bent, [])[0]
        heard = bent if self.side is None else self.side(bent, [])[0]
        sound = sound + self._modulated("out_post", out, condition)
        return sound, self._modulated("side_post", heard, condition), after

    def _modulated(self, place: str, x: Tensor, condition: Tensor) -> Tensor:
        return self.films[place](x, condition) if place in self.films else x

    def _bent(self, made: Tensor) -> Tensor:
        if self.second is None:
            return self.bend(made)
        plain, second = made[:, : self.bottleneck], self.second(made[:, self.bottleneck :])
        bent = self.bend(plain)
        return bent * second if self.gating == "gated" else plain + second * (bent - plain)


class Modulation(nn.Module):
    """x [B, width, T] times, and plus, what a 1x1 makes of the condition [B, conditions, T]."""

    def __init__(self, film: Film, width: int, conditions: int):
        super().__init__()
        self.width, self.shift = width, film.shift
        self.conv = _mix(conditions, width * (1 + film.shift), film.groups)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        made, _ = self.conv(condition, [])
        if not self.shift:
            return x * made
        return x * made[:, : self.width] + made[:, self.width :]


def _mix(inputs: int, outputs: int, groups: int) -> Conv1d:
    return Conv1d(inputs, outputs, 1, groups=groups)


def _tail(tail: Tail, inputs: int) -> Serial:
    layers = []
    for heard, made, kernel in tail.shapes(inputs):
        layers += [Pointwise(activation(tail.activation, heard)), Conv1d(heard, made, kernel)]
    return Serial(*layers)


def _shares(state: State, counts: list[int]) -> list[State]:
    """The state of each part."""
    shares, first = [], 0
    for count in counts:
        shares.append(state[first : first + count])
        first += count
    return shares
