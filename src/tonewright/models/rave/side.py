"""One side of the game between a decoder and its discriminators."""

import math
from collections.abc import Callable

import torch
from torch import nn

from tonewright.models.gradients import ItemGradients
from tonewright.models.rave.crops import Item

OUTLIER, SLOW = 2.0, 0.95  # so many times the usual norm is the most; how slowly that moves
BETAS = (0.5, 0.9)  # of Adam, as usual where networks play against each other


class Side:
    """One side of the game: its parameters, their gradients item by item, and the optimiser that moves them."""

    def __init__(self, parameters: list[nn.Parameter], rate: float, threads: int | None):
        self.parameters = parameters
        self.gradients = ItemGradients(parameters, threads)
        self.optimiser = torch.optim.Adam(parameters, rate, BETAS, fused=True)
        self.usual = 0.0  # norm of a gradient; 0 before the first

    def step(self, loss: Callable, items: list[Item], rate: float) -> dict[str, float]:
        """One step; the losses. Nothing moves where they are no numbers."""
        gradient, losses = self.gradients(loss, items)
        norm = float(torch.linalg.vector_norm(gradient))
        if not math.isfinite(norm):
            return losses | {"gradient": math.nan}
        gradient *= self._share(norm)
        parts = gradient.split([p.numel() for p in self.parameters])
        for parameter, part in zip(self.parameters, parts, strict=True):
            parameter.grad = part.view(parameter.shape)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        return losses

    def _share(self, norm: float) -> float:
        """What is left of a gradient of that norm. A silent crop that was answered loudly has one a thousand times as
        large as others, after which Adam would take small steps for long.
        """
        norm = max(norm, 1e-12)
        share = min(1.0, OUTLIER * self.usual / norm) if self.usual else 1.0
        self.usual = (self.usual or norm) ** SLOW * (share * norm) ** (1 - SLOW)
        return share

    def state(self) -> dict:
        """All that a resumed training needs."""
        return {"adam": self.optimiser.state_dict(), "usual": self.usual}

    def restore(self, state: dict) -> None:
        """Back to where `state` was taken."""
        self.optimiser.load_state_dict(state["adam"])
        self.usual = state["usual"]
