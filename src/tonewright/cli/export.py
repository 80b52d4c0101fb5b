"""tonewright export: hand what was learned to other programs."""

from pathlib import Path

from tonewright.cli.words import say


def export(model: Path, target: Path) -> int:
    """Write what was learned as a file for other programs.

    The suffix says what is wanted. The room of an instrument goes to .wav, .flac or .aiff: its impulse response, for
    any convolution reverb, or for another instrument with `tonewright run --reverb`.

        tonewright export violin.tone room.wav

    Parameters
    ----------
    model:
        A .tone file, or a .nam file.
    target:
        The file to write.
    """
    from tonewright.atomic import check_place
    from tonewright.cli.open import open_player
    from tonewright.export import exporter

    write = exporter(target)
    check_place(target)
    said = write(open_player(model), target)
    say(f"{target}: {said}")
    return 0
