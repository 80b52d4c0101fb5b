"""What the figures show, as arrays: envelopes, spectrograms, densities. Nothing here draws."""

import math

import numpy as np

LOWEST_HZ, HIGHEST_HZ = 40.0, 20000.0
ROWS, COLUMNS = 160, 640


def envelope(x: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest sample in each of `bins` equal stretches of x [T] (fewer when T is less).

    >>> envelope(np.array([1.0, -1.0, 2.0, 3.0]), 2)
    (array([-1.,  2.]), array([1., 3.]))
    """
    edges = np.arange(min(bins, len(x))) * len(x) // min(bins, len(x))
    return np.minimum.reduceat(x, edges), np.maximum.reduceat(x, edges)


def loudest_attack(x: np.ndarray, sample_rate: int) -> int:
    """The sample 1 ms before the 5 ms whose energy rises most above the 50 ms before; 0 for a short x [T].

    >>> x = np.concatenate([np.full(4800, 0.1), np.full(4800, 1.0)])
    >>> loudest_attack(x, 48000)
    4752
    """
    size = max(1, round(0.005 * sample_rate))
    energy = np.square(x[: len(x) // size * size], dtype=np.float64).reshape(-1, size).sum(axis=1)
    if not len(energy):
        return 0
    sums = np.concatenate([np.zeros(11), np.cumsum(energy)])  # before the recording there was silence
    rise = energy - (sums[10:-1] - sums[:-11]) / 10
    return max(0, int(rise.argmax()) * size - round(0.001 * sample_rate))


def spectrogram_range_hz(sample_rate: int) -> tuple[float, float]:
    """The lowest and the highest frequency that `spectrogram` shows.

    >>> spectrogram_range_hz(48000), spectrogram_range_hz(16000)
    ((40.0, 20000.0), (40.0, 8000.0))
    """
    return LOWEST_HZ, min(HIGHEST_HZ, sample_rate / 2)


def spectrogram(x: np.ndarray, sample_rate: int) -> np.ndarray:
    """Power over logarithmic frequency and time.

    Hann windows of about 43 ms. At most 640 of them: a recording longer than about 27 s is sampled.

    Args:
        x: finite samples [T], at least one.
        sample_rate: in Hz.

    Returns:
        Power [160, at most 640], the lowest frequency first.

    >>> x = np.sin(2 * np.pi * 1000 * np.arange(48000) / 48000)
    >>> row = spectrogram(x, 48000).sum(axis=1).argmax()
    >>> round(40 * (20000 / 40) ** (row / 159) / 100)
    10
    """
    size = 2 ** round(math.log2(sample_rate * 0.043))
    hop = max(size // 4, math.ceil(len(x) / COLUMNS))
    padded = np.pad(x, size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[: len(x) : hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(size))) ** 2
    bins = np.geomspace(*spectrogram_range_hz(sample_rate), ROWS) * size / sample_rate
    left = np.minimum(bins.astype(int), size // 2 - 1)
    weight = bins - left
    return (power[:, left] * (1 - weight) + power[:, left + 1] * weight).T


def reach(x: np.ndarray) -> float:
    """How far an axis must go for x [T]: nearly all of it, and never nothing.

    >>> reach(np.zeros(10)), reach(np.array([0.5, -2.0]))
    (1.0, 2.1)
    """
    return 1.05 * float(np.quantile(np.abs(x), 0.9999, method="higher")) or 1.0


def density(x: np.ndarray, y: np.ndarray, across: float, up: float, bins: int = 110) -> np.ndarray:
    """How many samples have the input x and the output y, [bins, bins], within ±across and ±up.

    >>> density(np.array([-1.0, 1.0]), np.array([-1.0, 1.0]), 2.0, 2.0, bins=2)
    array([[1., 0.],
           [0., 1.]])
    """
    every = max(1, len(x) // 400_000)  # more would not change the picture
    return np.histogram2d(x[::every], y[::every], bins=bins, range=((-across, across), (-up, up)))[0]


def mean_curve(x: np.ndarray, y: np.ndarray, across: float, bins: int = 41) -> tuple[np.ndarray, np.ndarray]:
    """The mean output for each level of input within ±across, where enough samples have it to tell.

    >>> x = np.linspace(-1, 1, 5000)
    >>> level, mean = mean_curve(x, 2 * x, 1.0)
    >>> bool(np.abs(mean - 2 * level).max() < 0.01)
    True
    """
    place = np.clip(((x / across + 1) / 2 * bins).astype(int), 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    total = np.bincount(place, weights=y, minlength=bins)
    enough = count >= max(10, len(x) / 5000)
    level = ((np.arange(bins) + 0.5) / bins * 2 - 1) * across
    return level[enough], total[enough] / count[enough]


def curve(history: list[dict], name: str) -> tuple[np.ndarray, np.ndarray]:
    """One column of a training history against minutes, without what a logarithmic axis cannot show.

    >>> curve([{"seconds": 60, "error": 0.5}, {"seconds": 90, "error": None}], "error")
    (array([1.]), array([0.5]))
    """
    rows = [(row["seconds"] / 60, row[name]) for row in history if row.get(name) is not None]
    rows = [(minutes, value) for minutes, value in rows if math.isfinite(value) and value > 0]
    minutes, values = zip(*rows, strict=True) if rows else ((), ())
    return np.array(minutes), np.array(values)
