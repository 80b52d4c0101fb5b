"""Where more sounds than one note: double stops, chords, somebody else who plays along."""

import math

import numpy as np
from scipy.ndimage import binary_dilation, maximum_filter1d, median_filter

from tonewright.audio.performance import Performance

WINDOW_S = 0.064
LOWEST_HZ, HIGHEST_HZ = 60.0, 4000.0  # where to look
FAINT = 1e-3  # beside the strongest partial of its frame; a weaker one is none
BENT = 0.015  # by how much a partial may be off its harmonic, beside what the window blurs
APART = 0.35  # of f0: but not farther, for there the next harmonic begins
RINGING_S, AHEAD_S = 0.7, 0.05  # for which notes ring on; by which the next one may sound before it is heard
FADED = 0.25  # of its former power: what is louder than that does not ring on, it is played
SMOOTHED_S = 0.1  # two notes that take turns overlap for a shorter time
SHARE = 0.08  # of the power: in the violin of our tests, twenty times as frequent in double stops as in single notes
LOUD_DB = 25.0  # below the loud parts: what is softer is not looked at
PIECE = 2048  # frames looked at together, so that memory does not grow with the recording


def polyphonic(performance: Performance) -> np.ndarray:
    """Frames in which a part of the sound belongs to another note than the one that was heard.

    The peaks of the spectrum should lie on the harmonics of f0. Others are counted, unless they belong to a note that
    was played just before and rings on more softly, as notes do in a room. Of what sounds together, an octave or a
    note that is much softer than the other is not found; of the double stops on a violin, about one frame in two is.

    Returns:
        [F] bool; only loud frames with a pitch are ever True.

    >>> t = np.arange(16000) / 16000
    >>> low, high = (sum(np.sin(2 * np.pi * f * k * t) / k for k in range(1, 6)) for f in (220.0, 277.0))
    >>> def heard(sound):
    ...     row = np.full(100, 220.0, np.float32)
    ...     return Performance(sound.astype(np.float32), 16000, 160, row, row, row > 0, 0 * row)
    >>> polyphonic(heard(low)).any(), polyphonic(heard(low + high))[10:90].all()
    (np.False_, np.True_)
    """
    seconds = performance.hop / performance.sample_rate
    ringing, ahead = math.ceil(RINGING_S / seconds), math.ceil(AHEAD_S / seconds)
    share = np.concatenate(
        [
            _unexplained(performance, start, min(start + PIECE, performance.frames), ringing, ahead)
            for start in range(0, performance.frames, PIECE)
        ]
    )
    share = median_filter(share, 2 * round(SMOOTHED_S / seconds / 2) + 1, mode="nearest")
    found = (share > SHARE) & considered(performance)
    return binary_dilation(found, iterations=max(1, ahead)) & considered(performance)


def considered(performance: Performance) -> np.ndarray:
    """Frames that have a pitch and are loud: [F] bool."""
    loud = performance.loudness_db
    return performance.voiced & (loud > np.percentile(loud, 95) - LOUD_DB)


def _unexplained(performance: Performance, start: int, stop: int, ringing: int, ahead: int) -> np.ndarray:
    """The part of the power of frames start .. stop - 1 that no note explains, each 0 to 1."""
    first, last = max(0, start - ringing), min(stop + ahead, performance.frames)
    power, frequency_hz = _spectra(performance, first, last)
    f0_hz = performance.f0_hz[first:last, None].astype(np.float32)
    harmonic = np.maximum(np.round(frequency_hz / f0_hz), 1)
    close = np.minimum(1 / WINDOW_S + BENT * frequency_hz, APART * f0_hz)
    own = np.abs(frequency_hz - harmonic * f0_hz) <= close
    heard = own & performance.voiced[first:last, None]
    # The loudest that each frequency was, as part of a note, in the time before; and next to it, for notes sway.
    rang = maximum_filter1d(heard * power, ringing + 1, axis=0, origin=ringing // 2, mode="constant")
    rang = maximum_filter1d(rang, 5, axis=1)
    known = own | maximum_filter1d(heard, 2 * ahead + 1, axis=0, mode="constant") | (power <= FADED * rang)
    peaks = power * _peaks(power)
    share = (peaks * ~known).sum(axis=1) / np.maximum(peaks.sum(axis=1), 1e-20)
    return share[start - first : stop - first]


def _spectra(performance: Performance, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """The power [frames, bins] around each frame from `first` on, and the frequency of each bin."""
    rate, hop, sound = performance.sample_rate, performance.hop, performance.sound
    half = round(WINDOW_S * rate / 2)
    size = 2 << (2 * half - 1).bit_length()  # of the transform: at least twice the window
    begin, end = first * hop - half, (last - 1) * hop + half
    around = np.pad(sound[max(0, begin) : end], (max(0, -begin), max(0, end - len(sound))))
    windows = np.lib.stride_tricks.sliding_window_view(around, 2 * half)[::hop]
    bins = int(HIGHEST_HZ * size / rate) + 1
    window = np.hanning(2 * half + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(windows * window, size)[:, :bins]).astype(np.float32) ** 2
    frequency_hz = (np.arange(power.shape[1]) * (rate / size)).astype(np.float32)
    power[:, frequency_hz < LOWEST_HZ] = 0.0
    return power, frequency_hz


def _peaks(power: np.ndarray) -> np.ndarray:
    """Where a bin stands out from its neighbours and is not faint."""
    found = power > FAINT * power.max(axis=1, keepdims=True)
    found[:, 0] = found[:, -1] = False
    found[:, 1:-1] &= (power[:, 1:-1] > power[:, :-2]) & (power[:, 1:-1] >= power[:, 2:])
    return found
