"""How a capture is taught: from crops of a dry/wet pair, to give the wet when it hears the dry."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tonewright.audio.pairs import Crop, Crops, Pair, crop
from tonewright.errors import TrainingError
from tonewright.measure.losses import multi_resolution_stft, pre_emphasis
from tonewright.models.base import Model
from tonewright.models.gradients import ItemGradients
from tonewright.models.soap import Soap

# The answer [n] to a condition [1 + K, settle + n], the input above the knobs, of all weights in one row [P].
Answer = Callable[[Tensor, Tensor], Tensor]

WARM_UP = 20  # steps until the first rate is reached; SOAP's bases are poor before
BAD_STEPS = 10  # not-a-number gradients in a row that end the training


@dataclass(frozen=True)
class Teaching:
    """What is made small, and how fast.

    Many small steps beat few large ones here: at equal time a batch of 2 ends far below a batch of 8, because SOAP
    is held back by the number of its steps and not by their noise (benchmarks/RESULTS.md, "Optimiser").

    Attributes:
        batch: crops per step.
        crop: samples of a crop, without its context.
        rate: the largest step size; it falls to nothing on a half cosine.
        clip: largest norm of a gradient.
        emphasis, dc, stft: weights of the pre-emphasised error, of the offset and of the multi-resolution STFT
            beside the plain error-to-signal ratio.
    """

    batch: int = 2
    crop: int = 4096
    rate: float = 1e-2
    clip: float = 1.0
    emphasis: float = 0.25
    dc: float = 0.25
    stft: float = 0.0


class Supervised:
    """The recipe of every model that is taught from pairs; the loop calls `step` and `score`.

    Args:
        model: with `head_scale`, the factor on its output.
        taught, held_out: pairs; what is held out is only measured.
        teaching: the settings.
        seed: of the crops.
        threads: None for all cores.
        answer: plays the model and differentiates it faster than torch; None where torch does it.

    Attributes:
        model: what is taught.
    """

    def __init__(
        self,
        model: Model,
        taught: list[Pair],
        held_out: list[Pair],
        teaching: Teaching = Teaching(),
        seed: int = 0,
        threads: int | None = None,
        answer: Answer | None = None,
    ):
        self.model, self.teaching, self.answer = model, teaching, answer
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.knobs = tuple(port.name for port in model.ports)
        self.crops = self._crops(taught, seed)
        self.energy = mean_square([pair.wet for pair in taught])
        self.emphasised_energy = mean_square([pre_emphasis(torch.from_numpy(pair.wet)) for pair in taught])
        self.gradients = ItemGradients(self.parameters, threads)
        self.soap = Soap(self.parameters)
        self.bad = 0
        self._held_out = self._measured(held_out)
        self._set_level(taught)

    def step(self, step: int, steps: int) -> dict[str, float]:
        """Improve the model once; the losses by name, each as a mean over the crops.

        Args:
            step: from 0.
            steps: that there will be; 0 while nobody knows.

        Raises:
            TrainingError: when ten steps in a row give no number.
        """
        items = self._items(step, steps)
        weights = self._weights()
        leaf = None if weights is None else weights.requires_grad_()
        gradient, losses = self.gradients(lambda item: self._loss(item, leaf), items, leaf)
        norm = float(torch.linalg.vector_norm(gradient))
        if math.isfinite(norm):
            self.bad = 0
            scale = min(1.0, self.teaching.clip / max(norm, 1e-12))
            self.soap.step(gradient * scale, self._rate(step, steps))
        else:
            self.bad += 1
        if self.bad == BAD_STEPS:
            raise TrainingError(
                f"the last {BAD_STEPS} steps gave no number (NaN); check the recordings with 'tonewright check', "
                f"or teach more slowly with --rate {self.teaching.rate / 3:.0e}"
            )
        return losses

    def score(self) -> float:
        """The error-to-signal ratio on what is held out."""
        weights = self._weights()
        sums = self.gradients.map(lambda item: self._error(item, weights), self._held_out)
        error, energy = (math.fsum(column) for column in zip(*sums, strict=True))
        return error / energy if energy > 0 else math.nan

    def state(self) -> dict:
        """All that a resumed training needs: tensors and numbers."""
        soap = {"soap": self.soap.state, "soap_steps": self.soap.steps}
        return {"model": self.model.state_dict(), "bad": self.bad, **soap}

    def restore(self, state: dict) -> None:
        """Back to where `state` was taken."""
        self.model.load_state_dict(state["model"])
        self.soap.state, self.soap.steps = state["soap"], state["soap_steps"]
        self.bad = state["bad"]

    def _crops(self, taught: list[Pair], seed: int):
        """Where the items of a step come from."""
        return Crops(taught, self.knobs, self.model.settle, self.teaching.crop, seed)

    def _items(self, step: int, steps: int) -> list:
        """What this step learns from: of each item a thread computes the gradient."""
        return self.crops.batch(step, self.teaching.batch)

    def _set_level(self, taught: list[Pair]) -> None:
        """The network's own output is of order one; the device's level is whatever it is."""
        self.model.head_scale.fill_(0.16 * math.sqrt(self.energy))

    def _rate(self, step: int, steps: int) -> float:
        """A short rise, then half a cosine down to nothing; level while nobody knows the number of steps."""
        warm = min(1.0, (step + 1) / WARM_UP)
        return self.teaching.rate * warm * (0.5 * (1 + math.cos(math.pi * step / steps)) if steps else 1.0)

    def _weights(self) -> Tensor | None:
        """All weights in one row, for `answer`."""
        if self.answer is None:
            return None
        return torch.cat([parameter.detach().reshape(-1) for parameter in self.parameters])

    def _play(self, item: Crop, weights: Tensor | None) -> Tensor:
        """The model's answer to a crop, without the context: [n]."""
        if weights is not None:
            rows = [item.dry, *(np.full_like(item.dry, value) for value in item.knobs)]
            return self.answer(torch.from_numpy(np.stack(rows)), weights)
        x = torch.from_numpy(item.dry)[None, None]
        knobs = {name: torch.full_like(x, value) for name, value in zip(self.knobs, item.knobs, strict=True)}
        y, _ = self.model(x, self.model.initial_state(1), **knobs)
        return y[0, 0, self.model.settle :]

    def _loss(self, item: Crop, weights: Tensor | None) -> tuple[Tensor, dict[str, float]]:
        estimate, target = self._play(item, weights), torch.from_numpy(item.wet)
        parts = self._parts(estimate[None], target[None], torch.from_numpy(item.weight)[None])
        share = 1 / self.teaching.batch
        return sum(parts.values()) * share, {
            name: float(part.detach()) * share for name, part in parts.items()
        }

    def _parts(self, estimate: Tensor, target: Tensor, weight: Tensor) -> dict[str, Tensor]:
        """The losses of sounds [B, n] by name, each a mean over the sounds."""
        settings, error = self.teaching, (estimate - target) * weight
        parts = {"esr": error.square().mean() / self.energy}
        if settings.emphasis:
            emphasised = pre_emphasis(error).square().mean() / self.emphasised_energy
            parts["emphasis"] = emphasised * settings.emphasis
        if settings.dc:
            parts["dc"] = error.mean(-1).square().mean() / self.energy * settings.dc
        if settings.stft:
            parts["stft"] = multi_resolution_stft(target * weight, estimate * weight) * settings.stft
        return parts

    def _measured(self, pairs: list[Pair]) -> list[Crop]:
        """Crops that tile up to ten seconds of what is held out, spread over all of it."""
        length, context = 16384, self.model.settle
        tiles = [(pair, start) for pair in pairs for start in range(pair.lead, len(pair.dry), length)]
        count = min(len(tiles), max(1, 10 * pairs[0].sample_rate // length))
        chosen = [tiles[i * len(tiles) // count] for i in range(count)]
        return [
            crop(pair, tuple(pair.knobs[k] for k in self.knobs), start, context, length)
            for pair, start in chosen
        ]

    @torch.no_grad()
    def _error(self, item: Crop, weights: Tensor | None) -> tuple[float, float]:
        target, weight = torch.from_numpy(item.wet).double(), torch.from_numpy(item.weight)
        error = (self._play(item, weights) - target) * weight
        return float(error.square().sum()), float((target * weight).square().sum())


def mean_square(sounds) -> float:
    """Power of the samples of several sounds, at least 1e-12."""
    total = sum(float((torch.as_tensor(sound).double() ** 2).sum()) for sound in sounds)
    return max(total / sum(len(sound) for sound in sounds), 1e-12)
