"""Learning a timbre: what `tonewright timbre` and `tonewright.timbre` do."""

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import tonewright
from tonewright import models, storage
from tonewright.audio.corpus import Corpus, open_corpus
from tonewright.audio.corpus_checks import check_corpus
from tonewright.audio.corpus_store import is_corpus, read_index
from tonewright.audio.findings import Finding, tell
from tonewright.errors import ConfigError, FileError
from tonewright.runtime.player import Player
from tonewright.threads import one_thread
from tonewright.training import checkpoint, processes
from tonewright.training.loop import Budget, Progress, teach
from tonewright.training.timbre_examples import Examples, read_example

DEFAULT_MINUTES = 240.0
PAGE_S = 90.0  # of what was held out, for a page
NAMED = 8  # latents, of which the file says what they go with


@dataclass(frozen=True)
class Plan:
    """How to learn a timbre, beside what from.

    Attributes:
        preset: its size.
        latency: False for convolutions that hear the past only.
        sample_rate: in Hz; None for that of what was prepared, or else of the preset.
        budget: minutes or steps; None for the usual, or for what a resumed training was begun with.
        seed: of the first weights and of all that is random.
        threads: None for all cores.
        device: to teach on, such as "cpu" or "cuda"; None for a GPU where there is one.
        checkpoint: where an unfinished training is kept; None keeps none.
        resume, restart: go on from it, or throw it away; without either, an unfinished training is an error.
        changes: settings of the model and of its teaching by name, where they are not those of the preset.
        listen: a sound that is played each time the model is measured, into `listen_to`; None for some of what is
            held out.
        listen_to: a folder; None plays nothing.
    """

    preset: str = "live"
    latency: bool = True
    sample_rate: int | None = None
    budget: Budget | None = None
    seed: int = 0
    threads: int | None = None
    device: str | None = None
    checkpoint: Path | None = None
    resume: bool = False
    restart: bool = False
    changes: dict = dataclasses.field(default_factory=dict)
    listen: Path | None = None
    listen_to: Path | None = None


@dataclass(frozen=True)
class Proof:
    """How far a timbre is from sounds that it never learned from: their mean spectral distance.

    Attributes:
        silence: of no answer at all.
        untaught: of the model before its first step.
        half_way: when half of the steps were done; NaN when it was not measured then.
        spectral: of the model that is kept.
    """

    silence: float
    untaught: float
    half_way: float
    spectral: float


@dataclass
class Learned:
    """A timbre that was learned, and what proves it.

    Attributes:
        player: ready to play and to save.
        proof: on what was held out.
        held_out: name and sound [T] of what training never heard, a minute and a half at most.
        interrupted: by Ctrl-C; the best model so far was kept.
        checkpoint: holds the training until the result is written; None when none is kept.
        findings: of the data checks.
    """

    player: Player
    proof: Proof
    held_out: list[tuple[str, np.ndarray]]
    interrupted: bool = False
    checkpoint: Path | None = None
    findings: list[Finding] = dataclasses.field(default_factory=list)


def timbre(
    recordings: Path | str,
    *,
    preset: str = "live",
    latency: bool = True,
    sample_rate: int | None = None,
    settings: dict | None = None,
    minutes: float = DEFAULT_MINUTES,
    steps: int | None = None,
    seed: int = 0,
    device: str | None = None,
    listener: Callable[[Progress], None] = lambda progress: None,
) -> Player:
    """Learn a timbre from hours of one kind of sound.

    Args:
        recordings: a folder of sound files, one file, or what `tonewright prepare --for timbre` wrote.
        preset: size of the model; see docs/choosing.md.
        latency: False for convolutions that hear the past only, which plays sooner and is learned less well.
        sample_rate: in Hz; that of what was prepared, or else 48000, when None.
        settings: of the model and its teaching by name, where they are not those of the preset.
        minutes: to teach.
        steps: to teach, instead of minutes.
        seed: same seed, same recordings, same number of steps: on a CPU the same model.
        device: such as "cpu" or "cuda"; a GPU where there is one when None.
        listener: is called with the progress after every step.

    Returns:
        A player; `player.save("drums.tone")` writes the file.

    Raises:
        AudioError, FileError, ConfigError, TrainingError: in one sentence what was wrong and what to do.
    """
    budget = Budget(minutes=minutes) if steps is None else Budget(steps=steps)
    plan = Plan(preset, latency, sample_rate, budget, seed, device=device, changes=settings or {})
    return learn(Path(recordings), plan, listener=listener).player


