"""What a linear device answers to a click, from any sound that went through it."""

import numpy as np
import torch
from scipy import fft
from torch import Tensor

RIDGES = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3)  # of the mean power, tried in turn
TRIAL = 0.85  # of the sound finds the response, the rest chooses between the ridges


def deconvolve(dry: np.ndarray, wet: np.ndarray, taps: int, ridge: float) -> np.ndarray:
    """The response [taps] that makes `wet` of `dry`, both [T], by regularised division of their spectra.

    Args:
        dry, wet: one channel each, lined up so that nothing comes before it goes in.
        taps: samples of the response.
        ridge: share of the dry sound's mean power that is added to it at every frequency: what is quieter than that
            is not believed.

    Source: Wiener, "Extrapolation, Interpolation, and Smoothing of Stationary Time Series", 1949.

    >>> dry = np.random.default_rng(0).standard_normal(4000)
    >>> wet = 0.5 * dry + 0.25 * np.concatenate([np.zeros(3), dry[:-3]])
    >>> np.round(deconvolve(dry, wet, 5, 1e-9), 2) + 0.0
    array([0.5 , 0.  , 0.  , 0.25, 0.  ])
    """
    size = fft.next_fast_len(len(dry) + taps, real=True)
    x, y = fft.rfft(dry, size), fft.rfft(wet, size)
    power = np.abs(x) ** 2
    floor = ridge * float(np.mean(power)) or 1e-30
    return fft.irfft(np.conj(x) * y / (power + floor), size)[:taps]


def learned_response(dry: Tensor, wet: Tensor, taps: int) -> Tensor:
    """The response [taps] of all channels together, with the ridge that does best on what it was not found from.

    Args:
        dry, wet: [C, T] float64.
        taps: samples of the response.
    """
    x, y = dry.flatten().numpy(), wet.flatten().numpy()
    if len(dry) > 1:  # with silence between the channels, so that none rings into the next
        x, y = (np.pad(side.numpy(), ((0, 0), (0, taps))).flatten() for side in (dry, wet))
    cut = int(TRIAL * len(x))
    wrong = []
    for ridge in RIDGES:
        h = deconvolve(x[:cut], y[:cut], taps, ridge)
        size = fft.next_fast_len(len(x) + taps, real=True)
        made = fft.irfft(fft.rfft(h, size) * fft.rfft(x, size), size)[cut : len(x)]
        wrong.append(float(np.sum((made - y[cut:]) ** 2)))
    best = RIDGES[int(np.argmin(wrong))]
    return torch.from_numpy(deconvolve(x, y, taps, best))


def lag(dry: np.ndarray, wet: np.ndarray, most: int) -> tuple[int, int]:
    """By how many samples, 0 to `most`, the bulk of the wet sound is late, and its sign.

    >>> dry = np.random.default_rng(0).standard_normal(4000)
    >>> lag(dry, -np.roll(dry, 7), 100)
    (7, -1)
    """
    h = deconvolve(dry, wet, most + 1, 1e-3)
    at = int(np.argmax(np.abs(h)))
    return at, 1 if h[at] >= 0 else -1


def repeats(dry: np.ndarray, wet: np.ndarray, least: int, most: int) -> list[tuple[int, float, float, float]]:
    """Echoes that the sound may have: (delay in samples, gain of the first repeat, of the next, of the sound itself).

    Args:
        dry, wet: one channel each.
        least, most: delays to look at, in samples.

    Returns:
        The three likeliest, the likeliest first.
    """
    h = deconvolve(dry, wet, 2 * most + 2, 1e-4)
    size = np.abs(h)
    direct = float(h[np.argmax(size[:least])]) if least > 1 else float(h[0])
    found = []
    for _ in range(3):
        at = least + int(np.argmax(size[least : most + 1]))
        again = float(h[2 * at]) if 2 * at < len(h) else 0.0
        found.append((at, float(h[at]), again, direct))
        size[max(0, at - 8) : at + 9] = 0.0
    return found
