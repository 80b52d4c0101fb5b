"""The settings of how a timbre is taught."""

from dataclasses import dataclass, fields, replace

from tonewright.errors import ConfigError
from tonewright.models.rave.augment import Augmentation
from tonewright.models.rave.losses import MATCHING_V1, MATCHING_V2
from tonewright.models.rave.phases import Turn

LIMITS = {
    "batch": (1, 1024),
    "together": (1, 1024),
    "crop": (4096, 1 << 20),
    "lead": (0, 1 << 19),
    "places": (1, 16),
}
LIMITS |= {"judges": (1, 512), "judges_every": (2, 64), "beta_steps": (0, 10_000_000)}


@dataclass(frozen=True)
class Course:
    """What is made small, how fast, and on what. Without arguments: as the second version was published.

    Attributes:
        batch: crops of a step.
        crop: their length in samples, as far as they count.
        lead: samples before each crop that are heard and do not count, as far as the model listens back.
        places: for each crop, so many random ones are looked at and the loudest is taken: most recordings have more
            pauses than a model needs to learn silence from. With 2, a quarter of them is still heard.
        together: crops that one thread plays at once on a CPU; part of the result, to the last bit.
        rate, judge_rate: sizes of the steps of Adam. The first falls to a tenth until the second phase begins at the
            latest, and to a hundredth until the end.
        beta, beta_first, beta_steps: weight of the divergence of the latents, what it begins with, and after how many
            steps it is reached; see tonewright.models.rave.latent.beta.
        latest, earliest, worth: when the second phase begins; see tonewright.models.rave.phases.Turn. With latest=1
            there is none.
        judges: capacity of the discriminators.
        periods: whether there are some that look at every second, third, ... sample.
        judges_every: one of so many steps of the second phase teaches the discriminators, the others the decoder.
        matching: weight of the distance of the discriminators' features.
        relative: whether that distance is in parts of what was recorded.
        phase_chance, quietest_db, bits, mute_chance, pitch_semitones: what is done to crops; see
            tonewright.models.rave.augment.Augmentation.

    Raises:
        ConfigError: a number out of its range.
    """

    batch: int = 8
    crop: int = 65536
    lead: int = 8192
    places: int = 2
    together: int = 1
    rate: float = 1e-3
    judge_rate: float = 1e-4
    beta: float = 5e-2
    beta_first: float = 1e-6
    beta_steps: int = 20_000
    latest: float = 0.5
    earliest: float = 0.2
    worth: float = 0.02
    judges: int = 96
    periods: bool = True
    judges_every: int = 4
    matching: float = MATCHING_V2
    relative: bool = True
    phase_chance: float = 0.8
    quietest_db: float = -12.0
    bits: int = 16
    mute_chance: float = 0.0
    pitch_semitones: float = 0.0

    def __post_init__(self):
        for name, (low, high) in LIMITS.items():
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"{name} is {low} to {high}, and not {getattr(self, name)}")
        for name in ("rate", "judge_rate", "beta", "beta_first"):
            if not 0.0 < getattr(self, name) <= 10.0:
                raise ConfigError(f"{name} is above 0, to 10, and not {getattr(self, name):g}")
        if not 0.0 <= self.matching <= 1e4:
            raise ConfigError(f"matching is 0 to 10000, and not {self.matching:g}")
        _ = self.turn, self.augmentation  # what is wrong with them is told now

    @property
    def turn(self) -> Turn:
        """When the second phase begins."""
        return self._part(Turn)

    @property
    def augmentation(self) -> Augmentation:
        """What is done to crops."""
        return self._part(Augmentation)

    def _part(self, kind):
        return kind(**{field.name: getattr(self, field.name) for field in fields(kind)})


V1 = Course(
    beta=0.1,
    beta_first=1e-4,
    judges=64,
    periods=False,
    judges_every=2,
    matching=MATCHING_V1,
    relative=False,
)
V2_SMALL = Course(beta=0.01, beta_first=1e-5, beta_steps=10_000, judges=48, judges_every=2)
# The published v1 and v2_small begin with the last beta; ours begin with latents that are nearly without doubt, which
# that would throw away at once.
COURSES = {
    "small": replace(V1, judges=32),
    "default": V1,
    "large": V1,
    "v2": Course(),
    "v2_small": V2_SMALL,
    "live": Course(
        batch=4,
        crop=32768,
        lead=4096,
        places=3,
        rate=2e-3,
        beta=1e-3,
        beta_first=1e-5,
        beta_steps=2000,
        latest=0.75,
        earliest=0.5,
        judges=32,
        judges_every=2,
    ),
}
