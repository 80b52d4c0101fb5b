"""tonewright capture: learn a device from recordings, or from software."""

import math
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tonewright.cli.learning import check_teaching, keep
from tonewright.cli.words import Bar, check_result, make_folder, say, values, warn
from tonewright.errors import ConfigError, TonewrightError


def capture(
    dry: Path | None = None,
    wet: Path | None = None,
    *,
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    model: str = "wavenet",
    preset: str = "standard",
    setting: list[str] | None = None,
    minutes: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    knobs: Path | None = None,
    batch: Path | None = None,
    through: str | None = None,
    seconds: float | None = None,
    at_rate: int | None = None,
    latency: int | None = None,
    mask: str = "",
    force: bool = False,
    resume: bool = False,
    restart: bool = False,
    rate: float | None = None,
    stft: float = 0.0,
    threads: int | None = None,
    page: bool = True,
) -> int:
    """Learn an amp or a pedal from a dry and a wet recording.

    The two are checked and lined up first. Training keeps the model that is best on the end of the recording,
    which it never learns from, and writes a page beside the model where you hear and see how close it is.
    Ctrl-C keeps the best model so far; --resume goes on, also after a crash.

    A device that is software needs no recording, only a folder of sounds, any music, and a command that turns one
    WAV file into another. What is played and what comes back are kept beside the model:

        tonewright capture music --through 'sox {in} {out} overdrive 20' -o drive.tone

    Parameters
    ----------
    dry:
        What went into the device: a mono sound file. With --through, a folder of sounds to play through it.
    wet:
        What came out of it.
    output:
        The model to write, such as amp.tone.
    model:
        The kind of model: wavenet, the usual one; lstm, which is small; feedback, which hears what it made and can so
        learn what swings by itself. See docs/choosing.md.
    preset:
        Its size. wavenet: standard, lite, feather, nano; a2, a2-lite; gated, gated-small. lstm: standard, 1x8, 1x12,
        1x16, 1x24; 2x8, 2x12, 2x16; 1x20, 1x32, 1x40; gru-1x16, gru-1x40. feedback: standard, small, tiny.
    setting:
        A setting and its value where it is not that of the preset, such as --setting past=mulaw; once for each.
    minutes:
        How long to teach; 3 when nothing is said.
    steps:
        How long to teach, as a number of steps instead of minutes.
    seed:
        The same seed, recordings and steps make the same model, to the bit.
    knobs:
        Learn one device at several settings: a CSV of columns wet, dry and one per knob, each 0..1.
    batch:
        Learn several devices, one model each: a CSV of columns wet, dry, name. -o names the folder.
    through:
        Learn software: the command that plays it, with {in} where the WAV file to read stands and {out} where the
        one to write does. It is run as it stands, by the shell.
    seconds:
        How much to play through it, in random slices across all the sounds; 240 when nothing is said.
    at_rate:
        The sample rate to play at, in Hz; that of most of the sounds when nothing is said.
    latency:
        Samples by which the wet is late, when you know better than the estimate.
    mask:
        What to leave out, on the time line of the dry: "1.5-2,10-12.25" in seconds, or a stretch that comes again
        and again, in samples: "every 22050:0-11025".
    force:
        Learn from recordings that the checks call unfit.
    resume:
        Go on with an unfinished training, to the end that it was begun with.
    restart:
        Throw an unfinished training away and begin again.
    rate:
        Size of the steps.
    stft:
        Weight of a multi-resolution STFT loss beside the error itself.
    threads:
        How many; all cores when nothing is said.
    page:
        Write the listening page.
    """
    if through is not None:
        _check_through(dry, (wet, knobs, batch), mask)
    elif seconds is not None or at_rate is not None:
        raise ConfigError("--seconds and --at-rate are of what is played --through a command; leave them out")
    elif (knobs is not None) + (batch is not None) + (dry is not None) != 1 or (dry is None) != (wet is None):
        raise ConfigError(
            "capture learns from: dry.wav wet.wav, or --knobs session.csv, or --batch devices.csv, or a folder of "
            "sounds --through a command"
        )
    check_teaching(seed, threads, resume, restart)
    if output is None:
        raise ConfigError("capture writes a model and wants its name; add -o amp.tone")
    _check_numbers(rate, stft)
    from dataclasses import replace

    from tonewright.models.supervised import Teaching
    from tonewright.training import processes
    from tonewright.training.capture import Plan
    from tonewright.training.loop import Budget

    teaching = Teaching(stft=stft) if rate is None else Teaching(stft=stft, rate=rate)
    budget = None if minutes is None and steps is None else Budget(minutes, steps)
    changes = values(setting)
    plan = Plan(model, preset, budget, seed, teaching, threads, None, resume, restart, force, changes)
    if batch is None:
        check_result(output, ".tone")
    processes.join()
    try:
        if batch is not None:
            return _batch(batch, output, plan, page)
        plan = replace(plan, checkpoint=output.with_suffix(".checkpoint"))
        if through is not None:
            source = _software(dry, through, output, seconds, at_rate, seed, latency), ()
        else:
            source = _recordings(dry, wet, knobs, latency, mask)
        return _one(source, output, plan, page)
    finally:
        processes.leave()


