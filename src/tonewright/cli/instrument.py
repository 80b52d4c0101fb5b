"""tonewright instrument: learn an instrument that another sound plays."""

import math
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tonewright.cli.learning import check_teaching, keep
from tonewright.cli.words import Bar, check_result, say, values, warn


def instrument(
    recordings: Path,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    preset: str = "standard",
    sample_rate: int | None = None,
    minutes: float | None = None,
    steps: int | None = None,
    setting: list[str] | None = None,
    seed: int = 0,
    listen: Path | None = None,
    resume: bool = False,
    restart: bool = False,
    threads: int | None = None,
    page: bool = True,
) -> int:
    """Learn an instrument from recordings of it alone, one note at a time.

    Ten to fifteen minutes of a solo violin, trumpet, flute or voice become an instrument that any other melody plays:
    its pitch and its loudness are followed, also live. Training keeps the model that is best on the last tenth of
    each recording, which it never learns from. Ctrl-C keeps the best model so far; --resume goes on, also after a
    crash.

        tonewright instrument recordings/ -o violin.tone --minutes 30
        tonewright run violin.tone singing.wav -o out.wav --transpose 12

    Parameters
    ----------
    recordings:
        A folder of sound files, one sound file, or what `tonewright prepare` wrote.
    output:
        The model to write, such as violin.tone.
    preset:
        Its size: tiny, small, standard, or paper, which wants a GPU or a night.
    sample_rate:
        Of the instrument in Hz: 16000, 22050, 24000, 32000, 44100 or 48000. What is higher takes longer, and has
        the air above 8 kHz.
    minutes:
        How long to teach; 30 when nothing is said.
    steps:
        How long to teach, as a number of steps instead of minutes.
    setting:
        A setting of the model or of its teaching where it is not that of the preset, such as --setting reverb_s=2;
        once for each.
    seed:
        The same seed, recordings and steps make the same model, to the bit.
    listen:
        A melody to be played each time the model is measured: hear it learn.
    resume:
        Go on with an unfinished training, to the end that it was begun with.
    restart:
        Throw an unfinished training away and begin again.
    threads:
        How many; all cores when nothing is said.
    page:
        Write the listening page.
    """
    check_result(output, ".tone")
    check_teaching(seed, threads, resume, restart)
    from tonewright.training.instrument import Plan, learn
    from tonewright.training.loop import Budget

    plan = Plan(
        preset,
        sample_rate,
        None if minutes is None and steps is None else Budget(minutes, steps),
        seed,
        threads,
        output.with_suffix(".checkpoint"),
        resume,
        restart,
        values(setting),
        listen,
        output.with_suffix(".listen"),
    )
    with Bar(f"hearing {recordings.name}", "spectral loss") as bar:

        def taught(progress) -> None:
            bar.turn_to(f"learning {output.stem}")
            share = progress.step / progress.steps if progress.steps else 0.0
            bar.show(share, progress.seconds_left, progress.best)

        learned = learn(recordings, plan, said=warn, listener=taught, heard=bar.show)

    def write_page(path: Path) -> None:
        from tonewright.report.of_instrument import write_instrument_report

        write_instrument_report(learned.player, learned.held_out, path, output.name, learned.findings)

    return keep(learned, output, _tell, write_page if page else None, "best model")


def _tell(learned, output: Path) -> None:
    proof, pitch = learned.proof, "and nothing with a pitch"
    if math.isfinite(proof.f0_semitones):
        cents, share = 100 * proof.f0_semitones, 100 * proof.f0_off
        pitch = f"pitch {cents:.0f} cents off and in {share:.0f} % of the frames far off"
    say(
        f"{output}: on what it never heard, spectral loss {proof.spectral:.2f}, "
        f"loudness {proof.loudness_db:.2f} dB off, {pitch}"
    )
