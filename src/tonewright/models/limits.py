"""What the settings of a model may ask for, so that a file from a stranger takes neither the memory nor the day."""

from tonewright.errors import ConfigError

# The worst that are just not refused, on one core of 2026: 0.8 s until the first samples (of a long memory, or of
# many modulations), and 2.5 s until there is a .tone file (of 126 softmaxes; 2 s of twelve GRUs).
MAX_MEMORY = 1 << 22  # samples x channels that are remembered
MAX_SETTLE = 1 << 18  # samples of silence before the first note: 5 s at 48 kHz, and captures have 0.1 s
MAX_WORK = 1 << 31  # multiplications in that silence
MAX_MADE = 1 << 29  # numbers that layers hand on in it and in the probe: 1 to 4 ns each
PROBE_SAMPLES = 16384  # of the sound that a model answers when it is written
STEP = 2048  # numbers that are made while torch plays a recurrent layer for one sample, 8 us


def within(name: str, value: int, low: int, high: int) -> None:
    """Refuses a number out of its range.

    Raises:
        ConfigError: naming it.

    >>> within("channels", 0, 1, 1024)
    Traceback (most recent call last):
    tonewright.errors.ConfigError: channels is 1 to 1024, and not 0
    """
    if not low <= value <= high:
        raise ConfigError(f"{name} is {low} to {high}, and not {value}")


def playable(what: str, memory: int, settle: int, weights: int, made: int) -> None:
    """Refuses what takes too much memory, or too long until its first note.

    Args:
        what: the parts of the model, as a sentence calls them.
        memory: samples x channels that they remember.
        settle: samples of silence that they hear before the first note.
        weights: multiplications for each sample.
        made: numbers that they hand on for each sample, bent, added or copied; a recurrent layer counts as STEP.

    Raises:
        ConfigError: naming what is too much.

    >>> playable("all layers", 100, 1 << 18, 10_000, 100)
    Traceback (most recent call last):
    tonewright.errors.ConfigError: all layers look back 262,144 samples with 10,000 weights, which takes too ...
    """
    within(f"memory of {what}", memory, 0, MAX_MEMORY)
    if settle > MAX_SETTLE:
        raise ConfigError(
            f"{what} look back {settle:,} samples, and {MAX_SETTLE:,} is the most that is played"
        )
    if settle * weights > MAX_WORK:
        raise ConfigError(
            f"{what} look back {settle:,} samples with {weights:,} weights, which takes too long to begin"
        )
    if (settle + PROBE_SAMPLES) * made > MAX_MADE:
        raise ConfigError(
            f"{what} look back {settle:,} samples and hand on {made:,} numbers for each, "
            "which takes too long to begin"
        )
