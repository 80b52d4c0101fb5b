"""tonewright match: find the settings of an effect."""

import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tonewright.cli.learning import check_teaching
from tonewright.cli.words import Bar, check_result, say, settings, warn


def match(
    dry: Path,
    wet: Path,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    chain: str = "auto",
    fix: list[str] | None = None,
    show: bool = False,
    json_file: Annotated[Path | None, Parameter(name="--json")] = None,
    latency: int | None = None,
    seed: int = 0,
    page: bool = True,
) -> int:
    """Find the settings of a chain of effects from a dry and a wet recording.

    Unlike a capture, the result can be read and turned: a threshold in dB, a delay in ms. It plays like any other
    model. What a recording cannot tell, such as a band of an equaliser in which there is no sound, is said to be so.

        tonewright match dry.wav wet.wav --chain eq,compressor,gain -o chain.tone --show
        tonewright run chain.tone guitar.wav -o out.wav --set compressor.ratio=3

    Level: gain, polarity, offset, dc-blocker, delay. Tone: highpass, lowpass, lowshelf, highshelf, peak, eq,
    response. Drive: tanh, clip, asymmetric, curve. Dynamics: compressor, limiter, expander, gate. Movement:
    tremolo, optical-tremolo, chorus, flanger, phaser. Space: echo, room, hall. Stereo: pan, width.

    Parameters
    ----------
    dry:
        What went into the effect: a sound file, mono or stereo.
    wet:
        What came out of it.
    output:
        The model to write, such as chain.tone.
    chain:
        The processors, in the order in which the sound runs through them, such as eq,compressor,gain. A number in
        brackets is a size: phaser[6] has six stages, response[22050] so many samples. auto tries small chains, and
        longer ones as long as that helps.
    fix:
        A setting that you know, such as --fix compressor.ratio=4; once for each.
    show:
        Print all settings, in their units, with how far each may be off.
    json_file:
        Write the settings to this file, as JSON.
    latency:
        Samples by which the wet is late, when you know better than the estimate.
    seed:
        Of the places where the search begins.
    page:
        Write the listening page.
    """
    check_result(output, ".tone")
    if json_file is not None:
        check_result(json_file, ".json", "--json")
    check_teaching(seed)
    known = settings(fix, "a setting", "compressor.ratio=4")
    from tonewright.training.match import match as find

    begun = time.monotonic()
    with Bar(f"matching {output.stem}") as bar:

        def progress(done: float, esr: float) -> None:
            left = (time.monotonic() - begun) * (1 - done) / done if done > 0.02 else float("nan")
            bar.show(done, left, esr)

        found = find(dry, wet, chain, fixed=known, seed=seed, latency=latency, said=warn, listener=progress)
    found.player.save(output)
    if json_file is not None:
        from tonewright.atomic import write_whole
        from tonewright.export.settings import text

        write_whole(json_file, text(found.player).encode())
        say(f"{json_file}: the settings")
    _tell(found, output, show)
    if page:
        _write_page(found, output)
    return 0


def _tell(found, output: Path, show: bool) -> None:
    from tonewright.measure.metrics import verdict
    from tonewright.report.of_player import settings_of
    from tonewright.report.settings import lines

    say(
        f"{output}: ESR {found.esr:.4g} on the end of the recording, where the dry sound leaves {found.dry_esr:.4g}: "
        f"{verdict(found.esr)}"
    )
    if found.esr > found.dry_esr:
        say("that is no better than the dry sound at its level: this chain is not what the effect is")
    if found.loss == "spectral":
        say("no settings follow the wave, so its spectrum was matched; judge this one by ear")
    unsure = [str(row.place) for row in found.rows if not row.found]
    if unsure:
        say(f"this recording does not tell: {', '.join(unsure)}")
    for line in lines(settings_of(found.player)) if show else []:
        say(line)


def _write_page(found, output: Path) -> None:
    from tonewright.report.of_player import write_report

    if found.held_out is None:
        say("a page compares mono sounds, so none was written")
        return
    path = output.with_suffix(".html")
    write_report(found.player, [found.held_out], path, output.name, found.findings)
    say(f"{path}: listen and look")
