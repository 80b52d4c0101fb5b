"""How an instrument is taught: short crops of recordings, played from their pitch and loudness.

Source: Engel et al., "DDSP: Differentiable Digital Signal Processing", ICLR 2020, section 4 and appendix B.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from tonewright.audio.performance import Performance
from tonewright.dsp.loudness import loudness
from tonewright.errors import TrainingError
from tonewright.measure.multi_scale import multi_scale_spectral
from tonewright.models.ddsp.course import Course
from tonewright.models.ddsp.crops import Crops, Item, whole_crops
from tonewright.models.ddsp.model import Instrument
from tonewright.models.ddsp.timbre import centre, set_statistics
from tonewright.models.gradients import ItemGradients

# Of the rate, for the taps of the room: each has so little to do that noise would move it most.
ROOM_RATE = 0.2
DECAY_EXAMPLES = 10_000  # after so many the rate is `decay` times what it was
BAD_STEPS = 10  # not-a-number gradients in a row that end the training
EDGE = 2  # frames at the end of a crop whose loudness is heard in part beyond it
SOFTEST = 2.0  # percent of the frames that are softer are too few to learn from
SILENT_DB = -70.0  # frames below it say nothing of the instrument


class Recipe:
    """Teaches an instrument; the training loop calls `step` and `score`.

    Args:
        model: the instrument; its voice is set to the recordings' pitch and loudness.
        taught, held_out: performances; what is held out is only measured.
        course: how.
        seed: of the crops and of the noise.
        threads: None for all cores.

    Raises:
        TrainingError: the recordings have no pitch, or are too short for a crop or its lead.
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
        frames_per_s = model.config.sample_rate / model.config.hop
        self.lead = round(course.lead_s * frames_per_s)
        frames = self.lead + round(course.crop_s * frames_per_s)
        self.crops = Crops(taught, frames, course.live, seed, course.still)
        room = set() if model.room is None else set(model.room.parameters())
        groups = [([p for p in self.parameters if p not in room], 1.0), (list(room), ROOM_RATE)]
        groups = [{"params": group, "share": share} for group, share in groups if group]
        self.optimiser = torch.optim.AdamW(groups, lr=course.rate, weight_decay=course.weight_decay)
        self.gradients = ItemGradients(self.parameters, threads)
        self.bad = 0
        self._held_out = whole_crops(held_out, frames, self.lead)
        if not self._held_out:
            longest = max((p.seconds for p in held_out), default=0.0)
            raise TrainingError(
                f"what is held out lasts {longest:.1f} s, hardly longer than the lead of a crop, {course.lead_s:g} "
                f"s; record longer pieces, or add --setting lead_s={longest / 2:.1f}"
            )
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
        for group in self.optimiser.param_groups:
            group["lr"] = group["share"] * self._rate(step, steps)
        self.optimiser.step()

    def _rate(self, step: int, steps: int) -> float:
        """Falls by `decay`, and over the second half to nothing, which quietens what the noise of the steps adds."""
        rate = self.course.rate * self.course.decay ** (step * self.course.batch / DECAY_EXAMPLES)
        left = 2 * (steps - step) / steps if steps else 1.0
        return rate * min(1.0, left)

    def _loss(self, item: Item) -> tuple[Tensor, dict[str, float]]:
        share, estimate = len(item.sound) / self.course.batch, self._played(item)
        parts = {"spectral": self._distance(item, estimate) * share}
        if self.course.loudness:
            parts["loudness"] = self._off_db(item, estimate) * (self.course.loudness * share)
        return sum(parts.values()), {name: float(part.detach()) for name, part in parts.items()}

    @torch.no_grad()
    def _measured(self, item: Item) -> float:
        return float(self._distance(item, self._played(item))) * len(item.sound)

    def _played(self, item: Item) -> Tensor:
        """What the model plays instead of the crops, in time with them; their last hop is missing: [B, T - hop]."""
        return play(self.model, self._frames(item), item.seeds)[:, self.model.voice.latency :]

    def _distance(self, item: Item, estimate: Tensor) -> Tensor:
        """The spectral loss behind the lead, a mean over the crops."""
        lead, length = self.lead * self.model.config.hop, estimate.shape[1]
        return multi_scale_spectral(
            item.sound[:, lead:length], estimate[:, lead:], self.model.config.sample_rate
        )

    def _off_db(self, item: Item, estimate: Tensor) -> Tensor:
        """By how many dB the loudness is off, a mean over the frames; those at the end hear beyond it."""
        config, heard = self.model.config, slice(self.lead, -EDGE)
        level = loudness(estimate[:, None], config.sample_rate, config.hop)[:, 0, heard]
        return (level - item.frames[:, 1, :-1][:, heard]).abs().mean()

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
        voice.softest_db.fill_(float(np.percentile(loudness, SOFTEST)))
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
