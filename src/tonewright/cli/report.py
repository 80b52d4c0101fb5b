"""tonewright report: a page that shows how close a model is to its device."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tonewright.cli.words import check_result, say, settings
from tonewright.errors import AudioError


def report(
    model: Path,
    dry: Path,
    wet: Path,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    knob: list[str] | None = None,
    latency: int | None = None,
    mask: str = "",
    force: bool = False,
) -> int:
    """Write a page where you hear and see a model beside its device.

    Take recordings that the model was not taught with, or the page flatters it.

    Parameters
    ----------
    model:
        A .tone file, or a file of another program that is read here, such as a .nam file.
    dry:
        What went into the device.
    wet:
        What came out of it.
    output:
        The page to write, such as page.html. It opens from disk and needs no network.
    knob:
        Where the device's controls were, such as --knob drive=0.7; once for each.
    latency:
        Samples by which the wet is late, when you know better than the estimate.
    mask:
        What to leave out, as in 'tonewright check'.
    force:
        Go on with recordings that the checks call unfit.
    """
    from tonewright.export.opening import load
    from tonewright.measure.metrics import verdict
    from tonewright.report.of_player import check_comparable, write_report
    from tonewright.training.capture import measure
    from tonewright.training.recordings import Recording, as_learned, prepare

    check_result(output, ".html")
    player = load(model)
    check_comparable(player)
    recording = Recording(dry, wet, player.controls | settings(knob), latency, mask)
    prepared = prepare(recording, player.model.settle, force)
    pair = prepared.pair
    if pair.sample_rate != player.sample_rate:
        raise AudioError(
            f"{dry.name} is {pair.sample_rate} Hz and {model.name} was learned at {player.sample_rate} Hz; "
            f"compare it with recordings of that rate"
        )
    pair = as_learned(pair, player.render(pair.dry, **pair.knobs)[player.latency :])
    write_report(player, [pair], output, model.name, prepared.findings)
    error = measure(player, [pair])
    say(f"{output}: ESR {error:.4g}: {verdict(error)}")
    return 0