def learn(
    recordings: Path,
    plan: Plan = Plan(),
    said: Callable[[str], None] = lambda sentence: None,
    listener: Callable[[Progress], None] = lambda progress: None,
    heard: Callable[[float], None] = lambda done: None,
) -> Learned:
    """Read the recordings, teach and measure.

    Args:
        recordings: as of `timbre`.
        plan: how.
        said: is told what was found and what happens, sentence by sentence.
        listener: is called with the progress after every step.
        heard: is told how much of the recordings was read, 0 to 1.
    """
    room, device = models.find("rave"), device_of(plan.device)
    config, course = models.changed("rave", plan.preset, plan.changes)
    config = _as_planned(config, plan, recordings)
    checkpoint.check_unfinished(plan.checkpoint, plan.resume, plan.restart)
    if plan.listen_to is not None and plan.listen_to.exists() and not plan.listen_to.is_dir():
        raise FileError(f"{plan.listen_to} is a file, and the examples go into a folder; rename it")
    example = None if plan.listen is None else read_example(plan.listen, config.sample_rate)
    torch.manual_seed(plan.seed)
    player = Player(storage.Tone("rave", room.Model(config), config.sample_rate))
    corpus = open_corpus(recordings, config.sample_rate, said, heard)
    survey, findings = check_corpus(corpus)
    tell(recordings.name, survey, findings, said)
    taught, held_out = corpus.split()
    recipe = room.Recipe(
        player.model, taught, held_out, course or room.Course(), plan.seed, plan.threads, device, said
    )
    with one_thread():
        untaught = recipe.score()
    recipe.health = None  # of a model that knows nothing, which says nothing
    if plan.listen_to is not None and processes.first():
        sound = held_out if example is None else example
        listener = Examples(recipe, sound, plan.listen_to, listener, said)
    budget = plan.budget if plan.budget or plan.resume else Budget(minutes=DEFAULT_MINUTES)
    end = teach(recipe, budget, plan.checkpoint, plan.resume, _identity(plan, config, corpus), listener)
    with one_thread():
        proof = Proof(recipe.silence(), untaught, half_way(end.progress), recipe.score())
        basis = recipe.finish()
    player.tone.levels = {"loud_db": _loudest(corpus)}
    _describe(player, plan, end.progress, proof, f"{recordings.name}: {survey}")
    player.tone.metrics |= {"recorded_seconds": corpus.seconds, "held_out_seconds": held_out.seconds}
    player.tone.provenance |= _of_phases(recipe) | _of_latents(basis, config)
    return Learned(player, proof, excerpts(held_out), end.interrupted, plan.checkpoint, findings)


def device_of(name: str | None) -> str:
    """The device to teach on; of several processes on one machine each takes a GPU of its own.

    Raises:
        ConfigError: there is no such device here.

    >>> device_of("cpu")
    'cpu'
    """
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise ConfigError(f"a timbre is taught on cpu or cuda, and not on '{name}'")
    if device.type == "cpu":
        return "cpu"
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count or (device.index or 0) >= count:
        raise ConfigError(f"there is no GPU {name} that torch can use here; leave --device out, or say cpu")
    return f"cuda:{processes.place() % count if device.index is None else device.index}"


def half_way(progress: Progress) -> float:
    """What was measured next to half of the steps; NaN when nothing was near.

    >>> rows = [{"step": step, "error": 10.0 - step} for step in (2, 4, 6, 8)]
    >>> half_way(Progress(step=8, steps=8, history=rows))
    6.0
    """
    middle = progress.step / 2
    row = min(progress.history, key=lambda row: abs(row["step"] - middle), default=None)
    return row["error"] if row is not None and row["step"] < progress.step else float("nan")


def excerpts(held_out: Corpus) -> list[tuple[str, np.ndarray]]:
    """Name and sound of what is held out, source by source, a minute and a half at most."""
    sounds, at, left = [], 0, round(PAGE_S * held_out.sample_rate)
    for span in held_out.spans:
        if left > 0:
            length = min(span.length, left)
            sounds.append((span.source.path, held_out.crop(at, length)))
            at, left = at + span.length, left - length
    return sounds


def _as_planned(config, plan: Plan, recordings: Path):
    """At the rate that was asked for, or else at that of what was prepared."""
    rate = plan.sample_rate
    if rate is None and is_corpus(recordings):
        rate = read_index(recordings).settings.sample_rate
    if rate is not None:
        config = dataclasses.replace(config, sample_rate=rate)
    return config if plan.latency else config.without_latency()


def _loudest(corpus: Corpus) -> float:
    """Level of the loud parts as they are taught, in dB."""
    gains = [source.loud_db + 20 * np.log10(max(source.gain, 1e-6)) for source in corpus.sources]
    return float(np.median(gains))


def _identity(plan: Plan, config, corpus: Corpus) -> str:
    """Tells this training from any other: its settings and its sounds. How long it lasts is no part of it."""
    sounds = [(s.sha256, s.channel, s.start, s.length, s.gain) for s in corpus.sources]
    told = (config, plan.seed, sorted(plan.changes.items()), sounds)
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _describe(player: Player, plan: Plan, progress: Progress, proof: Proof, recordings: str) -> None:
    """What the file says of how the timbre was made."""
    tone = player.tone
    tone.metrics = {
        "silence_spectral": proof.silence,
        "untaught_spectral": proof.untaught,
        "half_way_spectral": proof.half_way,
        "held_out_spectral": proof.spectral,
        "taught_seconds": progress.seconds,
    }
    tone.history = progress.history
    tone.provenance = {
        "made_by": f"tonewright {tonewright.__version__}",
        "preset": plan.preset if plan.latency else f"{plan.preset} without latency",
        "seed": str(plan.seed),
        "steps": str(progress.step),
        "recordings": recordings,
    }


def _of_phases(recipe) -> dict[str, str]:
    if recipe.phases.since is None:
        return {}
    return {"second_phase": str(recipe.phases.since), "why_second_phase": recipe.phases.why}


def _of_latents(basis, config) -> dict[str, str]:
    """What the first latents go with, by their names."""
    words = [basis.words(k).partition(": ") for k in range(min(NAMED, config.latent))]
    return {name: told for name, _, told in words}
