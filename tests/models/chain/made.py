"""Processors to try: sizes and rates at which a short sound tells everything, and settings by chance."""

import numpy as np
import torch

from tonewright.models.chain.processor import Processor
from tonewright.models.chain.processors import PROCESSORS

RATE = 44100
SIZES = {"response": 64, "room": 256, "curve": 5}  # others: their usual one
RATES = {"hall": 2000}  # whose delays a short sound would not come through
# a delay that is longer than the sound says nothing of what comes out of it
SHORT = {("delay", "delay_ms"): (0.3, 6.0), ("echo", "delay_ms"): (5.0, 7.0)}


def made(kind: str, channels: int = 1, size: int | None = None, rate: int | None = None) -> Processor:
    """One at its defaults; a width hears two channels in any case."""
    size = SIZES.get(kind, 0) if size is None else size
    return PROCESSORS[kind](rate or RATES.get(kind, RATE), channels_of(kind, channels), size)


def channels_of(kind: str, channels: int) -> int:
    return 2 if kind == "width" else channels


def by_chance(kind: str, seed: int, size: int | None = None) -> dict:
    """All settings somewhere within their ranges; seed 0: where they are by default."""
    rng, values = np.random.default_rng((seed, *kind.encode())), {}
    size = SIZES.get(kind, 0) if size is None else size
    for setting in PROCESSORS[kind].settings if seed else ():
        count = setting.count or PROCESSORS[kind].checked_size(size)
        some = setting.at(torch.from_numpy(rng.uniform(0.05, 0.95, count)))
        if setting.choices:
            some = torch.from_numpy(rng.choice(setting.choices, count))
        if setting.name in ("taps", "weights"):
            some = some / 16.0  # or the sum of so many is far above full scale
        if (kind, setting.name) in SHORT:
            some = torch.tensor([rng.uniform(*SHORT[kind, setting.name])])
        values[setting.name] = some.tolist() if setting.count != 1 else float(some)
    return values


def played(processor: Processor, x: np.ndarray) -> np.ndarray:
    """x [T] or [C, T] through it in float64, from silence; [T] where one channel comes out."""
    sound = torch.from_numpy(np.atleast_2d(x)).double()[None]
    processor = processor.double()
    with torch.no_grad():
        y = processor(sound, processor.initial_state(1))[0][0].numpy()
    return y[0] if len(y) == 1 else y
