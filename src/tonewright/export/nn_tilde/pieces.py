"""What stands between nn~ and a model: knobs that move, blocks of any length, and the halves of a timbre.

All of it is compiled by torch.jit.script.
"""

import torch
from torch import Tensor, nn

from tonewright.models.base import Port


class Knobs(nn.Module):
    """Controls on straight ways to where they were set. A value beyond the range is its end, and NaN is nothing.

    For nn~ throws words at what it does not expect, which nobody catches: so a setter never fails.
    """

    def __init__(self, ports: tuple[Port, ...], sample_rate: int):
        super().__init__()
        for name, values in {
            "length": [max(1, round(port.smoothing_ms * sample_rate / 1000)) for port in ports],
            "low": [port.minimum for port in ports],
            "high": [port.maximum for port in ports],
            "start": [port.default for port in ports],
        }.items():
            self.register_buffer(name, torch.tensor(values, dtype=torch.float64))
        self.register_buffer("end", self.start)
        self.register_buffer("done", self.length)

    def forward(self, batch: int, count: int) -> Tensor:
        """The next values, [batch, P, count]."""
        steps = torch.arange(1, count + 1, device=self.done.device)
        part = ((self.done[:, None] + steps) / self.length[:, None]).clamp(max=1.0)
        rows = self.start[:, None] + (self.end - self.start)[:, None] * part
        self.done = torch.minimum(self.done + count, self.length)
        return rows.float().unsqueeze(0).expand(batch, -1, -1)

    @torch.jit.export
    def value(self, i: int) -> float:
        """Where a control is, or is going."""
        return float(self.end[i])

    @torch.jit.export
    def turn(self, i: int, value: float) -> int:
        """Let a control move to a value; 0, by which nn~ knows that it went well."""
        one = torch.arange(self.end.size(0), device=self.end.device) == i
        here = self.start + (self.end - self.start) * (self.done / self.length)
        wanted = torch.full_like(self.end, value)
        goal = torch.minimum(torch.maximum(wanted, self.low), self.high)
        goal = torch.where(torch.isnan(wanted), self.end, goal)
        self.start = torch.where(one, here, self.start)
        self.end = torch.where(one, goal, self.end)
        self.done = torch.where(one, torch.zeros_like(self.done), self.done)
        return 0


class Turned(nn.Module):
    """A model with its knobs, which are some of all `knobs`: x [B, inputs, T] to y [B, outputs, T]."""

    def __init__(self, model: torch.jit.ScriptModule, knobs: torch.jit.ScriptModule, which: list[int]):
        super().__init__()
        self.model, self.knobs = model, knobs
        self.register_buffer("which", torch.tensor(which, dtype=torch.int64))

    @torch.jit.export
    def begin(self, batch: int) -> None:
        """Back to the beginning, for so many sounds."""
        self.model.begin(batch)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x, self.knobs(x.size(0), x.size(2))[:, self.which])


class Reblocked(nn.Module):
    """Blocks of any length for what takes multiples of `block`.

    As long as all blocks are such multiples, nothing waits. From the first on that is none, what comes out is
    block - 1 samples later.
    """

    def __init__(self, inner: torch.jit.ScriptModule, block: int, inputs: int, outputs: int):
        super().__init__()
        self.inner, self.block, self.outputs, self.late = inner, block, outputs, False
        self.register_buffer("waiting", torch.zeros(1, inputs, 0))
        self.register_buffer("ready", torch.zeros(1, outputs, 0))

    @torch.jit.export
    def begin(self, batch: int) -> None:
        """Back to the beginning, for so many sounds."""
        self.inner.begin(batch)
        self.waiting = self.waiting.new_zeros([batch, self.waiting.size(1), 0])
        self.ready = self.ready.new_zeros([batch, self.outputs, 0])
        self.late = False

    def forward(self, x: Tensor) -> Tensor:
        if x.size(0) != self.waiting.size(0):
            self.begin(x.size(0))
        count = x.size(2)
        if not self.late and count % self.block != 0:
            self.late = True
            self.ready = self.ready.new_zeros([x.size(0), self.outputs, self.block - 1])
        heard = torch.cat([self.waiting, x], dim=2)
        whole = heard.size(2) // self.block * self.block
        ready = self.ready
        if whole > 0:
            ready = torch.cat([ready, self.inner(heard[:, :, :whole])], dim=2)
        self.waiting, self.ready = heard[:, :, whole:], ready[:, :, count:]
        return ready[:, :, :count]


class Halves(nn.Module):
    """A timbre: `encode`, `decode`, and both one after the other with the knobs added to the latents.

    Of the latents, as many are played as hold the share `fidelity` of what varies.
    """

    def __init__(
        self,
        encoder: torch.jit.ScriptModule,
        decoder: torch.jit.ScriptModule,
        knobs: torch.jit.ScriptModule,
        moved: int,
        hop: int,
        variance: Tensor,
        fidelity: float,
    ):
        super().__init__()
        self.encoder, self.decoder, self.knobs, self.moved, self.hop = encoder, decoder, knobs, moved, hop
        held = variance.double().cumsum(0)
        self.register_buffer("held", held / held[-1])
        self.share = fidelity

    @torch.jit.export
    def begin(self, batch: int) -> None:
        """Back to the beginning, for so many sounds."""
        self.encoder.begin(batch)
        self.decoder.begin(batch)

    @torch.jit.export
    def fidelity(self) -> float:
        """The share that is played."""
        return self.share

    @torch.jit.export
    def set_fidelity(self, share: float) -> int:
        """Play so much; 0, by which nn~ knows that it went well."""
        if share > 1.0:
            self.share = 1.0
        elif share <= 1.0:  # and not where it is no number, of which TorchScript 2.5 cannot be asked
            self.share = max(share, 0.0)
        return 0

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        """Sound [B, 1, T] to latents [B, latent, T / hop]."""
        return self.encoder(x, x[:, :0])

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        """Latents [B, latent, F] to sound [B, 1, F hop]."""
        played = torch.arange(z.size(1), device=z.device) <= (self.held < self.share - 1e-9).sum()
        return self.decoder(torch.where(played[:, None], z, torch.zeros_like(z)), z[:, :0])

    def forward(self, x: Tensor) -> Tensor:
        z = self.encode(x)
        if self.moved > 0:
            moved = self.knobs(x.size(0), x.size(2))[:, :, self.hop - 1 :: self.hop]
            z = torch.cat([z[:, : self.moved] + moved, z[:, self.moved :]], dim=1)
        return self.decode(z)
