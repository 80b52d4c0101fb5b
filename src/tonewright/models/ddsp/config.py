"""The settings of an instrument."""

from dataclasses import dataclass, replace

from tonewright.dsp.pitch import check_range
from tonewright.errors import ConfigError

RATES_HZ = (16000, 22050, 24000, 32000, 44100, 48000)
FRAMES_A_SECOND = 100
# a file from a stranger may ask for no more
LIMITS = {"units": (4, 1024), "harmonics": (1, 512), "bands": (2, 1024), "latent": (0, 64)}


@dataclass(frozen=True)
class Config:
    """A decoder, a bank of harmonics, filtered noise and a room. Without arguments: that of the paper.

    Attributes:
        sample_rate: in Hz; a frame is a hundredth of a second.
        units: of every layer of the decoder.
        harmonics: of the oscillator; those above half the sample rate are silent.
        bands: of the noise, equally wide from 0 to half the sample rate.
        reverb_s: length of the room's impulse response in seconds; 0 for no room.
        latent: numbers of timbre beside pitch and loudness, each a control; 0 for none.
        lowest_hz, highest_hz: what is listened for when it is played live.

    Raises:
        ConfigError: a number out of its range.

    >>> Config(sample_rate=48000).hop
    480
    """

    sample_rate: int = 16000
    units: int = 512
    harmonics: int = 100
    bands: int = 65
    reverb_s: float = 1.0
    latent: int = 0
    lowest_hz: float = 60.0
    highest_hz: float = 2000.0

    def __post_init__(self):
        if self.sample_rate not in RATES_HZ:
            rates = ", ".join(map(str, RATES_HZ))
            raise ConfigError(
                f"the sample rate of an instrument is one of {rates} Hz, and not {self.sample_rate}"
            )
        for name, (low, high) in LIMITS.items():
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"{name} is {low} to {high}, and not {getattr(self, name)}")
        if not 0.0 <= self.reverb_s <= 10.0:
            raise ConfigError(f"reverb_s is 0 to 10 seconds, and not {self.reverb_s:g}")
        check_range(self.sample_rate, self.hop, self.lowest_hz, self.highest_hz)

    @property
    def hop(self) -> int:
        """Samples of a frame; 22050 Hz has none of a whole number, and its frames are a little longer."""
        return round(self.sample_rate / FRAMES_A_SECOND)

    def at(self, sample_rate: int) -> "Config":
        """The same at another rate: as many harmonics and bands for each Hz of it.

        >>> Config().at(48000).harmonics, Config().at(48000).bands
        (300, 193)
        """
        times = max(1, round(sample_rate / self.sample_rate))
        harmonics = min(times * self.harmonics, LIMITS["harmonics"][1])
        return replace(self, sample_rate=sample_rate, harmonics=harmonics, bands=times * (self.bands - 1) + 1)

    @property
    def reverb_samples(self) -> int:
        return round(self.reverb_s * self.sample_rate)


PRESETS = {
    "paper": Config(),
    "standard": Config(units=128),
    "small": Config(units=64),
    "tiny": Config(units=32, harmonics=60, bands=33, reverb_s=0.0),
}
