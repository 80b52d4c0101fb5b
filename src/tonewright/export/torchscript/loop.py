"""The loop: a graph that hears its own last answer, sample by sample."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.export.torchscript.convolutions import Weights
from tonewright.export.torchscript.remembering import Remembering, many


class Feedback(nn.Module):
    """Remembers its last answer; its body remembers what its nodes do."""

    def __init__(self, body: torch.jit.ScriptModule, start: Tensor):
        super().__init__()
        self.body = body
        self.register_buffer("start", start)
        self.register_buffer("memory", start)

    @torch.jit.export
    def begin(self, batch: int) -> None:
        """Back to the beginning, for so many sounds."""
        self.memory = many(self.start, batch)
        self.body.begin(batch)

    def forward(self, x: Tensor) -> Tensor:
        last, made = self.memory, []
        for t in range(x.size(2)):
            last = self.body(x[:, :, t : t + 1], last)
            made.append(last)
        self.memory = last
        return torch.cat(made, dim=2)


class OneSample(Remembering):
    """A convolution in a loop, x [B, inputs, 1] to y [B, outputs, 1]."""

    def __init__(self, weights: Weights, dilation: int, start: Tensor):
        super().__init__(start)
        self.register_buffer("matrix", weights["weight"].flatten(1))
        self.register_buffer("bias", weights.get("bias"))
        self.dilation = dilation

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([self.memory, x], dim=2)
        self.memory = x[:, :, 1:]
        return F.linear(x[:, :, :: self.dilation].flatten(1), self.matrix, self.bias).unsqueeze(2)


class OneMatrix(nn.Module):
    """One that remembers nothing."""

    def __init__(self, weights: Weights):
        super().__init__()
        self.register_buffer("matrix", weights["weight"].flatten(1))
        self.register_buffer("bias", weights.get("bias"))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x.squeeze(2), self.matrix, self.bias).unsqueeze(2)


def conv1d(attributes: dict, weights: Weights, starts: list[Tensor]) -> nn.Module | None:
    """What a convolution is in a loop; None for one of several groups, or that skips samples."""
    if attributes["groups"] > 1 or attributes["stride"] > 1:
        return None
    return OneSample(weights, attributes["dilation"], starts[0]) if starts else OneMatrix(weights)
