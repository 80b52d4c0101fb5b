"""A chain, played over one sound again and again while its settings change."""

import numpy as np
import torch
from torch import Tensor

from tonewright.models.chain.fitting.knobs import Knobs
from tonewright.models.chain.model import Chain

NUDGE = 1e-6  # of a range: far above the rounding of doubles, far below what bends


class Rehearsal:
    """What a chain in float64 makes of a dry sound, lined up with it, and how that changes with each setting.

    Between two answers only what changed is played: every processor's input is remembered.

    Args:
        chain: in float64.
        dry: [B, C, T] float64, B stretches that have nothing to do with each other.
        knobs: what is free.
    """

    def __init__(self, chain: Chain, dry: Tensor, knobs: Knobs):
        self.chain, self.knobs = chain, knobs
        silence = dry.new_zeros
        ahead, behind = (silence(*dry.shape[:2], count) for count in (chain.settle, chain.latency))
        self.sounds = [torch.cat([ahead, dry, behind], dim=-1)]  # what each processor hears
        self.skip = chain.settle + chain.latency

    @torch.no_grad()
    def play(self, positions: np.ndarray | None = None) -> Tensor:
        """The answer [B, C, T], at these positions or where the chain is."""
        if positions is not None:
            self.knobs.write(positions)
        del self.sounds[1:]
        for link in range(len(self.chain.processors)):
            self.sounds.append(self._through(link, self.sounds[-1]))
        return self.sounds[-1][..., self.skip :]

    @torch.no_grad()
    def slopes(self, positions: np.ndarray) -> Tensor:
        """By how much the answer, as `play` last gave it for these positions, changes with each: [K, B, C, T]."""
        now = self.sounds[-1][..., self.skip :]
        rows = []
        for index, position in enumerate(positions):
            nudge = -NUDGE if position > 0.5 else NUDGE
            self.knobs.write_one(index, position + nudge)
            rows.append((self._from(self.knobs.places[index].link) - now) / nudge)
            self.knobs.write_one(index, position)
        return torch.stack(rows)

    def _from(self, link: int) -> Tensor:
        """The answer when only the processors from this one on are played."""
        x = self.sounds[link]
        for later in range(link, len(self.chain.processors)):
            x = self._through(later, x)
        return x[..., self.skip :]

    def _through(self, link: int, x: Tensor) -> Tensor:
        processor = list(self.chain.processors.values())[link]
        return processor(x, processor.initial_state(len(x)))[0]
