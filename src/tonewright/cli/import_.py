"""tonewright import: a model that another program made, as a .tone file."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tonewright.cli.opened import opened
from tonewright.cli.words import check_result, say


def import_(
    file: Path,
    *,
    output: Annotated[Path, Parameter(["--output", "-o"])],
    size: float | None = None,
    rate: int | None = None,
) -> int:
    """Read a model that another program made and write it as a .tone file.

        tonewright import amp.nam -o amp.tone
        tonewright run amp.tone guitar.wav -o out.wav

    Every command that plays a .tone file takes such files directly, too. docs/players.md lists what is read.

    Parameters
    ----------
    file:
        A .nam file, or another that is read here.
    output:
        The .tone file to write.
    size:
        Of a .nam file that holds one model in several sizes, which: from 0, the smallest, to 1, the largest.
    rate:
        Sample rate in Hz, where the file tells none.
    """
    from tonewright.export.opening import check_answer

    check_result(output, ".tone")
    player = opened(file, size=size, rate=rate)
    check_answer(player, file)
    player.save(output)
    say(f"{output}: {player.tone.architecture}, {player.sample_rate} Hz, played by the {player.engine}")
    return 0
