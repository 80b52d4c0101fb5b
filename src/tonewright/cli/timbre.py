"""tonewright timbre: learn a timbre that any sound can wear."""

import math
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tonewright.cli.learning import check_teaching, keep
from tonewright.cli.words import Bar, check_result, say, values, warn

WAITED = 0.01  # of the time, from which on it is told that data was waited for


def timbre(
    recordings: Path,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    preset: str = "live",
    no_latency: Annotated[bool, Parameter(negative=())] = False,
    sample_rate: int | None = None,
    minutes: float | None = None,
    steps: int | None = None,
    setting: list[str] | None = None,
    seed: int = 0,
    device: str | None = None,
    threads: int | None = None,
    listen: Path | None = None,
    resume: bool = False,
    restart: bool = False,
    page: bool = True,
) -> int:
    """Learn a timbre from hours of one kind of sound: drums, a choir, rain, a language.

    Any other sound then comes back in it, also live: what it does over time is followed, and how it sounds is what
    was learned. Two to three hours of recordings are good; ten minutes are learned by heart.

    First the model learns to play every sound as it was (phase 1), then to be taken for a recording (phase 2).
    A tenth of the recordings is held out and only measured. Ctrl-C keeps what was learned so far; --resume goes on,
    also after a crash. Beside the model, a folder of examples lets you hear it learn.

        tonewright timbre drums/ -o drums.tone --minutes 240
        tonewright run drums.tone beatbox.wav -o out.wav --latent 0=+1.5

    Parameters
    ----------
    recordings:
        A folder of sound files, with the folders in it, one sound file, or what `tonewright prepare --for timbre`
        wrote.
    output:
        The model to write, such as drums.tone.
    preset:
        Its size. live: the smallest and the soonest, a few ms late, and the one to teach without a GPU; v2_small: a
        larger one, for a GPU; v2: the largest, for days on a GPU; small, default, large: the first version of the
        same. See docs/choosing.md.
    no_latency:
        Leave out what makes a model wait for what comes next: it plays sooner, and is learned less well. live is so
        in any case.
    sample_rate:
        Of the model in Hz; when nothing is said, what the recordings were prepared at, or else 48000.
    minutes:
        How long to teach; 240 when nothing is said. More is better, up to days.
    steps:
        How long to teach, as a number of steps instead of minutes.
    setting:
        A setting of the model or of its teaching where it is not that of the preset, such as --setting beta=0.003;
        once for each. See docs/timbres.md.
    seed:
        The same seed, recordings and steps make the same model, to the bit; on a GPU nearly.
    device:
        Where to teach: cpu or cuda. A GPU where there is one, when nothing is said.
    threads:
        How many on the CPU; all cores when nothing is said.
    listen:
        A sound to be played each time the model is measured; when nothing is said, one of those that are held out.
    resume:
        Go on with an unfinished training, to the end that it was begun with.
    restart:
        Throw an unfinished training away and begin again.
    page:
        Write the listening page.
    """
    check_result(output, ".tone")
    check_teaching(seed, threads, resume, restart)
    from tonewright.training import processes
    from tonewright.training.loop import Budget
    from tonewright.training.timbre import Plan

    plan = Plan(
        preset,
        not no_latency,
        sample_rate,
        None if minutes is None and steps is None else Budget(minutes, steps),
        seed,
        threads,
        device,
        output.with_suffix(".checkpoint"),
        resume,
        restart,
        values(setting),
        listen,
        output.with_suffix(".listen"),
    )
    processes.join()
    try:
        return _learn(recordings, output, plan, page)
    finally:
        processes.leave()


def _learn(recordings: Path, output: Path, plan, page: bool) -> int:
    from tonewright.training import processes
    from tonewright.training.timbre import learn

    quiet = not processes.first()
    with Bar(f"reading {recordings.name}", "spectral distance") as bar:

        def taught(progress) -> None:
            bar.turn_to(f"learning {output.stem}")
            share = progress.step / progress.steps if progress.steps else 0.0
            bar.show(share, progress.seconds_left, progress.error, _words(progress))

        def nothing(*_) -> None:
            pass

        told = (nothing, nothing, nothing) if quiet else (warn, taught, bar.show)
        learned = learn(recordings, plan, *told)
    if quiet:
        return 0

    def write_page(path: Path) -> None:
        from tonewright.report.of_timbre import write_timbre_report

        write_timbre_report(learned.player, learned.held_out, path, output.name, learned.findings)

    return keep(learned, output, _tell, write_page if page else None, "model")


def _words(progress) -> str:
    """The phase, whether the latent is in use, and whether the data come too slowly."""
    waited = f", waiting for data {100 * progress.waited:.0f} %" if progress.waited > WAITED else ""
    return f"{progress.words}{waited}"


def _tell(learned, output: Path) -> None:
    proof = learned.proof
    half = f", half-way {proof.half_way:.2f}" if math.isfinite(proof.half_way) else ""
    say(
        f"{output}: on what it never heard, spectral distance {proof.spectral:.2f}; silence has {proof.silence:.2f}, "
        f"and before it was taught it had {proof.untaught:.2f}{half}"
    )
    told = learned.player.tone.provenance
    named = [f"{name}: {words}" for name, words in told.items() if name.startswith("latent_")]
    say("; ".join(named[:3]))
