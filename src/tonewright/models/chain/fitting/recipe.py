"""How a chain is fitted to a dry and a wet sound: read off what can be, begin in many places, go on in the best."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tonewright.layers.modulation import Phasor
from tonewright.models.chain.fitting.knobs import Knobs
from tonewright.models.chain.fitting.newton import Fit, newton
from tonewright.models.chain.fitting.rehearsal import Rehearsal
from tonewright.models.chain.fitting.starts import starts
from tonewright.models.chain.model import Chain
from tonewright.models.chain.search.response import learned_response

GAINS = ("gain.gain_db", "makeup_db")


@dataclass(frozen=True)
class Course:
    """How much is tried. The defaults fit a chain of three in some seconds.

    Attributes:
        starts: places to begin in, of which most are only listened to.
        excerpt_s: of sound that the first rounds hear, in seconds.
        tried, tried_steps: the best of the starts go on for so many steps on the excerpt.
        kept, steps: and the best of those on all of the sound.
        longest_s: of sound that a fit hears at most, in seconds.
    """

    starts: int = 64
    excerpt_s: float = 0.75
    tried: int = 12
    tried_steps: int = 8
    kept: int = 3
    steps: int = 40
    longest_s: float = 20.0


class Recipe:
    """Finds the settings of a chain.

    Args:
        chain: whose settings are to be found; it is left with the best.
        dry, wet: [C, T] each, float, lined up.
        fixed: places that stay as they are, "compressor.ratio".
        seed: of the starts.
        course: how much is tried.
        listener: is told how far it is, 0 to 1, and the best error-to-signal ratio so far.
    """

    def __init__(
        self,
        chain: Chain,
        dry: Tensor,
        wet: Tensor,
        fixed: tuple[str, ...] = (),
        seed: int = 0,
        course: Course = Course(),
        listener: Callable[[float, float], None] = lambda done, esr: None,
    ):
        self.chain, self.course, self.seed, self.listener = chain.double(), course, seed, listener
        longest = round(course.longest_s * chain.config.sample_rate)
        self.dry, self.wet = dry.double()[:, :longest], wet.double()[:, :longest]
        self.knobs = Knobs(chain, fixed)
        self.best = Fit(self.knobs.read(), np.inf)

    def run(self) -> Fit:
        """Everything, from reading off to the last step."""
        self._find_responses()
        excerpt = self._excerpt()
        begun = self._listened(excerpt)
        tried = []
        for number, (positions, choices) in enumerate(begun[: self.course.tried]):
            self.chain.set(choices)
            fit = newton(self._rehearsal(*excerpt), self._target(*excerpt), positions, self.course.tried_steps, 1e-4)
            tried.append((fit.esr, number, fit.positions, choices))
            self.listener(0.5 * (number + 1) / self.course.tried, min(row[0] for row in tried))
        tried.sort(key=lambda row: row[:2])
        ends = []
        whole = (0, self.dry.shape[-1])
        for number, (_, _, positions, choices) in enumerate(tried[: self.course.kept]):
            self.chain.set(choices)
            fit = newton(self._rehearsal(*whole), self._target(*whole), positions, self.course.steps, 1e-8)
            ends.append((fit.esr, number, fit, choices))
            self.listener(0.5 + 0.5 * (number + 1) / self.course.kept, min(row[0] for row in ends))
            if fit.esr < 1e-9:
                break
        _, _, self.best, choices = min(ends, key=lambda row: row[:2])
        self.chain.set(choices)
        self.knobs.write(self.best.positions)
        return self.best

    def _listened(self, excerpt: tuple[int, int]):
        """All starts, the best first, with a gain of theirs set so that the level fits."""
        rehearsal, wet = self._rehearsal(*excerpt), self._target(*excerpt)
        energy, rows = float(wet.square().sum()) or 1.0, []
        for number, (positions, choices) in enumerate(starts(self.knobs, self.dry, self.wet, self.course.starts, self.seed)):
            self.chain.set(choices)
            y = rehearsal.play(positions)
            factor = float((y * wet).sum() / y.square().sum().clamp_min(1e-30))
            positions, left = self._louder(positions, factor)
            error = float((left * y - wet).square().sum()) / energy
            if np.isfinite(error):
                rows.append((error, number, positions, choices))
        rows.sort(key=lambda row: row[:2])
        return [(positions, choices) for _, _, positions, choices in rows]

    def _louder(self, positions: np.ndarray, factor: float) -> tuple[np.ndarray, float]:
        """The positions with the last gain of the chain moved by that factor, and the factor that this makes."""
        for index in reversed(range(len(self.knobs))):
            place = self.knobs.places[index]
            if place.setting.name in ("gain_db", "makeup_db") and place.processor.startswith(("gain", "comp", "limit")):
                if factor <= 1e-4:
                    return positions, 1.0
                setting, moved = place.setting, positions.copy()
                moved[index] += 20.0 * np.log10(factor) / (setting.high - setting.low)
                return self.knobs.within(moved), factor
        return positions, 1.0

    def _excerpt(self) -> tuple[int, int]:
        """The loudest stretch of excerpt_s, with a little before it."""
        length = min(round(self.course.excerpt_s * self.chain.config.sample_rate), self.dry.shape[-1])
        power = torch.cumsum(torch.nn.functional.pad(self.wet.square().sum(0), (1, 0)), 0)
        start = int(torch.argmax(power[length:] - power[:-length]))
        return start, start + length

    def _rehearsal(self, start: int, end: int) -> Rehearsal:
        for part in self.chain.modules():
            if isinstance(part, Phasor):
                part.start = start - self.chain.settle
        return Rehearsal(self.chain, self.dry[:, start:end], self.knobs)

    def _target(self, start: int, end: int) -> Tensor:
        return self.wet[:, start:end]

    def _find_responses(self) -> None:
        """What a response has to do, when the rest of the chain does nothing."""
        for processor in self.chain.processors.values():
            if processor.kind == "response":
                taps = learned_response(self.dry, self.wet, min(processor.size, self.dry.shape[-1]))
                with torch.no_grad():
                    processor.panel.taps.zero_()
                    processor.panel.taps[: len(taps)].copy_(taps)
