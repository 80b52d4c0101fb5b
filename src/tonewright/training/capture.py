"""Learning a device: what `tonewright capture` and `tonewright.capture` do."""

import dataclasses
import hashlib
import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import tonewright
from tonewright import models, storage
from tonewright.audio.findings import Finding
from tonewright.audio.pairs import Pair, split
from tonewright.audio.rates import resample
from tonewright.builtin import phrase
from tonewright.errors import ConfigError, FileError, PairError
from tonewright.measure.metrics import esr, rms_db
from tonewright.models.supervised import Teaching
from tonewright.runtime.player import Player
from tonewright.training import checkpoint, native, native_lstm
from tonewright.training.loop import Budget, Progress, teach
from tonewright.training.recordings import Prepared, Recording, prepare, same_device
from tonewright.training.session import read_session
from tonewright.training.software import Software
from tonewright.training.teachers import teacher
from tonewright.units import db_to_gain

REFERENCE_INPUT_DB = -18.0  # level of the guitar phrase at which a model's loudness is told
PHRASE_HZ = 48000  # at which it is played, whatever the rate of the model


@dataclass
class Capture:
    """A device that was learned, and what proves it.

    Attributes:
        player: ready to play and to save.
        esr: error-to-signal ratio over all that was held out.
        held_out: what training never saw.
        findings: of the data checks.
        interrupted: by Ctrl-C; the best model so far was kept.
        checkpoint: holds the training until the result is written, which then removes it; None when none is kept.
    """

    player: Player
    esr: float
    held_out: list[Pair]
    findings: list[Finding]
    interrupted: bool = False
    checkpoint: Path | None = None


@dataclass(frozen=True)
class Plan:
    """How to learn, beside what from.

    Attributes:
        architecture, preset: what kind of model, and how large.
        budget: minutes or steps; None for three minutes, or for what a resumed training was begun with.
        seed: of the first weights and of the crops.
        teaching: settings of the recipe.
        threads: None for all cores.
        checkpoint: where an unfinished training is kept; None keeps none.
        resume, restart: go on from it, or throw it away; without either, an unfinished training is an error.
        force: learn from recordings that the checks call unfit.
        changes: settings of the model and of its teaching by name, where they are not those of the preset.
    """

    architecture: str = "wavenet"
    preset: str = "standard"
    budget: Budget | None = None
    seed: int = 0
    teaching: Teaching = Teaching()
    threads: int | None = None
    checkpoint: Path | None = None
    resume: bool = False
    restart: bool = False
    force: bool = False
    changes: dict = dataclasses.field(default_factory=dict)


def capture(
    dry: Path | str,
    wet: Path | str | None = None,
    *,
    through: Callable[[np.ndarray, int], np.ndarray] | str | None = None,
    seconds: float | None = None,
    at_rate: int | None = None,
    model: str = "wavenet",
    preset: str = "standard",
    settings: dict | None = None,
    minutes: float = 3.0,
    steps: int | None = None,
    seed: int = 0,
    listener: Callable[[Progress], None] = lambda progress: None,
) -> Player:
    """Learn a device from a dry and a wet recording, from a session of several, or from software.

    Args:
        dry: what went into the device; or, when wet is left out, the CSV of a session, or a folder of sounds to play
            through software.
        wet: what came out.
        through: the software: a function that is given a sound, float32 [T], and its rate in Hz, and returns what
            the device makes of it; or a command that reads the WAV file {in} and writes {out}.
        seconds: how much to play through it; 240 when None.
        at_rate: at which to play, in Hz; the usual one of the sounds when None.
        model: kind of model, "wavenet", "lstm" or "feedback"; see docs/choosing.md.
        preset: its size.
        settings: of the model and its teaching by name, where they are not those of the preset.
        minutes: to teach.
        steps: to teach, instead of minutes.
        seed: same seed, same recordings or sounds, same number of steps: same model.
        listener: is called with the progress after every step.

    Returns:
        A player; `player.save("amp.tone")` writes the file.

    Raises:
        AudioError, PairError, ConfigError, TrainingError: in one sentence what was wrong and what to do.
    """
    budget = Budget(minutes=minutes) if steps is None else Budget(steps=steps)
    plan = Plan(model, preset, budget, seed, changes=settings or {})
    if through is not None:
        if wet is not None:
            raise ConfigError("the wet side comes out of what is given as through; give one of the two")
        with tempfile.TemporaryDirectory() as folder:
            kept = (Path(folder, "dry.wav"), Path(folder, "wet.wav"))
            software = Software(Path(dry), teacher(through), *kept, seconds, at_rate, seed)
            return learn([software], (), plan, listener=listener).player
    if seconds is not None or at_rate is not None:
        raise ConfigError("seconds and at_rate are of what is played through software; leave them out")
    if wet is None:
        recordings, knobs = read_session(dry)
    else:
        recordings, knobs = [Recording(Path(dry), Path(wet))], ()
    return learn(recordings, knobs, plan, listener=listener).player


