"""Delays that feed themselves: echoes, choruses, and reverbs. What comes back is older than a piece of the block.

So a piece as long as the shortest delay is known before any of it is played, and is played at once.
"""

import torch
from torch import Tensor, nn

from tonewright.dsp.delay_line import LEAST
from tonewright.export.torchscript.filters import Damping
from tonewright.export.torchscript.remembering import RememberingTwo

FEW = 12  # samples in a piece, from which on pieces are quicker than samples


def echoed(
    line: list[float],
    x: list[float],
    whole: list[int],
    taps: list[list[float]],
    feedback: float,
    damping: float,
    last: float,
) -> tuple[list[float], list[float]]:
    """The line after the block, and what was played, sample by sample."""
    made: list[float] = []
    for t in range(len(x)):
        part, at = taps[t], len(line) - whole[t] - 2
        read = part[0] * line[at] + part[1] * line[at + 1] + part[2] * line[at + 2] + part[3] * line[at + 3]
        last = read + damping * (last - read)
        line.append(x[t] + feedback * last)
        made.append(last)
    return line, made


class DelayLine(RememberingTwo):
    """Remembers the line [B, C, most + 2] and the last y [B, C]."""

    def __init__(self, most: int, line: Tensor, last: Tensor, weights: dict[str, Tensor]):
        super().__init__(line, last)
        self.most, self.feedback = float(most), float(weights["feedback"])
        self.damping, self.smooth = float(weights["damping"]), Damping(weights["damping"])
        self.least, self.few = float(LEAST), FEW
        still = weights.get("delay", torch.zeros(())).reshape(())
        self.register_buffer("still", still)

    def forward(self, x: Tensor, delay: Tensor) -> Tensor:
        frames, before = x.size(2), self.memory.size(2)
        delay = delay.double()
        delay = torch.where(delay >= self.least, delay.clamp(max=self.most), self.least)  # [B, 1, T]
        whole = delay.floor()
        f = delay - whole
        a, b, c = f + 1.0, f - 1.0, f - 2.0
        taps = torch.stack([a * f * b / 6.0, -a * f * c / 2.0, a * b * c / 2.0, -f * b * c / 6.0], dim=3)
        back = whole.long()
        piece = frames if self.feedback == 0.0 else int(back.min()) - 1
        if piece < self.few and piece < frames:
            return self.one_by_one(x, back, taps)
        line = torch.cat([self.memory, x.double()], dim=2)  # what is played back is added when it is known
        at = torch.arange(frames, device=x.device) + before - 2 - back  # [B, 1, T]
        at = (at.unsqueeze(3) + torch.arange(4, device=x.device)).expand(-1, x.size(1), -1, -1)
        last, made = self.other, [line[:, :, :0]]
        for start in range(0, frames, piece):
            stop = min(start + piece, frames)
            read = line.gather(2, at[:, :, start:stop].flatten(2)).view(x.size(0), x.size(1), stop - start, 4)
            rows = (read * taps[:, :, start:stop]).sum(3)
            y, after = self.smooth(rows.reshape(-1, 1, stop - start), last.reshape(-1, 1))
            y, last = y.view_as(rows), after.view_as(last)
            if self.feedback != 0.0:
                line[:, :, before + start : before + stop] += self.feedback * y
            made.append(y)
        self.memory, self.other = line[:, :, frames:], last
        return torch.cat(made, dim=2).to(x.dtype)

    def one_by_one(self, x: Tensor, back: Tensor, taps: Tensor) -> Tensor:
        """For delays so short that there are no pieces."""
        lines, made = [], []
        for i in range(x.size(0)):
            whole: list[int] = back[i, 0].tolist()
            parts: list[list[float]] = taps[i, 0].tolist()
            for j in range(x.size(1)):
                line: list[float] = self.memory[i, j].tolist()
                row: list[float] = x[i, j].double().tolist()
                last = float(self.other[i, j])
                line, y = echoed(line, row, whole, parts, self.feedback, self.damping, last)
                lines.append(torch.tensor(line[x.size(2) :], dtype=torch.float64, device=x.device))
                made.append(torch.tensor(y, dtype=torch.float64, device=x.device))
        played = torch.stack(made).view(x.size(0), x.size(1), -1)
        self.memory = torch.stack(lines).view(x.size(0), x.size(1), -1)
        self.other = played[:, :, -1]
        return played.to(x.dtype)


class StillDelayLine(nn.Module):
    """With one delay that is a weight."""

    def __init__(self, line: DelayLine):
        super().__init__()
        self.line = line

    @torch.jit.export
    def begin(self, batch: int) -> None:
        """Back to the beginning, for so many sounds."""
        self.line.begin(batch)

    def forward(self, x: Tensor) -> Tensor:
        return self.line(x, self.line.still.expand(x.size(0), 1, x.size(2)))


class DelayNetwork(RememberingTwo):
    """Remembers what is in the lines, each padded to the longest, [B, C, N, longest], and p [B, C, N]."""

    def __init__(self, delays: list[int], history: Tensor, low: Tensor, weights: dict[str, Tensor]):
        longest, parts = max(delays), history.split(delays, dim=2)
        padded = [nn.functional.pad(part, (longest - part.shape[2], 0)) for part in parts]
        super().__init__(torch.stack(padded, dim=2), low)
        self.shortest = min(delays)
        self.register_buffer("delays", torch.tensor(delays)[:, None])
        self.smooth = Damping(weights["damping"])
        for name in ("gains", "inputs", "outputs"):
            self.register_buffer(name, weights[name].double()[:, None])

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, frames = x.size(0), x.size(1), x.size(2)
        count, longest = self.memory.size(2), self.memory.size(3)
        heard = x.double().unsqueeze(2) * self.inputs
        line = torch.cat([self.memory, heard], dim=3)
        at = torch.arange(frames, device=x.device) + longest - self.delays  # [N, T]
        at = at.expand(batch, channels, -1, -1)
        last, made = self.other, [heard[:, :, 0, :0]]
        for start in range(0, frames, self.shortest):
            stop = min(start + self.shortest, frames)
            r = line.gather(3, at[:, :, :, start:stop])
            p, after = self.smooth(r.flatten(0, 1), last.flatten(0, 1))
            last = after.view_as(last)
            f = self.gains * p.view_as(r)
            made.append((self.outputs * f).sum(2))
            line[:, :, :, longest + start : longest + stop] += f - 2.0 / count * f.sum(2, keepdim=True)
        self.memory, self.other = line[:, :, :, frames:], last
        return torch.cat(made, dim=2).to(x.dtype)


def _delay_line(attributes: dict, weights: dict[str, Tensor], starts: list[Tensor]) -> nn.Module:
    line = DelayLine(attributes["most"], *starts, weights)
    return StillDelayLine(line) if "delay" in weights else line


def _delay_network(attributes: dict, weights: dict[str, Tensor], starts: list[Tensor]) -> nn.Module:
    return DelayNetwork(list(attributes["delays"]), *starts, weights)


NODES = {"delay_line": _delay_line, "delay_network": _delay_network}
