"""What a sound is like whatever its pitch: mel-frequency cepstral coefficients of short windows.

Source: Davis and Mermelstein, 1980; the windows, bands and numbers are those of Engel et al., "DDSP: Differentiable
Digital Signal Processing", ICLR 2020, appendix B.1.
"""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from tonewright.dsp.loudness import transform_size
from tonewright.errors import ConfigError, ShapeError

COEFFICIENTS, BANDS = 30, 128
LOWEST_HZ = 20.0
LOWEST_RATE = 8000  # below it, the lowest bands would fall between the bins
HALF_S = 0.032  # half a window: 512 samples at 16 kHz
REFERENCE = 512.0  # the sum of that window, by whose levels a sound has the same numbers at any rate
EPSILON = 1e-5  # beside the magnitude of a band before its logarithm: what is fainter counts as silence
TOGETHER = 1024  # windows that are transformed in one call, so that memory does not grow with the sound


def mfcc(x: Tensor, sample_rate: int, hop: int) -> Tensor:
    """The first 30 coefficients, `sample_rate` / `hop` times a second.

    Frame n is of the 64 ms around sample n hop, under a Hann window; beyond its ends, the sound is silence. Its
    magnitudes are summed in 128 bands, equally wide in mel from 20 Hz to half the sample rate; of their logarithms,
    the coefficients are the slowest waves of an orthonormal cosine transform.

    Args:
        x: sound [B, 1, T].
        sample_rate: in Hz, at least 8000.
        hop: samples from frame to frame, at least 1.

    Returns:
        coefficients [B, 30, T // hop].

    Raises:
        ShapeError: x is not [B, 1, T].
        ConfigError: there is no such hop, or the rate is too low.

    >>> x = 0.1 * torch.randn(1, 1, 16000)
    >>> quiet, loud = mfcc(x, 16000, 160), mfcc(2 * x, 16000, 160)
    >>> quiet.shape
    torch.Size([1, 30, 100])
    >>> torch.allclose(loud[:, 1:], quiet[:, 1:], atol=0.01)  # only the first one knows how loud it is
    True
    """
    if x.ndim != 3 or x.shape[1] != 1:
        raise ShapeError(f"mfcc wants x as [B, 1, T], and got {list(x.shape)}")
    if hop < 1 or sample_rate < LOWEST_RATE:
        raise ConfigError(
            f"mfcc wants a hop of at least 1 sample and a rate of at least {LOWEST_RATE} Hz, and got {hop} and "
            f"{sample_rate}"
        )
    half, frames = round(HALF_S * sample_rate), x.shape[-1] // hop
    if not frames or not len(x):
        return x.new_zeros(len(x), COEFFICIENTS, frames)
    window, weights, waves = (table.to(x) for table in _tables(sample_rate))
    windows, made = F.pad(x[:, 0], (half, half)).unfold(-1, 2 * half, hop)[:, :frames], []
    for start in range(0, frames, TOGETHER):
        spectrum = torch.fft.rfft(windows[:, start : start + TOGETHER] * window, transform_size(2 * half))
        made.append((spectrum.abs() @ weights + EPSILON).log() @ waves)
    return torch.cat(made, dim=1).transpose(1, 2)


def mel(frequency_hz: Tensor) -> Tensor:
    """Frequency as the ear spaces it.

    >>> mel(torch.tensor([0.0, 1000.0]))
    tensor([   0.0000, 1000.0001])
    """
    return 1127.01048 * torch.log1p(frequency_hz / 700.0)


@lru_cache(maxsize=8)
def _tables(sample_rate: int) -> tuple[Tensor, Tensor, Tensor]:
    """The window [size], the weights [bins, 128] of the bins in each band, and the waves [128, 30]."""
    size = 2 * round(HALF_S * sample_rate)
    window = torch.hann_window(size, periodic=True, dtype=torch.float64)
    bins = mel(torch.fft.rfftfreq(transform_size(size), 1 / sample_rate, dtype=torch.float64))
    low, high = mel(torch.tensor([LOWEST_HZ, sample_rate / 2], dtype=torch.float64)).tolist()
    width = (high - low) / (BANDS + 1)
    middles = low + width * torch.arange(1, BANDS + 1, dtype=torch.float64)
    # triangles in mel; a longer transform has more bins in each band
    weights = (1 - (bins[:, None] - middles).abs() / width).clamp(min=0.0)
    weights *= sample_rate / transform_size(size) / (16000 / 1024)
    turns = (torch.arange(BANDS, dtype=torch.float64)[:, None] + 0.5) * torch.arange(COEFFICIENTS) / BANDS
    waves = torch.cos(math.pi * turns) * math.sqrt(2 / BANDS)
    waves[:, 0] /= math.sqrt(2)
    return window * (REFERENCE / window.sum()), weights, waves
