"""How much a search tries, and in which rounds."""

from dataclasses import dataclass


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
        spectral, spectral_steps: starts and steps of the search by magnitudes, where the wave cannot be followed.
        longest_s: of sound that a fit hears at most, in seconds; a response is read off all of it.
    """

    starts: int = 96
    spectral: int = 2
    spectral_steps: int = 60
    rounds: tuple[Round, ...] = (
        Round(24, 5, 0.2, 0.95, 1e-3),
        Round(10, 8, 0.4, 0.95, 1e-4),
        Round(4, 12, 0.8, 0.0, 1e-5),
        Round(2, 40, 0.0, 0.0, 1e-8),
    )
    longest_s: float = 10.0


USUAL = Course()
MAGNITUDES = Round(0, 0, 1.5, 0.0, 0.0)  # what a search by magnitudes hears
