"""The settings of how an instrument is taught."""

from dataclasses import dataclass

from tonewright.errors import ConfigError


@dataclass(frozen=True)
class Course:
    """What is made small, and how fast.

    Attributes:
        batch: crops of a step.
        crop_s: their length in seconds.
        lead_s: what is played before a crop and does not count, so that notes and the room sound already.
        rate: size of the steps of Adam.
        loudness: weight of each dB by which the loudness of a frame is off, beside the spectral loss. That alone
            leaves an instrument a dB or two too soft: its logarithms find noise of the right level too loud.
        decay: of the rate, for every 10,000 examples.
        weight_decay: share of the rate by which every weight shrinks in a step, for a few minutes of music are soon
            known by heart.
        clip: largest norm of a gradient.
        live: share of the crops that are played from the pitch that the live tracker hears, where it is not far off,
            so that its small errors surprise nobody.
        still: share of the crops whose timbre, if they have any, stands still at its mean, as that of an instrument
            whose knobs nobody moves.
        together: crops that one thread plays at once; part of the result, to the last bit.
    """

    batch: int = 8
    crop_s: float = 4.0
    lead_s: float = 0.5
    rate: float = 1e-3
    loudness: float = 0.03
    decay: float = 0.98
    weight_decay: float = 0.1
    clip: float = 3.0
    live: float = 0.25
    still: float = 0.5
    together: int = 4

    def __post_init__(self):
        if not (1 <= self.batch <= 1024 and 1 <= self.together <= 1024):
            raise ConfigError(f"batch and together are 1 to 1024, and not {self.batch} and {self.together}")
        if not 0.2 <= self.crop_s <= 60.0:
            raise ConfigError(f"crop_s is 0.2 to 60 seconds, and not {self.crop_s:g}")
        if not 0.0 <= self.lead_s <= 10.0:
            raise ConfigError(f"lead_s is 0 to 10 seconds, and not {self.lead_s:g}")
        if not 0.0 <= self.loudness <= 100.0:
            raise ConfigError(f"loudness is 0 to 100 for each dB, and not {self.loudness:g}")
        if not 0.0 <= self.weight_decay <= 10.0:
            raise ConfigError(f"weight_decay is 0 to 10, and not {self.weight_decay:g}")
        shares = 0.0 <= self.live <= 1.0 and 0.0 <= self.still <= 1.0
        if not (0.0 < self.rate < 1.0 and 0.0 < self.decay <= 1.0 and self.clip > 0.0 and shares):
            raise ConfigError("rate, decay, live and still are within 0 and 1, and clip is above 0")
