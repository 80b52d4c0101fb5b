"""All-passes in a row with a coefficient that moves, sample by sample; see dynamics.py for why not by tensors."""

import torch
from torch import Tensor, nn

from tonewright.dsp.all_passes import MOST
from tonewright.export.torchscript.remembering import Remembering


def passed(
    x: list[float], moving: list[float], stages: list[float], y: float, feedback: float
) -> list[float]:
    """x through all stages, whose memory is changed, around which the last y is fed back."""
    made: list[float] = []
    for t in range(len(x)):
        a, u = moving[t], x[t] + feedback * y
        for i in range(len(stages)):
            v = a * u + stages[i]
            stages[i] = u - a * v
            u = v
        y = u
        made.append(y)
    return made


class AllPasses(Remembering):
    """Remembers the s of each stage, and y, [B, C, stages + 1]."""

    def __init__(self, start: Tensor, feedback: float, coefficient: Tensor):
        super().__init__(start)
        self.feedback, self.most = feedback, MOST
        self.register_buffer("still", coefficient.reshape(()))

    def forward(self, x: Tensor, coefficient: Tensor) -> Tensor:
        held = coefficient[:, 0].double().clamp(-self.most, self.most)
        made, after = [], []
        for i in range(x.size(0)):
            moving: list[float] = held[i].tolist()
            for j in range(x.size(1)):
                row: list[float] = x[i, j].double().tolist()
                stages: list[float] = self.memory[i, j, :-1].tolist()
                y = passed(row, moving, stages, float(self.memory[i, j, -1]), self.feedback)
                made.append(torch.tensor(y, dtype=torch.float64, device=x.device))
                after.append(torch.tensor(stages + [y[-1]], dtype=torch.float64, device=x.device))  # noqa: RUF005
        self.memory = torch.stack(after).view_as(self.memory)
        return torch.stack(made).view(x.size(0), x.size(1), -1).to(x.dtype)


class StillAllPasses(nn.Module):
    """With one coefficient that is a weight."""

    def __init__(self, passes: AllPasses):
        super().__init__()
        self.passes = passes

    @torch.jit.export
    def begin(self, batch: int) -> None:
        """Back to the beginning, for so many sounds."""
        self.passes.begin(batch)

    def forward(self, x: Tensor) -> Tensor:
        return self.passes(x, self.passes.still.expand(x.size(0), 1, x.size(2)))


def _all_passes(attributes: dict, weights: dict[str, Tensor], starts: list[Tensor]) -> nn.Module:
    passes = AllPasses(starts[0], float(weights["feedback"]), weights.get("coefficient", torch.zeros(())))
    return StillAllPasses(passes) if "coefficient" in weights else passes


NODES = {"all_passes": _all_passes}
