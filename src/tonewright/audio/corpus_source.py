"""What a corpus says of each of its sources, and of how they were read; from JSON, with every number looked at."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace

BANDS = 24  # in which a source is described

_MOST_SCALE = 2.0**64
LOUDEST = 32766 * _MOST_SCALE  # 6e23, which float32 holds even after the highest gain
_COUNT = (0, 1 << 48)
_RANGES = {
    "bytes": _COUNT,
    "start": _COUNT,
    "length": _COUNT,
    "frames": _COUNT,
    "dropped": _COUNT,
    "clipped": _COUNT,
    "sample_rate": (1, 1 << 31),
    "channels": (1, 1 << 16),
    "scale": (2.0**-64, _MOST_SCALE),
    "gain": (0.0, 1e6),
    "offset": (-LOUDEST, LOUDEST),
    "low": (-LOUDEST, LOUDEST),
    "high": (-LOUDEST, LOUDEST),
    "loud_db": (-1e4, 1e4),
    "silence": (0.0, 1.0),
    "moves_db": (0.0, 1e4),
    "bandwidth_hz": (0.0, 1e9),
}


@dataclass(frozen=True)
class Settings:
    """How sounds are read into a corpus.

    Attributes:
        sample_rate: of what is kept, in Hz.
        stereo: keep each channel as a source of its own; their mean otherwise.
        longest_silence_s: digital silence is kept up to this, 0.1 to 3600 s; the middle of what is longer is dropped.
        keep_levels: teach every source as loud as it was recorded.
    """

    sample_rate: int = 48000
    stereo: bool = False
    longest_silence_s: float = 2.0
    keep_levels: bool = False


@dataclass(frozen=True)
class Source:
    """One channel of one sound file, where its samples are, and what was measured of it.

    Attributes:
        path: within the folder of sounds, with slashes.
        bytes, sha256: of the file.
        channels, sample_rate, frames: of the file; frames are samples per channel, sample_rate is in Hz.
        channel: which one this is, from 0; None for the mean of all.
        start, length: in samples of the corpus.
        dropped: samples of silence that were left out, at the rate of the corpus.
        scale: by which a stored sample is multiplied to be the sound.
        offset: a constant that is taken off the sound.
        gain: by which it is multiplied when it is taught.
        low, high: its smallest and largest value, full scale at +-1.
        clipped: samples of the file, of all its channels, cut off at full scale.
        loud_db: level of the loud parts (the 99th percentile of frames), RMS.
        silence: part of the time that is 50 dB below these, 0 to 1.
        moves_db: by how much level and colour change from moment to moment.
        bandwidth_hz: above which there is nothing.
        bands: the colour of the sound: its mean spectrum in BANDS bands, in dB about their mean.
    """

    path: str
    bytes: int
    sha256: str
    channels: int
    channel: int | None
    sample_rate: int
    frames: int
    start: int
    length: int
    dropped: int
    scale: float
    offset: float
    gain: float
    low: float
    high: float
    clipped: int
    loud_db: float
    silence: float
    moves_db: float
    bandwidth_hz: float
    bands: tuple[float, ...] = field(default=(), repr=False)

    def at(self, start: int) -> "Source":
        """The same, with its samples elsewhere."""
        return replace(self, start=start)

    @property
    def seconds(self) -> float:
        """The length of the file."""
        return self.frames / self.sample_rate

    @property
    def peak(self) -> float:
        """The largest value of the sound, without its offset."""
        return max(self.high - self.offset, self.offset - self.low, 0.0)


def source_from(told, wrong: Callable[[str], Exception]) -> Source:
    """A source from JSON, with every number looked at; raises what `wrong` makes of a reason."""
    if not isinstance(told, dict) or told.keys() != _KINDS.keys():
        raise wrong("a source is not described as it should be")
    for name, kinds in _KINDS.items():
        if type(told[name]) not in kinds:
            raise wrong(f"'{name}' of a source is of the wrong kind")
    for name, (lowest, highest) in _RANGES.items():
        if not lowest <= told[name] <= highest:  # NaN is in no range
            raise wrong(f"'{name}' of a source is out of its range")
    if math.frexp(told["scale"])[0] != 0.5:
        raise wrong("'scale' of a source is no power of two")
    if told["channel"] is not None and not 0 <= told["channel"] < told["channels"]:
        raise wrong("a source is of a channel that there is not")
    bands = told["bands"]
    if len(bands) != BANDS or not all(type(b) in (int, float) and math.isfinite(b) for b in bands):
        raise wrong("'bands' of a source are not what they should be")
    return Source(**(told | {"bands": tuple(bands)}))


def settings_from(told, wrong: Callable[[str], Exception]) -> Settings:
    """Settings from JSON, looked at in the same way."""
    kinds = {"sample_rate": int, "stereo": bool, "longest_silence_s": float, "keep_levels": bool}
    if not isinstance(told, dict) or told.keys() != kinds.keys():
        raise wrong("its settings are not what they should be")
    if any(type(told[name]) is not kind for name, kind in kinds.items()):
        raise wrong("one of its settings is of the wrong kind")
    if not 1000 <= told["sample_rate"] <= 1_000_000 or not 0.1 <= told["longest_silence_s"] <= 3600.0:
        raise wrong("one of its settings is out of its range")
    return Settings(**told)


_NUMBERS = ("scale", "offset", "gain", "low", "high", "loud_db", "silence", "moves_db", "bandwidth_hz")
_KINDS = {one.name: (int,) for one in fields(Source)}
_KINDS |= {name: (float, int) for name in _NUMBERS}
_KINDS |= {"path": (str,), "sha256": (str,), "channel": (int, type(None)), "bands": (list,)}
