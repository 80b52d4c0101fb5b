"""Model files that a person names."""

from pathlib import Path

from tonewright.cli.words import warn


def opened(model: Path, size: float | None = None, rate: int | None = None):
    """The player of a model file, with a word on what had to be assumed of it.

    Args:
        model: a .tone file, or one of another program.
        size: of a file of several sizes, which.
        rate: in Hz, of a file that tells none.
    """
    from tonewright.export.opening import is_foreign, load

    player = load(model, size=size, rate=rate)
    if is_foreign(model) and "sample_rate" in player.tone.provenance:
        warn(f"{model}: it tells no sample rate, and {player.sample_rate} Hz is assumed; --rate says another")
    return player
