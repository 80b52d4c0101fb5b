"""A feedback model: an ordinary network that is asked for one sample after another.

Source: the idea is that of Will Yager, "audiofx", 2025: m input samples and m - 1 earlier outputs into a multilayer
perceptron that gives the next output. There the window ends one sample earlier in training than in playing; here both
end at the sample that is asked for.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.layers.base import Layer, State
from tonewright.layers.conv import Conv1d, remember
from tonewright.layers.feedback import Feedback
from tonewright.models.base import Model, Port
from tonewright.models.feedback.codes import DECODERS, channels_of, tell
from tonewright.models.feedback.config import Config

SETTLE = 1024  # samples of silence until what the loop makes of silence has come to rest: a convention


class Autoregressive(Model):
    """x [B, 1, T] and each knob [B, 1, T], 0..1, to y [B, 1, T].

    >>> model = Autoregressive()
    >>> sum(p.numel() for p in model.parameters())
    394753
    >>> y, state = model(torch.zeros(1, 1, 64), model.initial_state(1))
    >>> y.shape
    torch.Size([1, 1, 64])
    """

    inputs = outputs = 1

    def __init__(self, config: Config | None = None):
        super().__init__()
        self.config = config = config or Config()
        self.ports = tuple(Port(name) for name in config.knobs)
        self.hear = _scaled(Conv1d(channels_of(config.dry), config.width, config.window), config)
        self.turn = Conv1d(len(config.knobs), config.width, 1, bias=False) if config.knobs else None
        self.loop = Feedback(NextSample(config), SETTLE)
        self.settle = self.hear.settle + SETTLE
        # One over the usual level of the dry sound, which the recipe sets.
        self.register_buffer("dry_scale", torch.tensor(1.0))

    def initial_state(self, batch: int) -> State:
        return [*self.hear.initial_state(batch), *self.loop.initial_state(batch)]

    def forward(self, x: Tensor, state: State, **knobs: Tensor) -> tuple[Tensor, State]:
        heard, memory = self.heard(x, state[:1], **knobs)
        y, after = self.loop(heard, state[1:])
        return y, memory + after

    def heard(self, x: Tensor, state: State, **knobs: Tensor) -> tuple[Tensor, State]:
        """What the loop hears of the inputs and knobs: [B, width, T], and the memory of the inputs."""
        heard, memory = self.hear(tell(x, self.config.dry, self.dry_scale), state)
        if self.turn is not None:
            turned, _ = self.turn(torch.cat([knobs[port.name] for port in self.ports], dim=1), [])
            heard = heard + turned
        return heard, memory

    def primed(self, x: Tensor, y: Tensor, state: State) -> State:
        inputs, last, *outputs = state
        _, inputs = remember(tell(x, self.config.dry, self.dry_scale), [inputs], self.hear.memory)
        before = torch.cat([last, y[..., :-1]], dim=-1)
        body = self.loop.body
        _, outputs = remember(body.told(before), outputs, body.hear.memory)
        return [*inputs, y[..., -1:], *outputs]

    @torch.no_grad()
    def fold(self) -> None:
        """The weights of the loop as IEEE halves, which players read in half the time; the numbers stay float32."""
        for module in self.loop.modules():
            if isinstance(module, Conv1d):
                module.weight.copy_(module.weight.half())


class NextSample(Layer):
    """The body of the loop: what is heard of the inputs [B, width, T], and the last outputs, to the next one."""

    outputs = 1

    def __init__(self, config: Config):
        super().__init__()
        self.inputs, self.past = config.width, config.past
        width = config.width
        self.decode = DECODERS[config.target]()
        self.hear = _scaled(Conv1d(channels_of(config.past), width, config.window - 1, bias=False), config)
        self.layers = nn.ModuleList(_scaled(Conv1d(width, width, 1), config) for _ in range(config.layers))
        self.head = _scaled(Conv1d(width, self.decode.inputs, 1), config)
        self.settle = self.hear.settle
        # One over the usual level of the wet sound, which the recipe sets.
        self.register_buffer("wet_scale", torch.tensor(1.0))

    def initial_state(self, batch: int) -> State:
        return self.hear.initial_state(batch)

    def forward(self, x: Tensor, state: State, y: Tensor) -> tuple[Tensor, State]:
        raw, state = self.raw(x, state, y)
        return self.decode(raw, [])[0], state

    def raw(self, x: Tensor, state: State, y: Tensor) -> tuple[Tensor, State]:
        """The next sample before it is decoded."""
        heard, state = self.hear(self.told(y), state)
        bent = F.gelu(x + heard)
        for layer in self.layers:
            bent = F.gelu(layer(bent, [])[0])
        return self.head(bent, [])[0], state

    def told(self, y: Tensor) -> Tensor:
        """Outputs [B, 1, T] as the network hears them."""
        return tell(y, self.past, self.wet_scale)


def _scaled(conv: Conv1d, config: Config) -> Conv1d:
    """Normal weights of size 1/sqrt(width), and no bias, as the seed of this idea begins.

    A layer that hears more than `width` numbers has smaller ones: a loop must not explode before it is taught.
    """
    heard = conv.inputs * (conv.memory + 1) * (2 if conv.memory else 1)  # inputs and outputs side by side
    nn.init.normal_(conv.weight, std=1.0 / math.sqrt(max(config.width, heard)))
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return conv
