"""The settings of a timbre model."""

import math
from dataclasses import dataclass, replace

from tonewright.errors import ConfigError

BANDS = 16  # of the filter bank
FAMILIES = ("v1", "v2")
RATES = (8000, 192000)
# a file from a stranger may ask for no more
LIMITS = {"capacity": (1, 512), "latent": (1, 512), "attenuation_db": (30, 120), "noise_bands": (2, 1024)}
MAX_STAGES, MAX_RATIO, MAX_COMPRESSION, MAX_UNITS, MAX_DILATION = 8, 8, 8192, 8, 256
MAX_WIDTH = 8192


@dataclass(frozen=True)
class Config:
    """A filter bank, an encoder and a decoder. Without arguments: the second version as it was published.

    Attributes:
        sample_rate: in Hz.
        family: v1 has residual units in the decoder only; v2 has them on both sides, and a gated output.
        attenuation_db: of the filter bank: 40 is quick, 100 is clean.
        capacity: channels of the first and the last stage; each stage further in has twice as many.
        ratios: by which the stages of the encoder divide the rate; the decoder multiplies by them, the last one first
            (v1: in the same order).
        dilations: of the residual units of each stage.
        latent: dimensions of what lies between encoder and decoder.
        lookahead: of every convolution, as a share of what the centred one has: 0 is causal, 1 is centred.
        noise: ratios by which the head that makes noise divides the rate of the bands; empty for no noise.
        noise_bands: from 0 Hz to half the sample rate.
        knobs: so many dimensions are controls, those that say the most first.

    Raises:
        ConfigError: a number out of its range.

    >>> Config().compression, Config(ratios=(2, 2, 2), dilations=((1,), (1,), (1,))).compression
    (2048, 128)
    """

    sample_rate: int = 48000
    family: str = "v2"
    attenuation_db: int = 100
    capacity: int = 96
    ratios: tuple[int, ...] = (4, 4, 4, 2)
    dilations: tuple[tuple[int, ...], ...] = ((1, 3, 9), (1, 3, 9), (1, 3, 9), (1, 3))
    latent: int = 128
    lookahead: float = 1.0
    noise: tuple[int, ...] = ()
    noise_bands: int = 80
    knobs: int = 8

    def __post_init__(self):
        for name, (low, high) in LIMITS.items():
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"{name} is {low} to {high}, and not {getattr(self, name)}")
        if self.family not in FAMILIES:
            raise ConfigError(f"family is {' or '.join(FAMILIES)}, and not {self.family!r}")
        if not RATES[0] <= self.sample_rate <= RATES[1]:
            raise ConfigError(f"sample_rate is {RATES[0]} to {RATES[1]} Hz, and not {self.sample_rate}")
        if not 0.0 <= self.lookahead <= 1.0:
            raise ConfigError(f"lookahead is 0 (causal) to 1 (centred), and not {self.lookahead:g}")
        if not 0 <= self.knobs <= min(self.latent, 16):
            raise ConfigError(
                f"knobs is 0 to {min(self.latent, 16)} with {self.latent} latents, and not {self.knobs}"
            )
        self._check_stages()

    def _check_stages(self) -> None:
        ratios = (*self.ratios, *self.noise)
        if not 1 <= len(self.ratios) <= MAX_STAGES or len(self.noise) > MAX_STAGES:
            raise ConfigError(f"ratios has 1 to {MAX_STAGES} stages and noise as many at most")
        if not all(1 <= ratio <= MAX_RATIO for ratio in ratios):
            raise ConfigError(f"each ratio is 1 to {MAX_RATIO}, and they are {ratios}")
        if math.prod(self.ratios) % 2 or self.compression > MAX_COMPRESSION:
            # An odd one would turn over other samples of the bands in every second frame.
            raise ConfigError(
                f"the ratios multiply to an even number up to {MAX_COMPRESSION // BANDS}, and not to "
                f"{math.prod(self.ratios)}"
            )
        if self.compression % self.noise_hop:
            raise ConfigError(f"the ratios of noise divide those of the model, and are {self.noise}")
        if self.capacity << len(self.ratios) > MAX_WIDTH:
            raise ConfigError(f"this capacity with so many stages makes layers wider than {MAX_WIDTH}")
        units = [dilation for stage in self.dilations for dilation in stage]
        if len(self.dilations) != len(self.ratios) or any(len(s) > MAX_UNITS for s in self.dilations):
            raise ConfigError(f"dilations has a row for each ratio, each of {MAX_UNITS} at most")
        if not all(1 <= dilation <= MAX_DILATION for dilation in units):
            raise ConfigError(f"each dilation is 1 to {MAX_DILATION}")

    @property
    def compression(self) -> int:
        """Samples of sound for one frame of latents."""
        return BANDS * math.prod(self.ratios)

    @property
    def noise_hop(self) -> int:
        """Samples of sound for one frame of noise."""
        return BANDS * math.prod(self.noise)

    @property
    def width(self) -> int:
        """Channels next to the latents."""
        return self.capacity << len(self.ratios)

    def without_latency(self) -> "Config":
        """The same with convolutions that hear the past only.

        >>> PRESETS["v2_small"].without_latency().lookahead
        0.0
        """
        return replace(self, lookahead=0.0)


V1 = Config(family="v1", capacity=64, dilations=((1, 3, 5),) * 4, noise=(4, 4, 4), noise_bands=80)
PRESETS = {
    "small": replace(V1, capacity=32),
    "default": V1,
    "large": replace(V1, ratios=(4, 4, 2, 2, 2), dilations=((1, 3, 5),) * 5),
    "v2": Config(),
    "v2_small": Config(capacity=48, ratios=(4, 2, 2, 2), noise=(2, 2, 2), noise_bands=512),
    "live": Config(
        attenuation_db=40,
        capacity=32,
        ratios=(2, 2, 2),
        dilations=((1, 3, 9), (1, 3, 9), (1, 3)),
        latent=32,
        lookahead=0.0,
        noise=(2, 2, 2),
        noise_bands=33,
    ),
}