def _check_through(dry: Path | None, others: tuple, mask: str) -> None:
    if dry is None or any(other is not None for other in others):
        raise ConfigError(
            "--through makes the wet side itself, of a folder of sounds or one sound file and nothing beside it; "
            "write: tonewright capture music --through 'COMMAND {in} {out}' -o amp.tone"
        )
    if mask:
        raise ConfigError(
            "--mask leaves out what a recording has too much, and --through records nothing; drop it"
        )


def _check_numbers(rate: float | None, stft: float) -> None:
    if rate is not None and not 0 < rate < math.inf:
        raise ConfigError(f"--rate is above 0, and not {rate:g}; leave it out for 0.01")
    if not 0 <= stft < math.inf:
        raise ConfigError(f"--stft is 0 or more, and not {stft:g}")


def _recordings(dry, wet, knobs, latency, mask):
    from tonewright.training.recordings import Recording
    from tonewright.training.session import read_session

    if knobs is not None:
        return read_session(knobs)
    return [Recording(dry, wet, {}, latency, mask)], ()


def _software(sounds, through, output, seconds, at_rate, seed, latency):
    from tonewright.training.software import Software
    from tonewright.training.teachers import Command

    kept = (output.with_suffix(".dry.wav"), output.with_suffix(".wet.wav"))
    return [Software(sounds, Command(through), *kept, seconds, at_rate, seed, latency)]


def _one(source, output: Path, plan, page: bool) -> int:
    """Learn one device, write what was learned, and say how good it is."""
    from tonewright.training import processes
    from tonewright.training.capture import learn

    recordings, knobs = source
    quiet = not processes.first()
    with Bar(f"learning {output.stem}") as bar:
        captured = learn(
            recordings,
            knobs,
            plan,
            said=(lambda sentence: None) if quiet else warn,
            listener=lambda p: (
                quiet or bar.show(p.step / p.steps if p.steps else 0.0, p.seconds_left, p.best)
            ),
        )
    if quiet:
        return 0

    def write_page(path: Path) -> None:
        from tonewright.report.of_player import write_report

        write_report(captured.player, captured.held_out, path, output.name, captured.findings)

    return keep(captured, output, _tell, write_page if page else None, "best model")


def _tell(captured, output: Path) -> None:
    from tonewright.measure.metrics import verdict

    say(f"{output}: ESR {captured.esr:.4g} on what it never heard: {verdict(captured.esr)}")
    noise = captured.player.tone.metrics.get("noise_esr")
    if noise is not None and captured.esr < 3 * noise:
        say(
            f"most of that is the noise of the recording itself (ESR {noise:.2g}); more training will not help"
        )


def _batch(table: Path, folder: Path, plan, page: bool) -> int:
    """Learn one device after another; a failure is told at the end and stops none of the others."""
    from dataclasses import replace

    from tonewright.training.session import read_batch

    devices = read_batch(table)
    make_folder(folder)
    failures = {}
    for number, (name, recording) in enumerate(devices, 1):
        say(f"{name} ({number} of {len(devices)})")
        output = folder / f"{name}.tone"
        checkpoint = folder / f"{name}.checkpoint"
        if output.exists() and plan.resume and not checkpoint.exists():
            say(f"{output} is there already")
            continue
        own = replace(plan, checkpoint=checkpoint, resume=plan.resume and checkpoint.exists())
        try:
            if _one(([recording], ()), output, own, page) == 130:
                return 130
        except TonewrightError as error:
            failures[name] = str(error)
    for name, error in failures.items():
        warn(f"{name} failed: {error}")
    say(f"{len(devices) - len(failures)} of {len(devices)} devices learned")
    return 2 if failures else 0
