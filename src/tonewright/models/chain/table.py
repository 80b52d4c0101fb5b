"""The settings of a chain as rows of a table."""

import math
from collections.abc import Mapping

import numpy as np

from tonewright.models.base import Row
from tonewright.models.chain.processor import Processor

MOST = 32  # numbers of one setting that anybody wants to read


def table(processors: Mapping[str, Processor]) -> list[Row]:
    """A row for each number that can be turned; one for all of what is as long as a sound.

    Args:
        processors: by name, in their order.
    """
    rows = []
    for name, processor in processors.items():
        for setting in processor.settings:
            values = getattr(processor.panel, setting.name).detach().double().numpy()
            common = (setting.unit, setting.low, setting.high, setting.logarithmic)
            if values.size > MOST:
                rows.append(
                    Row(name, setting.name, math.nan, *common, note=summary(values, processor.sample_rate))
                )
            elif setting.count == 1:
                rows.append(Row(name, setting.name, float(values), *common))
            else:
                rows += [Row(name, f"{setting.name}[{i}]", float(v), *common) for i, v in enumerate(values)]
    return rows


def summary(samples: np.ndarray, sample_rate: int) -> str:
    """What there is to say of numbers that are samples.

    >>> summary(np.array([0.0, -2.0, 1.0]), 1000)
    '3 samples (3.0 ms), the strongest is -2 after 1.0 ms'
    """
    strongest, ms = int(np.argmax(np.abs(samples))), 1000.0 / sample_rate
    return (
        f"{len(samples):,} samples ({len(samples) * ms:.1f} ms), the strongest is {samples[strongest]:.3g} "
        f"after {strongest * ms:.1f} ms"
    )
