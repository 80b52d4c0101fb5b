"""How a chain is fitted to a dry and a wet sound: read off what can be, begin in many places, go on in the best."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from tonewright.layers.modulation import Phasor
from tonewright.models.chain.fitting.certainty import Sure, certainty, neutral
from tonewright.models.chain.fitting.course import MAGNITUDES, USUAL, Course, Round
from tonewright.models.chain.fitting.knobs import Knobs
from tonewright.models.chain.fitting.newton import Fit, Goal, newton
from tonewright.models.chain.fitting.rehearsal import Rehearsal
from tonewright.models.chain.fitting.spectral import SHORTEST, distance, spectral
from tonewright.models.chain.fitting.starts import starts
from tonewright.models.chain.model import Chain
from tonewright.models.chain.search.response import learned_response

ROOM = 15  # settings; a chain of more, whose steps cost more, goes on from fewer places and in fewer steps
FEW, MORE_ROOM = 9, 1.6  # settings; a chain of no more can afford so many times as many
SOLVED = 1e-6  # an error-to-signal ratio at which no other start is asked
HEARD = 0.05  # one above which a room that is only made up is matched by its spectrum
LOST = 0.5  # one at which the wave cannot be followed, so that its spectrum is
BETTER = 0.8  # of the distance between spectra, for which the wave is given up
DONE = 2e-5  # one in the last round, at which the next best is not asked
SWINGING = 5.0  # times as much sound is heard of a chain that moves, whose swings last that long
SAME = 1e-3  # of a range: two starts that are as near as that are one
UNHEARD = 1.05  # times the error: what adds no more than that is not missed


class Recipe:
    """Finds the settings of a chain.

    Args:
        chain: whose settings are to be found; it is left with the best.
        dry, wet: [C, T] each, float, lined up.
        fixed: places that stay as they are, "compressor.ratio".
        seed: of the starts.
        course: how much is tried.
        listener: is told how far it is, 0 to 1, and the best error-to-signal ratio so far.

    Attributes:
        best: where it ended.
        loss: what it went by in the end: "wave", or "spectral" where the wave cannot be followed.
    """

    def __init__(
        self,
        chain: Chain,
        dry: Tensor,
        wet: Tensor,
        fixed: tuple[str, ...] = (),
        seed: int = 0,
        course: Course = USUAL,
        listener: Callable[[float, float], None] = lambda done, esr: None,
    ):
        self.chain, self.course, self.seed, self.listener = chain.double(), course, seed, listener
        longest = round(course.longest_s * chain.config.sample_rate)
        self.whole = dry.double(), wet.double()
        self.dry, self.wet = (side[:, :longest] for side in self.whole)
        self.knobs = Knobs(chain, fixed)
        self.best = Fit(self.knobs.read(), np.inf)
        self.loss = "wave"
        self.moves = any(processor.moves for processor in chain.processors.values())
        self.room = MORE_ROOM if len(self.knobs) <= FEW else min(1.0, ROOM / len(self.knobs))

    def run(self) -> Fit:
        """Everything, from reading off to the last step."""
        self._find_responses()
        ranked = self._listened(self.course.rounds[0])
        for turn in self.course.rounds:
            ranked = self._round(turn, ranked)
        self.best, choices = Fit(ranked[0][2], ranked[0][0]), ranked[0][3]
        diffuse = any(processor.diffuse for processor in self.chain.processors.values())
        if self.best.esr > (HEARD if diffuse else LOST):
            self._by_magnitudes(choices)
        self.chain.set(choices)
        self._leave_neutral()
        self.knobs.write(self.best.positions)
        return self.best

    def _round(self, turn: Round, ranked: list[tuple]) -> list[tuple]:
        """The best of (error, number, positions, choices) after some more steps, the best first."""
        rounds = self.course.rounds
        tried, ends = max(1, round(self.room * turn.tried)), []
        enough = DONE if turn is rounds[-1] else SOLVED
        for number, (_, _, positions, choices) in enumerate(ranked[:tried]):
            fit = self._fit(turn, self.knobs.unstuck(positions), choices)
            ends.append((fit.esr, number, fit.positions, choices))
            share = (rounds.index(turn) + (number + 1) / tried) / len(rounds)
            self.listener(share, min(row[0] for row in ends))
            if fit.esr < enough:
                break
        return _distinct(sorted(ends, key=lambda row: row[:2]))

    def certainty(self) -> list[Sure]:
        """How sure each setting is, after `run`."""
        return certainty(*self._hearing(self.course.rounds[-1]), self.best)

    def _by_magnitudes(self, choices: dict[str, float]) -> None:
        """When no settings give the wave: those that give its spectrum, if they do that clearly better."""
        self.chain.set(choices)
        hearing, last = self._hearing(MAGNITUDES), self.course.rounds[-1]
        if not len(self.knobs) or hearing[1].wet.shape[-1] - hearing[1].lead < SHORTEST:
            return
        begun = [row[2] for row in self._listened(MAGNITUDES)[: self.course.spectral]]
        tried = []
        for number, positions in enumerate(begun):
            self.chain.set(choices)
            place = spectral(*self._hearing(MAGNITUDES), positions, self.course.spectral_steps)
            # whatever can still be brought in line is told by the wave
            fit = newton(*self._hearing(last), place, last.steps, last.pull)
            hearing = self._hearing(MAGNITUDES)
            tried += [(distance(*hearing, p), number, p) for p in (place, fit.positions)]
        least, _, positions = min(tried, key=lambda row: row[:2], default=(np.inf, 0, None))
        if least < BETTER * distance(*self._hearing(MAGNITUDES), self.best.positions):
            rehearsal, goal = self._hearing(last)
            self.best = Fit(positions, float(goal.error(rehearsal.play(positions)).square().sum()))
            self.loss = "spectral"

    def _leave_neutral(self) -> None:
        """What the recording does not tell is put where it does nothing, as long as nobody hears that."""
        rehearsal, goal = self._hearing(self.course.rounds[-1])
        if not len(self.knobs) or self.loss != "wave":
            return
        for index, position in neutral(self.knobs, certainty(rehearsal, goal, self.best)).items():
            moved = self.best.positions.copy()
            moved[index] = position
            error = float(goal.error(rehearsal.play(moved)).square().sum())
            if error <= UNHEARD * max(self.best.esr, 1e-9):
                self.best = Fit(moved, error)

    def _fit(self, turn: Round, positions: np.ndarray, choices: dict[str, float]) -> Fit:
        self.chain.set(choices)
        return newton(*self._hearing(turn), positions, round(self.room * turn.steps), turn.pull)

    def _listened(self, turn: Round):
        """All starts, the best first, with a gain of theirs set so that the level fits."""
        (rehearsal, goal), rows = self._hearing(turn), []
        begun = starts(self.knobs, self.dry, self.wet, self.course.starts, self.seed)
        for number, (positions, choices) in enumerate(begun):
            self.chain.set(choices)
            y, wet = goal.weighted(rehearsal.play(positions)), goal.weighted(goal.wet)
            factor = float((y * wet).sum() / y.square().sum().clamp_min(1e-30))
            positions, left = self._louder(positions, factor)
            error = float((left * y - wet).square().sum())
            if np.isfinite(error):
                rows.append((error, number, positions, choices))
        return _distinct(sorted(rows, key=lambda row: row[:2]))

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

    def _hearing(self, turn: Round) -> tuple[Rehearsal, Goal]:
        """What a round hears: the loudest stretch, and one of middling level; one alone for a chain that moves.

        Ahead of each comes as much as the chain needs to know of the past.
        """
        rate, samples = self.chain.config.sample_rate, self.dry.shape[-1]
        length = round(turn.seconds * (SWINGING if self.moves else 1.0) * rate)
        past = round(rate * sum(processor.past_s for processor in self.chain.processors.values()))
        starts, lead = [0], 0
        if length and length + past < samples:
            starts = self._loud(length)
            lead = min(past, *starts)
        else:
            length = samples
        for part in self.chain.modules():
            if isinstance(part, Phasor):
                part.start = starts[0] - lead - self.chain.settle
        dry, wet = (torch.stack([x[:, a - lead : a + length] for a in starts]) for x in (self.dry, self.wet))
        return Rehearsal(self.chain, dry, self.knobs), Goal(wet, lead, turn.emphasis)

    def _loud(self, length: int) -> list[int]:
        """Where the loudest stretch of this length begins, and one of middling level."""
        power = torch.cumsum(torch.nn.functional.pad(self.wet.square().sum(0), (1, 0)), 0)
        hop = max(1, length // 8)
        order = torch.argsort((power[length:] - power[:-length])[::hop])
        places = [int(order[-1]) * hop, int(order[len(order) // 2]) * hop]
        return places[:1] if self.moves else list(dict.fromkeys(places))

    def _find_responses(self) -> None:
        """What a response has to do, when the rest of the chain does nothing."""
        for processor in self.chain.processors.values():
            if processor.kind == "response":
                taps = learned_response(*self.whole, min(processor.size, self.whole[0].shape[-1]))
                with torch.no_grad():
                    processor.panel.taps.zero_()
                    processor.panel.taps[: len(taps)].copy_(taps)


def _distinct(rows: list[tuple]) -> list[tuple]:
    """Of rows (error, number, positions, choices), the best first, those that are where no better one is."""
    kept: list[tuple] = []
    for row in rows:
        same = (np.allclose(row[2], other[2], atol=SAME) and row[3] == other[3] for other in kept)
        if not any(same):
            kept.append(row)
    return kept
