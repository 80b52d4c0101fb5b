"""Linear recursions, many samples at a time: filters, and the one-poles that damp echoes.

A recursion z' = A z + B x, y = C z + D x over a piece of N samples is two matrix products, with all x of the piece
and with the z at its start; only from piece to piece something waits. All in float64, as everywhere.
"""

import torch
from torch import Tensor, nn

from tonewright.export.torchscript.remembering import Remembering

PIECE = 64  # samples
TOGETHER = 8  # sections of a filter that are one recursion; more are several in a row


class Recursion(Remembering):
    """x [B, C, T] to y [B, C, T], each channel by itself; remembers z [B, C, n]."""

    def __init__(self, a: Tensor, b: Tensor, c: Tensor, d: Tensor, start: Tensor):
        """Of A [n, n], B [n], C [n], D [] and z [1, C, n], all float64."""
        super().__init__(start)
        powers = [torch.eye(len(a), dtype=torch.float64)]
        for _ in range(PIECE):
            powers.append(a @ powers[-1])
        steps = torch.stack(powers)  # A^0 ... A^N
        impulse = torch.cat([d[None], steps[:-2] @ b @ c])
        late = torch.arange(PIECE)[:, None] - torch.arange(PIECE)
        within = torch.where(late >= 0, impulse[late.clamp(min=0)], 0.0)
        self.piece = PIECE
        self.register_buffer("within", within.t().contiguous())  # x to y
        self.register_buffer("out_of", (c @ steps[:-1]).t().contiguous())  # z to y, [n, N]
        self.register_buffer("into", (steps[:-1] @ b).flip(0).contiguous())  # x to z, [N, n]
        self.register_buffer("steps", steps.transpose(1, 2).contiguous())

    def forward(self, x: Tensor) -> Tensor:
        z, made = self.memory, [x[:, :, :0]]
        for start in range(0, x.size(2), self.piece):
            part = x[:, :, start : start + self.piece]
            n = part.size(2)
            made.append(torch.matmul(part, self.within[:n, :n]) + torch.matmul(z, self.out_of[:, :n]))
            z = torch.matmul(z, self.steps[n]) + torch.matmul(part, self.into[self.piece - n :])
        self.memory = z
        return torch.cat(made, dim=2)


class Filters(nn.Module):
    """Second-order sections in a row."""

    def __init__(self, parts: list[Recursion]):
        super().__init__()
        self.parts = nn.ModuleList(parts)

    @torch.jit.export
    def begin(self, batch: int) -> None:
        """Back to the beginning, for so many sounds."""
        for part in self.parts:
            part.begin(batch)

    def forward(self, x: Tensor) -> Tensor:
        y = x.double()
        for part in self.parts:
            y = part(y)
        return y.to(x.dtype)


def _section(row: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A, B, C and D of one section, whose z is s1 and s2."""
    g, k, direct, band, low = row.double()
    a = 1.0 / (1.0 + g * (g + k))
    # v1 = a (s1 + g (x - s2)) and v2 = s2 + g v1, as rows over s1, s2, x
    zero, one = torch.zeros_like(a), torch.ones_like(a)
    v1 = torch.stack([a, -a * g, a * g])
    s1, s2 = torch.stack([one, zero, zero]), torch.stack([zero, one, zero])
    v2 = s2 + g * v1
    y = band * v1 + low * v2 + torch.stack([zero, zero, direct])
    after = torch.stack([2 * v1 - s1, 2 * v2 - s2])
    return after[:, :2], after[:, 2], y[:2], y[2]


def _cascade(rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The same of several sections in a row."""
    a, b, c, d = _section(rows[0])
    for row in rows[1:]:
        a2, b2, c2, d2 = _section(row)
        upper = torch.cat([a, a.new_zeros(len(a), 2)], dim=1)
        a = torch.cat([upper, torch.cat([torch.outer(b2, c), a2], dim=1)])
        b, c, d = torch.cat([b, b2 * d]), torch.cat([d2 * c, c2]), d2 * d
    return a, b, c, d


def _filters(attributes: dict, weights: dict[str, Tensor], starts: list[Tensor]) -> nn.Module:
    parts, memory = [], starts[0]  # [1, C, S, 2]
    for first in range(0, attributes["sections"], TOGETHER):
        some = slice(first, first + TOGETHER)
        recursion = _cascade(weights["sections"][some])
        parts.append(Recursion(*recursion, memory[:, :, some].flatten(2).contiguous()))
    return Filters(parts)


class Damping(nn.Module):
    """y[t] = r[t] + d (y[t - 1] - r[t]) of rows r [R, N, T], with one d of each of N; the last y comes with it."""

    def __init__(self, damping: Tensor):
        super().__init__()
        d = damping.double().reshape(-1, 1, 1)
        late = torch.arange(PIECE)[:, None] - torch.arange(PIECE)
        within = torch.where(late >= 0, (1 - d) * d ** late.clamp(min=0), 0.0)
        self.piece, self.any = PIECE, bool((damping != 0).any())
        self.register_buffer("within", within.transpose(1, 2).contiguous())
        self.register_buffer("out_of", (d[:, 0] ** torch.arange(1, PIECE + 1)).contiguous())

    def forward(self, r: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        if not self.any:
            return r, r[:, :, -1]
        made = [r[:, :, :0]]
        for start in range(0, r.size(2), self.piece):
            part = r[:, :, start : start + self.piece]
            n = part.size(2)
            y = torch.matmul(part.unsqueeze(2), self.within[:, :n, :n]).squeeze(2)
            y = y + last.unsqueeze(2) * self.out_of[:, :n]
            last = y[:, :, -1]
            made.append(y)
        return torch.cat(made, dim=2), last


NODES = {"filters": _filters}
