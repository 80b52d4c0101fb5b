"""The loop: a graph that hears its own last answer, sample by sample."""

import torch
from torch import Tensor, nn

from tonewright.export.torchscript.remembering import many


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
