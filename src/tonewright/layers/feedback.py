"""The loop: a layer that hears its own last answer, sample by sample."""

import torch
from torch import Tensor

from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State


class Feedback(Layer):
    """y[t] = body(x[t], y[t - 1]), x [B, inputs, T] -> y [B, outputs, T].

    A stream begins as if the loop had made zeros before. Remembers its last answer, and what the body remembers.

    Args:
        body: a layer with forward(x, state, y=...), where y [B, outputs, T] is what the loop made one sample
            earlier. It has a ratio of 1, no latency, and known inputs and outputs.
        settle: samples of silence after which the loop has forgotten. Nothing in it says so, hence it is told.

    Raises:
        ConfigError: a body that changes the rate, is late, or does not say how many channels it has.

    >>> from tonewright.layers.conv import Conv1d
    >>> class Halved(Layer):
    ...     inputs = outputs = 1
    ...     def forward(self, x, state, y):
    ...         return x + y * 0.5, state
    >>> loop = Feedback(Halved(), settle=64)
    >>> loop(torch.tensor([[[1.0, 0.0, 0.0]]]), loop.initial_state(1))[0]
    tensor([[[1.0000, 0.5000, 0.2500]]])
    """

    def __init__(self, body: Layer, settle: int):
        super().__init__()
        if body.ratio != 1 or body.block != 1 or body.latency or None in (body.inputs, body.outputs):
            raise ConfigError("a loop wants a body of ratio 1 and latency 0 that says its inputs and outputs")
        self.body, self.inputs, self.outputs, self.settle = body, body.inputs, body.outputs, settle
        # Remembers the dtype and device that the module was moved to; holds no sound.
        self.register_buffer("like", torch.zeros(()), persistent=False)

    def initial_state(self, batch: int) -> State:
        return [self.like.new_zeros(batch, self.outputs, 1), *self.body.initial_state(batch)]

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        self.check(x)
        (last, *memory), made = state, []
        for t in range(x.shape[-1]):
            last, memory = self.body(x[..., t : t + 1], memory, y=last)
            made.append(last)
        return torch.cat(made, dim=-1) if made else last[..., :0], [last, *memory]

    def forced(self, x: Tensor, y: Tensor, state: State) -> tuple[Tensor, State]:
        """What the body answers when the loop is given its past instead of making it: all samples at once.

        Args:
            x: [B, inputs, T], T at least 1.
            y: what the loop is to have made, [B, outputs, T].
            state: before the first sample.

        Returns:
            The answers [B, outputs, T] to a past of `y`, and the state of a loop that has made `y`.
        """
        self.check(x)
        before = torch.cat([state[0], y[..., :-1]], dim=-1)
        answer, memory = self.body(x, state[1:], y=before)
        return answer, [y[..., -1:], *memory]
