"""How loud a sound is, as the ear hears it: the power of short windows under the A curve of sound level meters.

Source: "extract_loudness" of Tralie's course on digital music synthesis (after Engel et al., "DDSP", ICLR 2020):
at 16 kHz these are its numbers. The curve is that of IEC 61672-1.
"""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tonewright.errors import ConfigError, ShapeError

FLOOR_DB = -80.0
HALF_S = 0.016  # half a window: 256 samples at 16 kHz
REFERENCE = (512, 257)  # samples of a window, and bins of its spectrum, at 16 kHz, whose levels these are
TOGETHER = 4096  # windows that are transformed in one call, so that memory does not grow with the sound


def loudness(x: Tensor, sample_rate: int, hop: int) -> Tensor:
    """A-weighted loudness, `sample_rate` / `hop` times a second.

    Frame n is of the 32 ms around sample n hop, under a Hann window; beyond its ends, the sound is silence. The same
    sound has the same loudness at any rate.

    Args:
        x: sound [B, 1, T].
        sample_rate: in Hz.
        hop: samples from frame to frame, at least 1.

    Returns:
        loudness_db [B, 1, T // hop] in dB, at least -80, which it also is where a sample is no number. A sine of
        1 kHz that swings from -1 to 1 has 19.8 dB.

    Raises:
        ShapeError: x is not [B, 1, T].
        ConfigError: there is no such rate or hop.

    >>> x = torch.sin(2 * torch.pi * 1000 / 16000 * torch.arange(16000))[None, None]
    >>> loudness(x, 16000, 160)[0, 0, [10, 50, 90]]
    tensor([19.8053, 19.8053, 19.8053])
    """
    if x.ndim != 3 or x.shape[1] != 1:
        raise ShapeError(f"loudness wants x as [B, 1, T], and got {list(x.shape)}")
    if hop < 1:
        raise ConfigError(f"a hop is at least 1 sample, and is {hop}")
    half = half_window(sample_rate)
    return framed_loudness(F.pad(x, (half, half)), sample_rate, hop, x.shape[-1] // hop)


def loudness_of(x: np.ndarray, sample_rate: int, hop: int) -> np.ndarray:
    """The loudness of a sound [T] as `loudness` hears it, [T // hop].

    >>> loudness_of(np.zeros(1600), 16000, 160).tolist() == [FLOOR_DB] * 10
    True
    """
    heard = torch.as_tensor(np.ascontiguousarray(x), dtype=torch.float32)
    return loudness(heard[None, None], sample_rate, hop)[0, 0].numpy()


def half_window(sample_rate: int) -> int:
    """Samples before, and after, the middle of a window.

    Raises:
        ConfigError: at a rate of less than 1 kHz no window is left.
    """
    if sample_rate < 1000:
        raise ConfigError(f"loudness wants a sample rate of at least 1000 Hz, and got {sample_rate}")
    return round(HALF_S * sample_rate)


def framed_loudness(heard: Tensor, sample_rate: int, hop: int, frames: int) -> Tensor:
    """The loudness of `frames` windows: the first begins with heard [B, 1, T], each of the others a hop later."""
    size = 2 * half_window(sample_rate)
    if not frames or not heard.shape[0]:
        return heard[..., :frames]
    window, weights = tables(sample_rate)
    window, weights = window.to(heard.device), weights.to(heard.device)
    windows, made = heard.unfold(-1, size, hop)[:, :, :frames], []
    for start in range(0, frames, TOGETHER):
        spectrum = torch.fft.rfft(
            windows[:, :, start : start + TOGETHER].double() * window, transform_size(size)
        )
        power = (spectrum.real.square() + spectrum.imag.square()) @ weights
        floor = 10.0 ** (FLOOR_DB / 10.0)
        power = torch.where(
            power > floor, power, floor
        )  # also what is no number, which a network would never forget
        made.append(10.0 * torch.log10(power))
    return torch.cat(made, dim=-1).to(heard.dtype)


def a_weights(frequency_hz: Tensor) -> Tensor:
    """What the A curve makes of the power at each frequency, a factor; nearly 1 at 1 kHz.

    >>> 10 * a_weights(torch.tensor([100.0, 1000.0])).log10()
    tensor([-1.9142e+01,  3.4427e-04])
    """
    f = frequency_hz.double().square()
    low, one, two, high = (corner**2 for corner in (20.598997, 107.65265, 737.86223, 12194.217))
    amplitude = high * f.square() / ((f + low) * torch.sqrt((f + one) * (f + two)) * (f + high))
    return (10.0**0.1 * amplitude).square().to(frequency_hz.dtype)  # 2 dB, so that 1 kHz is left as it is


def transform_size(size: int) -> int:
    """The power of two that a window of so many samples is transformed with."""
    return 1 << (size - 1).bit_length()


@lru_cache(maxsize=8)
@torch.inference_mode(False)  # whoever comes first: others may want gradients
def tables(sample_rate: int) -> tuple[Tensor, Tensor]:
    """The window, and by how much the power of each bin counts."""
    size = 2 * half_window(sample_rate)
    window = torch.hann_window(size, periodic=True, dtype=torch.float64)
    transform = transform_size(size)
    bins = transform // 2 + 1
    # A longer window gathers more energy, and a longer transform spreads it over more bins: the mean over bins times
    # (bins / (transform / 2)) is the energy, which is then counted as if it were of the window at 16 kHz.
    reference = torch.hann_window(REFERENCE[0], periodic=True, dtype=torch.float64).square().sum()
    scale = float(reference / window.square().sum()) / (transform / 2) * (REFERENCE[0] / 2) / REFERENCE[1]
    frequencies = torch.arange(bins, dtype=torch.float64) * (sample_rate / transform)
    return window, a_weights(frequencies) * scale