def learn(
    recordings: list[Recording | Software],
    knobs: tuple[str, ...] = (),
    plan: Plan = Plan(),
    said: Callable[[str], None] = lambda sentence: None,
    listener: Callable[[Progress], None] = lambda progress: None,
) -> Capture:
    """Record if need be, read, check, line up, teach and measure.

    Args:
        recordings: of one device; several when it has knobs.
        knobs: their names, in panel order.
        plan: how.
        said: is told what was found and what happens, sentence by sentence.
        listener: is called with the progress after every step.
    """
    room = models.find(plan.architecture)
    if plan.architecture not in models.names("capture"):
        raise ConfigError(f"a {plan.architecture} is not captured; its command is `tonewright {room.VERB}`")
    config, course = models.changed(plan.architecture, plan.preset, plan.changes)
    if knobs:
        config = dataclasses.replace(config, knobs=knobs)
    checkpoint.check_unfinished(plan.checkpoint, plan.resume, plan.restart)
    recordings = [recording.recorded(plan.resume, said) for recording in recordings]
    torch.manual_seed(plan.seed)
    model = room.Model(config)
    prepared = same_device([prepare(recording, model.settle, plan.force) for recording in recordings])
    _tell(prepared, said)
    taught, held_out = zip(*(split(p.pair, model.settle) for p in prepared), strict=True)
    core = native_lstm if plan.architecture == "lstm" else native
    answer, engine = core.fused(model), _engine(core, model)
    said(f"teaching: {engine}")
    pairs = list(taught), list(held_out)
    how = (plan.teaching, plan.seed, plan.threads, answer, *([] if course is None else [course]))
    recipe = room.Recipe(model, *pairs, *how)
    identity = _identity(plan, config, [*taught, *held_out])
    end = teach(recipe, plan.budget, plan.checkpoint, plan.resume, identity, listener)
    model.fold()
    player = Player(storage.Tone(plan.architecture, model, _one_rate(prepared)))
    error = measure(player, list(held_out))
    _describe(player, plan, prepared, end.progress, error)
    player.tone.provenance["wet"] = ", ".join(r.source or r.wet.name for r in recordings)
    player.tone.provenance["taught_by"] = engine
    findings = [finding for p in prepared for finding in p.findings]
    return Capture(player, error, list(held_out), findings, end.interrupted, plan.checkpoint)


def measure(player: Player, pairs: list[Pair]) -> float:
    """The error-to-signal ratio over all of these pairs; what is left out of them does not count."""
    targets, estimates = [], []
    for pair in pairs:
        estimate = player.render(pair.dry, **pair.knobs)[player.latency :]
        target, weight = pair.wet[: len(estimate)], pair.weight[: len(estimate)]
        targets.append(target * weight)
        estimates.append(estimate * weight)
    return esr(np.concatenate(targets), np.concatenate(estimates))


def _engine(core, model) -> str:
    """Who teaches it. A training that one began may be resumed by the other; then it ends at other last digits."""
    reason = core.why_not(model)
    return f"torch, because {reason}" if reason else "the native core"


def _one_rate(prepared: list[Prepared]) -> int:
    rates = {p.pair.sample_rate for p in prepared}
    if len(rates) > 1:
        raise PairError(
            f"the recordings of one device have one rate, and these have {sorted(rates)} Hz; convert them to one"
        )
    return rates.pop()


def _tell(prepared: list[Prepared], said: Callable[[str], None]) -> None:
    _one_rate(prepared)
    for p in prepared:
        for finding in p.findings:
            said(f"{p.pair.name}: {finding}")
        if p.shifted_samples:
            said(f"{p.pair.name}: lined up by {p.shifted_samples} samples")


def _identity(plan: Plan, config, pairs: list[Pair]) -> str:
    """Tells this training from any other: its settings and its samples. How long it lasts is no part of it."""
    told = (plan.architecture, config, plan.seed, plan.teaching, sorted(plan.changes.items()))
    digest = hashlib.sha256(repr(told).encode())
    for pair in pairs:
        for part in (pair.dry, pair.wet, pair.weight):
            digest.update(np.ascontiguousarray(part))
        digest.update(repr((len(pair.dry), pair.knobs)).encode())
    return digest.hexdigest()


def _describe(player: Player, plan: Plan, prepared: list[Prepared], progress: Progress, error: float) -> None:
    """What the file says of how the model was made."""
    tone = player.tone
    dry = np.concatenate([p.pair.dry for p in prepared])
    wet = np.concatenate([p.pair.wet for p in prepared])
    noise = [p.noise_esr for p in prepared if p.noise_esr]
    tone.metrics = {"esr": error, **({"noise_esr": max(noise)} if noise else {})}
    tone.metrics |= {"taught_seconds": progress.seconds, "recorded_seconds": len(dry) / tone.sample_rate}
    tone.levels = {"dry_db": rms_db(dry), "wet_db": rms_db(wet), "loudness_db": loudness_db(player)}
    tone.history = progress.history
    tone.provenance = {
        "made_by": f"tonewright {tonewright.__version__}",
        "preset": plan.preset,
        "seed": str(plan.seed),
        "steps": str(progress.step),
        "latency_samples": ", ".join(str(p.shifted_samples) for p in prepared),
    }


def loudness_db(player: Player) -> float:
    """Level of the output in dB when a guitar phrase of REFERENCE_INPUT_DB goes in, controls at their defaults."""
    x = resample(phrase(4.0)[None, PHRASE_HZ // 2 :], PHRASE_HZ, player.sample_rate)[0]
    x = x * np.float32(db_to_gain(REFERENCE_INPUT_DB - rms_db(x)))
    level = rms_db(player.render(x))
    if not math.isfinite(level):
        raise FileError("the model gives no finite sound; teach it again with a lower --rate")
    return level
