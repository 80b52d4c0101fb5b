"""Layers that hear their own last answer: LSTM and GRU. What one sample leaves behind reaches every later one.

Deeper networks are several of these in a `Serial`. The weights have torch's names, shapes and order of gates, and
torch's own fused loops run them; but a GRU that is taught is run by `tonewright.dsp.gru`.
"""

import torch
from torch import Tensor, nn

from tonewright.dsp.gru import gru, is_native
from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State

# Such a memory fades and never ends, so `settle` is a convention: 85 ms at 48 kHz, after which what was taught on
# guitars plays as if it had always played. A model that needs longer starts from its own first state instead.
SETTLE = 4096
MAX_HIDDEN = 1024
FEW = 16  # samples for which arranging the weights is not worth its while

# For torch's loops: has biases, layers, dropout, training (which lets cuDNN keep what a gradient needs), both
# directions, batch first.
ONE_LAYER = (True, 1, 0.0, True, False, False)


class Recurrent(Layer):
    """What LSTM and GRU share: x [B, inputs, T] -> y [B, hidden, T], where y is the last state of each sample.

    A stream begins from `initial_h` (and `initial_c`): zeros, unless a model brings what it wants to begin from. They
    are buffers and not taught.
    """

    gates: int  # of one unit

    def __init__(self, inputs: int, hidden: int):
        super().__init__()
        if inputs < 1 or not 1 <= hidden <= MAX_HIDDEN:
            raise ConfigError(
                f"{type(self).__name__} wants 1 input or more and 1 to {MAX_HIDDEN} hidden units, "
                f"and got {inputs} and {hidden}"
            )
        made = nn.RNNCellBase(inputs, hidden, bias=True, num_chunks=self.gates)
        self.weight_ih, self.weight_hh = made.weight_ih, made.weight_hh  # torch's initial weights
        self.bias_ih, self.bias_hh = made.bias_ih, made.bias_hh
        self.register_buffer("initial_h", torch.zeros(hidden))
        self.inputs, self.outputs, self.hidden = inputs, hidden, hidden
        self.settle = SETTLE

    def initial_state(self, batch: int) -> State:
        return [self.initial_h.repeat(batch, 1)]

    @property
    def _weights(self) -> list[Tensor]:
        return [self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh]


class LSTM(Recurrent):
    """Long short-term memory, x [B, inputs, T] -> y [B, hidden, T]. Remembers h and c, [B, hidden] each.

    Args:
        inputs: channels of x.
        hidden: units, 1 to 1024; as many channels come out.

    Attributes:
        weight_ih, weight_hh, bias_ih, bias_hh: [4 hidden, inputs], [4 hidden, hidden] and twice [4 hidden], the gates
            one after another in torch's order: input, forget, cell, output.
        initial_h, initial_c: what the first sample finds, [hidden].

    Raises:
        ConfigError: no inputs, or a number of units out of range.

    Source: Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000, as in torch.nn.LSTM.

    >>> layer = LSTM(1, 16)
    >>> y, state = layer(torch.randn(2, 1, 64), layer.initial_state(2))
    >>> y.shape, torch.equal(y[..., -1], state[0])
    (torch.Size([2, 16, 64]), True)
    """

    gates = 4

    def __init__(self, inputs: int, hidden: int):
        super().__init__(inputs, hidden)
        self.register_buffer("initial_c", torch.zeros(hidden))

    def initial_state(self, batch: int) -> State:
        return [*super().initial_state(batch), self.initial_c.repeat(batch, 1)]

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        self.check(x)
        first = tuple(memory[None] for memory in state)
        y, h, c = torch.lstm(x.permute(2, 0, 1), first, self._weights, *ONE_LAYER)
        return y.permute(1, 2, 0), [h[0], c[0]]


class GRU(Recurrent):
    """Gated recurrent unit, x [B, inputs, T] -> y [B, hidden, T]. Remembers h [B, hidden].

    Args:
        inputs: channels of x.
        hidden: units, 1 to 1024; as many channels come out.

    Attributes:
        weight_ih, weight_hh, bias_ih, bias_hh: [3 hidden, inputs], [3 hidden, hidden] and twice [3 hidden], the gates
            one after another in torch's order: reset, update, new. The reset gate scales what the new gate hears of
            the past with its bias.
        initial_h: what the first sample finds, [hidden].

    Raises:
        ConfigError: no inputs, or a number of units out of range.

    Source: Cho et al., 2014, as in torch.nn.GRU.

    >>> layer = GRU(1, 16)
    >>> y, state = layer(torch.randn(2, 1, 64), layer.initial_state(2))
    >>> y.shape, torch.equal(y[..., -1], state[0])
    (torch.Size([2, 16, 64]), True)
    """

    gates = 3

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        self.check(x)
        if self._is_taught(x, state[0]):
            y, h = gru(x, state[0], *self._weights)
            return y, [h]
        y, h = torch.gru(x.permute(2, 0, 1), state[0][None], self._weights, *ONE_LAYER)
        return y.permute(1, 2, 0), [h[0]]

    def _is_taught(self, x: Tensor, h: Tensor) -> bool:
        """Whether a gradient is wanted that the core finds faster than torch."""
        wanted = torch.is_grad_enabled() and any(t.requires_grad for t in (x, h, *self._weights))
        return wanted and x.shape[-1] > FEW and is_native(self.weight_ih) and is_native(x)


CELLS: dict[str, type[Recurrent]] = {"lstm": LSTM, "gru": GRU}  # by the name that settings have for it
