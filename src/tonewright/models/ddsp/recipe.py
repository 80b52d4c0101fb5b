"""How an instrument is taught: short crops of recordings, played from their pitch and loudness.

Source: Engel et al., "DDSP: Differentiable Digital Signal Processing", ICLR 2020, section 4 and appendix B.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tonewright.audio.performance import Performance
from tonewright.errors import ConfigError, TrainingError
from tonewright.measure.multi_scale import multi_scale_spectral
from tonewright.models.ddsp.crops import Crops, Item, whole_crops
from tonewright.models.ddsp.model import Instrument
from tonewright.models.ddsp.timbre import centre, set_statistics
from tonewright.models.gradients import ItemGradients

DECAY_EXAMPLES = 10_000  # after so many the rate is `decay` times what it was
BAD_STEPS = 10  # not-a-number gradients in a row that end the training
SILENT_DB = -70.0  # frames below it say nothing of the instrument


@dataclass(frozen=True)
class Course:
    """What is made small, and how fast.

    Attributes:
        batch: crops of a step.
        crop_s: their length in seconds.
        rate: size of the steps of Adam.
        decay: of the rate, for every 10,000 examples.
        clip: largest norm of a gradient.
        live: share of the crops that are played from the pitch that the live tracker hears, where it is not far off,
            so that its small errors surprise nobody.
        still: share of the crops whose timbre, if they have any, stands still at its mean, as that of an instrument
            whose knobs nobody moves.
        together: crops that one thread plays at once; part of the result, to the last bit.
    """

    batch: int = 16
    crop_s: float = 4.0
    rate: float = 1e-3
    decay: float = 0.98
    clip: float = 3.0
    live: float = 0.25
    still: float = 0.5
    together: int = 4

    def __post_init__(self):
        if not (1 <= self.batch <= 1024 and 1 <= self.together <= 1024):
            raise ConfigError(f"batch and together are 1 to 1024, and not {self.batch} and {self.together}")
        if not 0.2 <= self.crop_s <= 60.0:
            raise ConfigError(f"crop_s is 0.2 to 60 seconds, and not {self.crop_s:g}")
        shares = 0.0 <= self.live <= 1.0 and 0.0 <= self.still <= 1.0
        if not (0.0 < self.rate < 1.0 and 0.0 < self.decay <= 1.0 and self.clip > 0.0 and shares):
            raise ConfigError("rate, decay, live and still are within 0 and 1, and clip is above 0")


class Recipe:
    """Teaches an instrument; the training loop calls `step` and `score`.

    Args:
        model: the instrument; its voice is set to the recordings' pitch and loudness.
        taught, held_out: performances; what is held out is only measured.
        course: how.
        seed: of the crops and of the noise.
        threads: None for all cores.
    """

    def __init__(
        self,
        model: Instrument,
        taught: list[Performance],
        held_out: list[Performance],
        course: Course = Course(),
        seed: int = 0,
        threads: int | None = None,
    ):
        self.model, self.course = model, course
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        frames = round(course.crop_s * model.config.sample_rate / model.config.hop)
        self.crops = Crops(taught, frames, course.live, seed, course.still)
        self.optimiser = torch.optim.Adam(self.parameters, lr=course.rate)
        self.gradients = ItemGradients(self.parameters, threads)
        self.bad = 0
        self._held_out = whole_crops(held_out, frames)
        self._set_statistics(taught)

    def step(self, step: int, steps: int) -> dict[str, float]:
        """Improve the model once; the losses by name, each as a mean over the crops.

        Raises:
            TrainingError: when ten steps in a row give no number.
        """
        items = self.crops.batch(step, self.course.batch, self.course.together)
        gradient, losses = self.gradients(self._loss, items)
        norm = float(torch.linalg.vector_norm(gradient))
        finite = math.isfinite(norm) and all(map(math.isfinite, losses.values()))
        self.bad = 0 if finite else self.bad + 1
        if self.bad == BAD_STEPS:
            raise TrainingError(
                f"the last {BAD_STEPS} steps gave no number (NaN); teach more slowly with "
                f"--setting rate={self.course.rate / 3:.0e}"
            )
        if not self.bad:
            self._move(gradient * min(1.0, self.course.clip / max(norm, 1e-12)), step, steps)
        return losses

    def score(self) -> float:
        """The multi-scale spectral loss on what is held out."""
        sums = self.gradients.map(self._measured, self._held_out)
        count = sum(len(item.sound) for item in self._held_out)
        return math.fsum(sums) / count

    def finish(self) -> None:
        """Once the best weights are in place: knobs of timbre at 0 become the typical timbre of what was taught."""
        if self.model.encoder is not None:
            crops = whole_crops(self.crops.taught, self.crops.frames)
            rows = self.gradients.map(lambda crop: self._sounding(self.model.encoder, crop), crops)
            centre(self.model.voice, rows)

    def state(self) -> dict:
        """All that a resumed training needs: tensors and numbers."""
        return {"model": self.model.state_dict(), "adam": self.optimiser.state_dict(), "bad": self.bad}

    def restore(self, state: dict) -> None:
        """Back to where `state` was taken."""
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["adam"])
        self.bad = state["bad"]

    def _move(self, gradient: Tensor, step: int, steps: int) -> None:
        parts = gradient.split([p.numel() for p in self.parameters])
        for parameter, part in zip(self.parameters, parts, strict=True):
            parameter.grad = part.view(parameter.shape)
        self.optimiser.param_groups[0]["lr"] = self._rate(step, steps)
        self.optimiser.step()

    def _rate(self, step: int, steps: int) -> float:
        """Falls by `decay`, and over the last fifth to nothing, which quietens what the noise of the steps adds."""
        rate = self.course.rate * self.course.decay ** (step * self.course.batch / DECAY_EXAMPLES)
        left = (steps - step) / (0.2 * steps) if steps else 1.0
        return rate * min(1.0, left)

    def _loss(self, item: Item) -> tuple[Tensor, dict[str, float]]:
        share = len(item.sound) / self.course.batch
        loss = self._distance(item) * share
        return loss, {"spectral": float(loss.detach())}

    @torch.no_grad()
    def _measured(self, item: Item) -> float:
        return float(self._distance(item)) * len(item.sound)

    def _distance(self, item: Item) -> Tensor:
        """Between the recording and what the model plays, a mean over the crops of the item."""
        estimate = play(self.model, self._frames(item), item.seeds)
        late = self.model.voice.latency
        target = item.sound[:, : item.sound.shape[1] - late]
        return multi_scale_spectral(target, estimate[:, late:], self.model.config.sample_rate)

    def _frames(self, item: Item) -> Tensor:
        """What the voice plays: pitch, loudness, and the timbre that is heard in the recording, if it has any."""
        if self.model.encoder is None:
            return item.frames
        timbre = self.model.encode(item.sound[:, None])
        if item.still is not None:
            timbre = torch.where(item.still[:, None, None], timbre.mean(-1, keepdim=True), timbre)
        return torch.cat([item.frames, timbre], dim=1)

    @staticmethod
    @torch.no_grad()
    def _sounding(heard: Callable[[Tensor], Tensor], item: Item) -> Tensor:
        """What is heard in the sound of one crop, in the frames that are not silent: [rows, frames]."""
        return heard(item.sound[:, None])[0, :, item.frames[0, 1] > SILENT_DB]

    def _set_statistics(self, taught: list[Performance]) -> None:
        """The means and spreads by which the decoder hears pitch and loudness, and the encoder the sound.

        Raises:
            TrainingError: when there is no pitch, or nothing is loud enough to be one.
        """
        voice, heard = self.model.voice, [p.loudness_db > SILENT_DB for p in taught]
        octaves = np.concatenate([np.log2(p.f0_hz[p.voiced]) for p in taught])
        loudness = np.concatenate([p.loudness_db[h] for p, h in zip(taught, heard, strict=True)])
        if not (len(octaves) and len(loudness)):
            raise TrainingError(
                "nothing in the recordings has a pitch; an instrument is recorded alone, one note at a time"
            )
        for name, values in (("pitch", octaves), ("loudness", loudness)):
            getattr(voice, f"{name}_mean").fill_(float(values.mean()))
            getattr(voice, f"{name}_spread").fill_(max(float(values.std()), 1e-3))
        if (encoder := self.model.encoder) is not None:
            crops = whole_crops(self.crops.taught, self.crops.frames)
            rows = self.gradients.map(lambda crop: self._sounding(encoder.cepstra, crop), crops)
            set_statistics(encoder, rows)


def play(model: Instrument, frames: Tensor, seeds: Tensor) -> Tensor:
    """What the voice and the room make of frames [B, rows, F], as crops that begin in silence: [B, F * hop].

    Args:
        model: the instrument.
        frames: f0_hz, loudness_db and timbre.
        seeds: of the noise, [B] int64.
    """
    voice, room = model.voice, model.room
    y, _ = voice(frames, voice.initial_state(len(frames), seeds))
    if room is not None:
        y, _ = room(y, room.initial_state(len(frames)))
    return y[:, 0]
