"""When the second phase begins: the encoder stands still, and the decoder is taught against discriminators.

The first phase ends where it stops paying. The distance to sounds that are held out falls with the logarithm of the
steps; where that line has become flat, twice the steps would bring next to nothing. Measurements are noisy, so the
line is the one whose slope is the median of those between all pairs of measurements, and it counts as flat only where
it would also be flat if it were steeper by its own uncertainty. Whatever is measured, the second phase gets its share
of the steps.

Source: Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63, 1968.
"""

import itertools
import math
from dataclasses import dataclass
from statistics import median

from tonewright.errors import ConfigError

LEAST_SCORES = 6  # fewer are no line
TO_DEVIATION = 1.4826  # from the median distance to the standard deviation of a bell curve
EXACT = 1e-6  # a line is at least so uncertain: differences of rounding are no slope


@dataclass(frozen=True)
class Turn:
    """Rules by which the second phase begins.

    Attributes:
        latest: share of the steps at which it begins at the latest; 1 leaves it out.
        earliest: share before which it does not begin.
        worth: share by which twice the steps must lower the held-out distance for the first phase to go on; 0 turns
            the measuring off, so that the second phase begins at `latest`.

    Raises:
        ConfigError: shares that are none, or in the wrong order.

    >>> Turn(latest=0.2, earliest=0.5)
    Traceback (most recent call last):
    tonewright.errors.ConfigError: the second phase begins at 0 <= earliest <= latest <= 1 of the steps, and not ...
    """

    latest: float = 0.5
    earliest: float = 0.2
    worth: float = 0.02

    def __post_init__(self):
        if not 0.0 <= self.earliest <= self.latest <= 1.0:
            raise ConfigError(
                f"the second phase begins at 0 <= earliest <= latest <= 1 of the steps, and not at {self.earliest:g} "
                f"and {self.latest:g}"
            )
        if not 0.0 <= self.worth < 1.0:
            raise ConfigError(f"worth is a share from 0 to 1, and not {self.worth:g}")


class Phases:
    """Which phase a training is in, by steps and measurements alone, so that a resumed one decides the same.

    Attributes:
        since: the step that the second phase began with; None while the first goes on.
        why: in a sentence; empty while the first goes on.

    >>> phases = Phases(Turn(latest=0.5, worth=0.0))
    >>> [phases.second(step, 24000) for step in (0, 11999, 12000, 23999)]
    [False, False, True, True]
    >>> phases.why
    'phase 2 from step 12,000 on: 50 % of the 24,000 steps are done'
    """

    def __init__(self, turn: Turn = Turn()):
        self.turn = turn
        self.since: int | None = None
        self.why = ""
        self._scores: list[tuple[int, float]] = []

    def scored(self, step: int, distance: float) -> None:
        """Take note of the held-out distance, measured after `step` steps; what is no number does not count."""
        if step > 0 and math.isfinite(distance) and distance > 0.0:
            self._scores = [score for score in self._scores if score[0] < step] + [(step, float(distance))]

    def second(self, step: int, steps: int) -> bool:
        """Whether a step belongs to the second phase; from the first that does, all do.

        Args:
            step: from 0; asked in order.
            steps: of the whole training, 0 while that is not known yet.
        """
        if self.since is None and steps:
            self._decide(step, steps)
        return self.since is not None

    def state(self) -> dict:
        """All that a resumed training needs: numbers and words."""
        scores = [list(score) for score in self._scores]
        return {"since": -1 if self.since is None else self.since, "why": self.why, "scores": scores}

    def restore(self, state: dict) -> None:
        """Back to where `state` was taken."""
        self.since = None if state["since"] < 0 else state["since"]
        self.why = state["why"]
        self._scores = [tuple(score) for score in state["scores"]]

    def _decide(self, step: int, steps: int) -> None:
        turn = self.turn
        if step < turn.earliest * steps or turn.latest == 1.0:
            return
        if step >= turn.latest * steps:
            self.since, done = step, 100 * step / steps
            self.why = f"phase 2 from step {step:,} on: {done:.0f} % of the {steps:,} steps are done"
            return
        scores = lately(self._scores)
        if turn.worth and len(scores) >= LEAST_SCORES:
            gain, unsure = gain_of_doubling(scores)
            if gain + unsure < turn.worth:
                self.since = step
                self.why = (
                    f"phase 2 from step {step:,} on: {_moved(scores)}, and twice the steps would hardly lower it "
                    f"({100 * max(gain, 0.0):.1f} %)"
                )


def lately(scores: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """The scores of the second half of the steps so far, though at least six, if there are.

    >>> lately([(step, 1.0) for step in range(1, 21)])[0]
    (10, 1.0)
    """
    half = [score for score in scores if score[0] >= scores[-1][0] / 2] if scores else []
    return half if len(half) >= LEAST_SCORES else scores[-LEAST_SCORES:]


def gain_of_doubling(scores: list[tuple[int, float]]) -> tuple[float, float]:
    """By which share twice the steps would lower the distance, and how uncertain that is.

    Args:
        scores: (step, distance) at two different steps at least, both above 0.

    Returns:
        The share (negative where the distance rises) and its standard error.

    >>> gain, unsure = gain_of_doubling([(step, 3.0 * step**-0.1) for step in (100, 200, 300, 400)])
    >>> round(gain, 4) == round(1 - 2**-0.1, 4), unsure < 1e-5
    (True, True)
    """
    points = [(math.log(step), math.log(distance)) for step, distance in scores]
    pairs = itertools.combinations(points, 2)
    slope = median((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs)
    along = [x for x, _ in points]
    rests = [y - slope * x for x, y in points]
    middle, centre = median(rests), math.fsum(along) / len(along)
    noise = TO_DEVIATION * median(abs(rest - middle) for rest in rests)
    unsure = max(noise, EXACT) / math.sqrt(math.fsum((x - centre) ** 2 for x in along))
    return 1.0 - 2.0**slope, unsure * math.log(2.0)


def _moved(scores: list[tuple[int, float]]) -> str:
    """What the distance did, by the median of the first and of the last three, for one may be a fluke."""
    first, last = (median(distance for _, distance in part) for part in (scores[:3], scores[-3:]))
    percent, since = 100 * (1 - last / first), f"from step {scores[1][0]:,} to {scores[-2][0]:,}"
    if percent < 0.05:
        return f"the held-out distance did not fall {since}"
    return f"the held-out distance fell by only {percent:.1f} % {since}"
