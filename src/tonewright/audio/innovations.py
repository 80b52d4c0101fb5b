"""What is new in a sound: each sample less what could be told from the samples before it.

A minimum-phase whitener is causal and so is its inverse: between two whitened recordings a causal device is
still causal, its delay is unchanged, and their correlation before the device answers is noise. The predictor
is made anew for each short frame, as in speech coding, because one predictor for a whole piece of music
leaves its chords in what should be white.
"""

import numpy as np
from scipy import ndimage, signal

ORDER = 32  # taps of the predictor
FRAME, HOP = 2048, 1024  # samples that a predictor is made from, and that it is used for
FLOOR = 1e-8  # of a frame's power, added as white noise so that an empty band (an MP3's top) is not blown up
QUIET = 1e-5  # of the reference power: what is quieter than this is not made loud
LOUD = 4.0  # deviations; what is louder counts as that, so that one attack does not outweigh a minute
WINDOW = 4096  # samples of the windows that the coherence is averaged over
NEAR = 32  # samples around the latency in which the sign of the answer is read


class Innovations:
    """A recording, read piece by piece as innovations of even level.

    Args:
        x: one channel, [T].
        keep: [T], False where the sound is not to be used; everything when left out.

    >>> x = np.cumsum(np.random.default_rng(0).standard_normal(20000))
    >>> e = Innovations(x).between(0, 20000)
    >>> abs(float(np.corrcoef(e[1:], e[:-1])[0, 1])) < 0.05
    True
    """

    def __init__(self, x: np.ndarray, keep: np.ndarray | None = None):
        self.x = x
        self.keep = np.ones(len(x), bool) if keep is None else keep
        self.power = float(np.mean(x[self.keep] ** 2)) if self.keep.any() else 0.0

    def between(self, start: int, stop: int) -> np.ndarray:
        """The innovations of x[start:stop] as float32; zero outside of x and where it is not to be used."""
        x = _cut(self.x, start - FRAME, stop + FRAME)
        keep = _cut(self.keep, start - FRAME, stop + FRAME)
        if not keep.any() or self.power == 0.0:
            return np.zeros(stop - start, np.float32)
        if not keep.all():  # a sample predicted from others that are not to be used is no innovation
            keep = ndimage.minimum_filter1d(keep, ORDER + 1, origin=ORDER // 2)
        return (_whiten(x, self.power) * keep)[FRAME : FRAME + stop - start].astype(np.float32)


def coherence(
    dry: Innovations, wet: Innovations, frames: np.ndarray, lags: np.ndarray, size: int
) -> tuple[float, int]:
    """How much of the wet sound a linear device could make of the dry one, and with which sign.

    Args:
        frames: [F], first dry sample of each frame of `size` samples.
        lags: [F], how late the wet side is there, whole samples.

    Returns:
        The coherence averaged over the wet spectrum, 0..1 and free of bias (each window counts the same, loud
        or quiet), and +1 or -1. 0 when there are fewer than three windows to compare.
    """
    shape = signal.windows.hann(WINDOW, sym=False)
    xx, yy, xy = np.zeros(WINDOW // 2 + 1), np.zeros(WINDOW // 2 + 1), np.zeros(WINDOW // 2 + 1, complex)
    count = 0
    within = range(0, size, WINDOW // 2)
    for t, lag in ((f + w, lag) for f, lag in zip(frames, lags, strict=True) for w in within):
        kept = dry.keep[t : t + WINDOW]
        if t + lag < 0 or len(kept) < WINDOW or t + lag + WINDOW > len(wet.x) or not kept.all():
            continue
        x, y = (np.fft.rfft(s * shape) for s in (dry.x[t : t + WINDOW], wet.x[t + lag : t + lag + WINDOW]))
        x_power, y_power = np.vdot(x, x).real, np.vdot(y, y).real
        if x_power <= QUIET * dry.power * WINDOW**2 / 8 or y_power == 0.0:
            continue
        xx += np.abs(x) ** 2 / x_power
        yy += np.abs(y) ** 2 / y_power
        xy += np.conj(x) * y / np.sqrt(x_power * y_power)
        count += 1
    if count < 3:
        return 0.0, 1
    shared = np.abs(xy) ** 2 / np.maximum(xx * yy, 1e-30)
    unbiased = np.maximum(0.0, (shared * count - 1.0) / (count - 1.0))
    near = np.roll(np.fft.irfft(xy), WINDOW // 2)[WINDOW // 2 - NEAR : WINDOW // 2 + 2 * NEAR]
    sign = 1 if near[np.argmax(np.abs(near))] >= 0.0 else -1
    return float(np.sum(unbiased * yy) / np.sum(yy)), sign


def _cut(x: np.ndarray, start: int, stop: int) -> np.ndarray:
    """x[start:stop] with zeros where that is outside of x."""
    inside = x[max(0, start) : max(0, stop)]
    before = min(max(0, -start), stop - start)
    return np.pad(inside, (before, stop - start - before - len(inside)))


def _whiten(x: np.ndarray, reference: float) -> np.ndarray:
    """Each HOP of x filtered by its own predictor and divided by what that leaves: [T] -> [T]."""
    hops = -(-len(x) // HOP)
    lead = (FRAME - HOP) // 2  # the hop is the middle of its frame
    padded = np.pad(x, (lead, hops * HOP - len(x) + FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[: hops * HOP : HOP]
    spectra = np.fft.rfft(frames * signal.windows.hann(FRAME, sym=False), 2 * FRAME)
    r = np.fft.irfft(np.abs(spectra) ** 2)[:, : ORDER + 1] / FRAME
    r[:, 0] = r[:, 0] * (1.0 + FLOOR) + FLOOR * QUIET * reference
    taps, left = _levinson(r)
    e = np.zeros((hops, HOP))
    for k in range(ORDER + 1):
        e += taps[:, k : k + 1] * padded[lead - k : lead - k + hops * HOP].reshape(hops, HOP)
    level = np.sqrt(left) * np.sqrt(1.0 + QUIET * reference / np.maximum(r[:, 0], 1e-30))
    return np.clip(e / level[:, None], -LOUD, LOUD).reshape(-1)[: len(x)]


def _levinson(r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Prediction error filters and the power they leave, from autocorrelations [F, ORDER + 1]."""
    taps = np.zeros_like(r)
    taps[:, 0] = 1.0
    left = r[:, 0].copy()
    for k in range(1, r.shape[1]):
        reflection = -np.sum(taps[:, :k] * r[:, k:0:-1], axis=1) / left
        taps[:, 1 : k + 1] += reflection[:, None] * taps[:, k - 1 :: -1][:, :k]
        left *= 1.0 - reflection**2
    return taps, left
