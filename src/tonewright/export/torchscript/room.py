"""Long filters, by transforms: a response is cut into parts as long as a piece of the sound."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.export.torchscript.remembering import Remembering, many

PIECE = 1024  # samples; a response of so many taps is summed up as it is


class ShortFir(Remembering):
    """Of few taps."""

    def __init__(self, response: Tensor, start: Tensor):
        super().__init__(start)
        self.register_buffer("taps", response.flip(0)[None, None])

    def forward(self, x: Tensor) -> Tensor:
        heard = torch.cat([self.memory, x], dim=2)
        self.memory = heard[:, :, x.size(2) :]
        return F.conv1d(heard.flatten(0, 1).unsqueeze(1), self.taps).view_as(x)


class LongFir(nn.Module):
    """Of many.

    The first PIECE taps hear the sound as it comes. All later ones hear what is at least a piece old: whenever a
    piece is complete, they are summed up for all of the next. Remembers the last piece and what came of this one, the
    spectra of earlier ones with the latest first, and what the later taps will add to this piece.
    """

    def __init__(self, response: Tensor, start: Tensor):
        super().__init__()
        self.piece = PIECE
        parts = F.pad(response, (0, -len(response) % PIECE)).view(-1, PIECE)
        self.register_buffer("head", parts[0])
        self.register_buffer("tail", torch.fft.rfft(parts[1:], 2 * PIECE))
        past = F.pad(start, (len(self.tail) * PIECE + PIECE - start.shape[2], 0))  # [1, C, ...] whole pieces
        pieces = past.unfold(2, 2 * PIECE, PIECE)
        self.register_buffer("first_recent", past[:, :, -PIECE:].contiguous())
        self.register_buffer("first_spectra", torch.fft.rfft(pieces).flip(2).contiguous())
        self.register_buffer("first_later", self.summed(self.first_spectra))
        self.register_buffer("recent", self.first_recent)
        self.register_buffer("spectra", self.first_spectra)
        self.register_buffer("later", self.first_later)

    @torch.jit.export
    def begin(self, batch: int) -> None:
        """Back to the beginning, for so many sounds."""
        self.recent = many(self.first_recent, batch)
        self.spectra = many(self.first_spectra, batch)
        self.later = many(self.first_later, batch)

    def forward(self, x: Tensor) -> Tensor:
        made, start = [], 0
        while start < x.size(2):
            come = self.recent.size(2) - self.piece
            count = min(self.piece - come, x.size(2) - start)
            self.recent = torch.cat([self.recent, x[:, :, start : start + count]], dim=2)
            y = self.early(count) + self.later[:, :, come : come + count]
            made.append(y)
            if come + count == self.piece:
                spectrum = torch.fft.rfft(self.recent).unsqueeze(2)
                self.spectra = torch.cat([spectrum, self.spectra[:, :, :-1]], dim=2)
                self.later = self.summed(self.spectra)
                self.recent = self.recent[:, :, self.piece :]
            start += count
        return torch.cat(made, dim=2)

    def early(self, count: int) -> Tensor:
        """What the first taps make of the last `count` samples."""
        heard = self.recent[:, :, self.recent.size(2) - count - self.piece + 1 :]
        size = 2 * self.piece if 2 * count > self.piece else self.piece + self.piece // 2
        spectrum = torch.fft.rfft(heard, size) * torch.fft.rfft(self.head, size)
        return torch.fft.irfft(spectrum, size)[:, :, self.piece - 1 : self.piece - 1 + count]

    def summed(self, spectra: Tensor) -> Tensor:
        """What the later taps make of the pieces before, for all of the next."""
        return torch.fft.irfft((spectra * self.tail).sum(2), 2 * self.piece)[:, :, self.piece :]


def _long_fir(attributes: dict, weights: dict[str, Tensor], starts: list[Tensor]) -> nn.Module:
    make = ShortFir if attributes["taps"] <= PIECE else LongFir
    return make(weights["response"], starts[0])


NODES = {"long_fir": _long_fir}
