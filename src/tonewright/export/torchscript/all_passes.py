"""All-passes with a coefficient that moves, as one recursion with a matrix for every sample."""

import torch
from torch import Tensor, nn

from tonewright.export.torchscript.remembering import Remembering

MOST = 0.99999  # a coefficient beyond it counts as this


def run(steps: Tensor, first: Tensor) -> Tensor:
    """z[t] = z[t - 1] steps[t], for rows z [R, n] and matrices [R, T, n, n]: all z [R, T, n].

    The samples are cut into as many pieces as each has samples. What the matrices of a piece make together is found
    for all pieces at once; then one piece follows upon the other.
    """
    rows, count, n = steps.size(0), steps.size(1), steps.size(2)
    size = 1
    while size * size < count:
        size = size + 1
    pieces = (count + size - 1) // size
    whole = torch.eye(n, dtype=steps.dtype, device=steps.device).repeat(rows, pieces * size, 1, 1)
    whole[:, :count] = steps
    whole = whole.view(rows, pieces, size, n, n)
    product = whole[:, :, 0]
    products = [product]
    for i in range(1, size):
        product = torch.matmul(product, whole[:, :, i])
        products.append(product)
    from_first = torch.stack(products, dim=2)
    z, starts = first.unsqueeze(1), [first]
    for i in range(pieces - 1):
        z = torch.matmul(z, product[:, i])
        starts.append(z.squeeze(1))
    made = torch.matmul(torch.stack(starts, dim=1).unsqueeze(2).unsqueeze(2), from_first)
    return made.view(rows, pieces * size, n)[:, :count]


class AllPasses(Remembering):
    """Remembers the s of each stage, and y, [B, C, stages + 1]."""

    def __init__(self, stages: int, start: Tensor, feedback: float, coefficient: Tensor | None):
        super().__init__(start)
        self.stages, self.feedback, self.most = stages, feedback, MOST
        still = torch.zeros(()) if coefficient is None else coefficient.reshape(())
        self.register_buffer("still", still.double())
        # The u of each stage, and y, is a sum over the s before it of a^power, and over what goes in.
        u, s = torch.arange(stages + 1)[:, None], torch.arange(stages)
        self.register_buffer("power", (u - 1 - s).clamp(min=0))
        self.register_buffer("earlier", (s < u).double())
        self.register_buffer("same", torch.eye(stages, dtype=torch.float64))

    def forward(self, x: Tensor, coefficient: Tensor) -> Tensor:
        batch, channels, count = x.size(0), x.size(1), x.size(2)
        a = coefficient[:, 0].double().clamp(-self.most, self.most)  # [B, T]
        powers = a[:, :, None] ** torch.arange(self.stages + 1, device=x.device)  # [B, T, stages + 1]
        # u of each stage and y, of the s, of y before, and of x: [B, T, stages + 1, ...]
        of_s = (
            powers[:, :, self.power.flatten()].view(batch, count, self.stages + 1, self.stages) * self.earlier
        )
        of_y = powers.unsqueeze(3) * self.feedback
        rest, own = (1.0 - a * a)[:, :, None, None], a[:, :, None, None]
        s_of_s = rest * of_s[:, :, :-1] - own * self.same
        s_of_y = rest * of_y[:, :, :-1]
        of_state = torch.cat(
            [torch.cat([s_of_s, s_of_y], dim=3), torch.cat([of_s[:, :, -1:], of_y[:, :, -1:]], dim=3)], dim=2
        )
        of_x = torch.cat([rest[:, :, :, 0] * powers[:, :, :-1], powers[:, :, -1:]], dim=2)
        n = self.stages + 2  # the last number of a row is 1, by which x comes in
        steps = torch.zeros(batch, channels, count, n, n, dtype=torch.float64, device=x.device)
        steps[:, :, :, : n - 1, : n - 1] = of_state.transpose(2, 3).unsqueeze(1)
        steps[:, :, :, n - 1, : n - 1] = x.double().unsqueeze(3) * of_x.unsqueeze(1)
        steps[:, :, :, n - 1, n - 1] = 1.0
        first = torch.cat([self.memory, torch.ones_like(self.memory[:, :, :1])], dim=2)
        z = run(steps.flatten(0, 1), first.flatten(0, 1)).view(batch, channels, count, n)
        self.memory = z[:, :, -1, : n - 1]
        return z[:, :, :, n - 2].to(x.dtype)


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
    still = weights.get("coefficient")
    passes = AllPasses(attributes["stages"], starts[0], float(weights["feedback"]), still)
    return passes if still is None else StillAllPasses(passes)


NODES = {"all_passes": _all_passes}
