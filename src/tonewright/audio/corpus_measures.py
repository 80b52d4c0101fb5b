"""What is measured of a sound while it is read into a corpus: level, silence, bandwidth, colour, and how it moves."""

import numpy as np

from tonewright.audio.corpus_source import BANDS

FRAME = 2048  # samples
LOWEST_HZ = 50.0
FLOOR_DB = -120.0
LOUD = 99  # percentile of the frames by their level
QUIET_DB = 50.0  # below the loud parts: silence
CLEAR_DB = 40.0  # below the loud parts: no longer counted for colour
DEPTH_DB = 60.0  # below the strongest band, the colour is of no interest
EDGES = 64  # bands in which the end of the spectrum is looked for
CLIFF_DB = 25.0  # by which it falls there, within two of them
CLIFF_HZ = 3000.0  # from where on: below, a drum may end so by itself
OFFSET = 10 ** (-60.0 / 20)  # that is worth a word
OFFSET_FRAMES = 20  # that can tell an offset from a sound that is not symmetric


class Measures:
    """Listens to a sound block by block.

    >>> t = np.arange(48000) / 48000
    >>> measures = Measures(48000)
    >>> measures.feed((0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32))
    >>> told = measures.finish()
    >>> round(told["loud_db"], 1), told["silence"], told["moves_db"] < 0.1
    (-9.0, 0.0, True)
    """

    def __init__(self, sample_rate: int):
        self.sample_rate = sample_rate
        self._window = np.hanning(FRAME).astype(np.float32)
        self._rest = np.zeros(0, np.float32)
        self._means, self._levels, self._colours = [], [], []
        self._power = np.zeros(FRAME // 2 + 1)
        self._low, self._high = np.inf, -np.inf
        hz = np.geomspace(LOWEST_HZ, sample_rate / 2, BANDS + 1)
        self._edges = np.maximum.accumulate(np.round(hz / sample_rate * FRAME).astype(int))

    def feed(self, x: np.ndarray) -> None:
        """The next block [T], float32."""
        if not len(x):
            return
        self._low, self._high = min(self._low, float(x.min())), max(self._high, float(x.max()))
        x = np.concatenate([self._rest, x])
        whole = len(x) // FRAME * FRAME
        self._rest = x[whole:]
        if whole:
            self._hear(x[:whole].reshape(-1, FRAME))

    def finish(self) -> dict[str, float | list[float]]:
        """What was measured, by the names that `Source` has for it."""
        if not self._levels:  # shorter than a frame
            self._hear(np.pad(self._rest, (0, FRAME - len(self._rest)))[None])
        levels, colours = np.concatenate(self._levels), np.concatenate(self._colours).astype(np.float64)
        loud_db = float(np.percentile(levels, LOUD))
        clear = levels >= max(loud_db - CLEAR_DB, FLOOR_DB + 1.0)
        silent = levels < max(loud_db - QUIET_DB, FLOOR_DB + 1.0)
        colours, levels = colours[clear], levels[clear]
        bands = colours.mean(axis=0) if len(colours) else np.zeros(BANDS)
        moves = np.sqrt(colours.var(axis=0).mean() + levels.var()) if len(colours) else 0.0
        return {
            "low": self._low if np.isfinite(self._low) else 0.0,
            "high": self._high if np.isfinite(self._high) else 0.0,
            "offset": self._offset(),
            "loud_db": round(loud_db, 2),
            "silence": round(float(silent.mean()), 4),
            "moves_db": round(float(moves), 2),
            "bandwidth_hz": round(self._bandwidth_hz()),
            "bands": [round(float(band), 1) for band in bands],
        }

    def _hear(self, frames: np.ndarray) -> None:
        frames = np.clip(frames, -1e9, 1e9)  # so that squares stay finite, whatever a float file holds
        mean = frames.mean(axis=1, keepdims=True, dtype=np.float64)
        level = np.mean(np.square(frames - mean), axis=1)
        power = np.abs(np.fft.rfft((frames - mean.astype(np.float32)) * self._window)) ** 2
        self._power += power.sum(axis=0)
        sums = np.concatenate([np.zeros((len(power), 1)), np.cumsum(power, axis=1)], axis=1)
        first, last = self._edges[:-1], np.maximum(self._edges[1:], self._edges[:-1] + 1)
        colour = 10 * np.log10((sums[:, last] - sums[:, first]) / (last - first) + 1e-9)
        colour = np.maximum(colour, colour.max(axis=1, keepdims=True) - DEPTH_DB)
        self._means.append(mean[:, 0])
        self._levels.append(10 * np.log10(level + 10 ** (FLOOR_DB / 10)))
        self._colours.append((colour - colour.mean(axis=1, keepdims=True)).astype(np.float16))

    def _offset(self) -> float:
        """What is there at every moment, loud or soft; 0 where there is none."""
        lowest, offset, highest = np.percentile(np.concatenate(self._means), (2, 50, 98)).tolist()
        steady = highest - lowest < abs(offset) and sum(map(len, self._means)) >= OFFSET_FRAMES
        return offset if steady and abs(offset) > OFFSET else 0.0

    def _bandwidth_hz(self) -> float:
        """Where the mean spectrum falls off a cliff and does not come back, or the end of it."""
        power = self._power[: FRAME // 2].reshape(EDGES, -1).mean(axis=1)
        level = 10 * np.log10(power + 1e-12 * max(power.max(), 1e-30))
        above = np.maximum.accumulate(level[::-1])[::-1]  # the largest from here on
        falls = np.flatnonzero(above[2:] < level[:-2] - CLIFF_DB)
        first = CLIFF_HZ / (self.sample_rate / 2) * EDGES
        falls = [k for k in falls if k >= first and above[k + 2] < level.max() - 60.0]
        return (falls[0] + 1.5 if falls else EDGES) / EDGES * self.sample_rate / 2
