"""How much of a sound is cut off at full scale."""

import numpy as np

PEAK, RUN, SAME = 0.98, 3, 1e-5  # full scale, samples in a row, how equal they are


def flat_samples(x: np.ndarray) -> int:
    """Samples in runs that stay at the file's own largest value: a distortion's tops are not exactly flat."""
    count = 0
    for side in (x, -x):
        peak = float(side.max())
        at_peak = np.concatenate([[False], side >= peak - SAME, [False]])
        edges = np.flatnonzero(np.diff(at_peak.astype(np.int8)))
        runs = edges[1::2] - edges[::2]
        count += int(runs[runs >= RUN].sum()) if peak >= PEAK else 0
    return count
