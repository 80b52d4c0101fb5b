"""How a chain is fitted to a dry and a wet sound: read off what can be, begin in many places, go on in the best."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tonewright.layers.modulation import Phasor
from tonewright.models.chain.fitting.knobs import Knobs
from tonewright.models.chain.fitting.newton import Fit, Goal, newton
from tonewright.models.chain.fitting.rehearsal import Rehearsal
from tonewright.models.chain.fitting.starts import starts
from tonewright.models.chain.model import Chain
from tonewright.models.chain.search.response import learned_response

SOLVED = 1e-6  # an error-to-signal ratio at which no other start is asked


@dataclass(frozen=True)
class Round:
    """A round of a search: the best so far go on for some steps.

    Attributes:
        tried: how many of them.
        steps: at most.
        seconds: of sound that they hear, of each stretch; 0 for all.
        emphasis: of the treble of what is compared, 0 to 1.
        pull: towards what does nothing.
    """

    tried: int
    steps: int
    seconds: float
    emphasis: float
    pull: float


@dataclass(frozen=True)
class Course:
    """How much is tried. The defaults fit a chain of three in some seconds.

    Attributes:
        starts: places to begin in, to which the first round only listens.
        rounds: what the best of them go through.
        longest_s: of sound that a fit hears at most, in seconds.
    """

    starts: int = 96
    rounds: tuple[Round, ...] = (
        Round(24, 5, 0.2, 0.95, 1e-3),
        Round(10, 8, 0.4, 0.95, 1e-4),
        Round(4, 12, 0.8, 0.95, 1e-5),
        Round(2, 40, 0.0, 0.0, 1e-8),
    )
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
        ranked = self._listened(self.course.rounds[0])
        total = sum(turn.tried for turn in self.course.rounds)
        done = 0
        for turn in self.course.rounds:
            ends = []
            for number, (_, _, positions, choices) in enumerate(ranked[: turn.tried]):
                fit = self._fit(turn, positions, choices)
                ends.append((fit.esr, number, fit.positions, choices))
                self.listener((done + number) / total, min(row[0] for row in ends))
                if fit.esr < SOLVED:
                    break
            done += turn.tried
            ranked = sorted(ends, key=lambda row: row[:2])
        esr, _, positions, choices = ranked[0]
        self.chain.set(choices)
        self.knobs.write(positions)
        self.best = Fit(positions, esr)
        return self.best

    def _fit(self, turn: Round, positions: np.ndarray, choices: dict[str, float]) -> Fit:
        self.chain.set(choices)
        stretches = self._stretches(turn.seconds)
        return newton(self._rehearsal(stretches), self._goal(stretches, turn.emphasis), positions, turn.steps, turn.pull)

    def _listened(self, turn: Round):
        """All starts, the best first, with a gain of theirs set so that the level fits."""
        stretches = self._stretches(turn.seconds)
        rehearsal, goal, rows = self._rehearsal(stretches), self._goal(stretches, turn.emphasis), []
        begun = starts(self.knobs, self.dry, self.wet, self.course.starts, self.seed)
        for number, (positions, choices) in enumerate(begun):
            self.chain.set(choices)
            y, wet = goal.weighted(rehearsal.play(positions)), goal.weighted(goal.wet)
            factor = float((y * wet).sum() / y.square().sum().clamp_min(1e-30))
            positions, left = self._louder(positions, factor)
            error = float((left * y - wet).square().sum())
            if np.isfinite(error):
                rows.append((error, number, positions, choices))
        rows.sort(key=lambda row: row[:2])
        return rows

    def _louder(self, positions: np.ndarray, factor: float) -> tuple[np.ndarray, float]:
        """The positions with the last gain of the chain moved by that factor, and the factor that this makes."""
        for index in reversed(range(len(self.knobs))):
            place = self.knobs.places[index]
            kind = self.chain.processors[place.processor].kind
            if factor > 1e-4 and (place.setting.name == "makeup_db" or kind == "gain"):
                setting, moved = place.setting, positions.copy()
                moved[index] += 20.0 * np.log10(factor) / (setting.high - setting.low)
                return self.knobs.within(moved), factor
        return positions, 1.0

    def _stretches(self, seconds: float) -> list[tuple[int, int]]:
        """The loudest stretch, and one of middling level; one alone for a chain that moves with time."""
        length = round(seconds * self.chain.config.sample_rate)
        if not 0 < length < self.dry.shape[-1]:
            return [(0, self.dry.shape[-1])]
        power = torch.cumsum(torch.nn.functional.pad(self.wet.square().sum(0), (1, 0)), 0)
        energy = (power[length:] - power[:-length])[:: max(1, length // 8)]
        order = torch.argsort(energy)
        places = [int(order[-1]), int(order[len(order) // 2])]
        if any(processor.moves for processor in self.chain.processors.values()):
            places = places[:1]
        starts_at = [place * max(1, length // 8) for place in places]
        return [(start, start + length) for start in dict.fromkeys(starts_at)]

    def _rehearsal(self, stretches: list[tuple[int, int]]) -> Rehearsal:
        for part in self.chain.modules():
            if isinstance(part, Phasor):
                part.start = stretches[0][0] - self.chain.settle
        return Rehearsal(self.chain, torch.stack([self.dry[:, a:b] for a, b in stretches]), self.knobs)

    def _goal(self, stretches: list[tuple[int, int]], emphasis: float) -> Goal:
        return Goal(torch.stack([self.wet[:, a:b] for a, b in stretches]), emphasis)

    def _find_responses(self) -> None:
        """What a response has to do, when the rest of the chain does nothing."""
        for processor in self.chain.processors.values():
            if processor.kind == "response":
                taps = learned_response(self.dry, self.wet, min(processor.size, self.dry.shape[-1]))
                with torch.no_grad():
                    processor.panel.taps.zero_()
                    processor.panel.taps[: len(taps)].copy_(taps)
