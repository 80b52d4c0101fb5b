"""The `--mask` of the command line: which parts of a recording to leave out."""

import re

import numpy as np

from tonewright.errors import PairError

HOW = "write START-STOP in seconds, as in 1.5-2,10-12.25, or every PERIOD:START-STOP in samples"
NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
RANGE = re.compile(rf"{NUMBER}\s*s?\s*-\s*{NUMBER}\s*s?")
PERIODIC = re.compile(r"every\s+(\d+)\s*:\s*(\d+)\s*-\s*(\d+)")


def parse_mask(text: str, sample_rate: int, frames: int) -> np.ndarray:
    """The parts to leave out, as a boolean array [frames], True where the sound is not to be used.

    Parts are separated by commas. `1.5-2` leaves out from 1.5 s to 2 s of the dry recording; `every
    22050:0-11025` the first 11025 samples of every 22050 (periods are counted in samples, because they come
    from programs). A stop is not included; what lies behind the end of the recording is ignored.

    Raises:
        PairError: a part that cannot be read, a stop not after its start, or nothing left.

    >>> parse_mask("0-0.2, 0.5-0.6", 10, 10).astype(int)
    array([1, 1, 0, 0, 0, 1, 0, 0, 0, 0])
    >>> parse_mask("every 4:0-1", 10, 10).astype(int)
    array([1, 0, 0, 0, 1, 0, 0, 0, 1, 0])
    >>> parse_mask("1,5-2", 10, 10)
    Traceback (most recent call last):
    tonewright.errors.PairError: --mask cannot read '1'; write START-STOP in seconds, ...
    """
    mask = np.zeros(frames, bool)
    for part in (part.strip() for part in text.split(",")):
        if periodic := PERIODIC.fullmatch(part):
            period, start, stop = (int(group) for group in periodic.groups())
            _ordered(part, start, stop)
            if stop > period:
                raise PairError(f"--mask has '{part}', which stops after its period of {period}; {HOW}")
            place = np.arange(frames) % period
            mask |= (place >= start) & (place < stop)
        elif span := RANGE.fullmatch(part):
            start, stop = (float(group) for group in span.groups())
            _ordered(part, start, stop)
            mask[round(start * sample_rate) : round(stop * sample_rate)] = True
        else:
            raise PairError(f"--mask cannot read '{part}'; {HOW}")
    if frames and mask.all():
        raise PairError(f"--mask '{text}' leaves nothing of the recording; leave out less")
    return mask


def _ordered(part: str, start: float, stop: float):
    if stop <= start:
        raise PairError(f"--mask has '{part}', which stops before it starts; {HOW}")
