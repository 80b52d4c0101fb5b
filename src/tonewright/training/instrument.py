"""Learning an instrument: what `tonewright instrument` and `tonewright.instrument` do."""

import dataclasses
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import tonewright
from tonewright import models, storage
from tonewright.audio import files
from tonewright.audio.findings import Finding, tell
from tonewright.audio.instrument_checks import check_instrument
from tonewright.audio.performance import Performance
from tonewright.audio.performances import open_performances
from tonewright.errors import TrainingError
from tonewright.runtime.instrument import play
from tonewright.runtime.perform import listen
from tonewright.runtime.phrase import Phrase, fitted, ranges
from tonewright.runtime.player import Player
from tonewright.training import checkpoint
from tonewright.training.loop import Budget, Progress, teach
from tonewright.training.proof import CROP_S, Proof, prove

HELD_OUT = 10  # one part of so many, at the end of each recording
DEFAULT_MINUTES = 30.0


@dataclass(frozen=True)
class Plan:
    """How to learn an instrument, beside what from.

    Attributes:
        preset: its size.
        sample_rate: in Hz; None for that of the preset.
        budget: minutes or steps; None for the usual, or for what a resumed training was begun with.
        seed: of the first weights and of all that is random.
        threads: None for all cores.
        checkpoint: where an unfinished training is kept; None keeps none.
        resume, restart: go on from it, or throw it away; without either, an unfinished training is an error.
        changes: settings of the model and of its teaching by name, where they are not those of the preset.
        listen: a sound that is played each time the model is measured, into `listen_to`.
        listen_to: a folder.
    """

    preset: str = "standard"
    sample_rate: int | None = None
    budget: Budget | None = None
    seed: int = 0
    threads: int | None = None
    checkpoint: Path | None = None
    resume: bool = False
    restart: bool = False
    changes: dict = dataclasses.field(default_factory=dict)
    listen: Path | None = None
    listen_to: Path = Path("listen")


@dataclass
class Learned:
    """An instrument that was learned, and what proves it.

    Attributes:
        player: ready to play and to save.
        proof: on what was held out.
        held_out: recordings that training never heard.
        interrupted: by Ctrl-C; the best model so far was kept.
        checkpoint: holds the training until the result is written; None when none is kept.
        findings: of the data checks.
    """

    player: Player
    proof: Proof
    held_out: list[Performance]
    interrupted: bool = False
    checkpoint: Path | None = None
    findings: list[Finding] = dataclasses.field(default_factory=list)


def instrument(
    recordings: Path | str,
    *,
    preset: str = "standard",
    sample_rate: int | None = None,
    settings: dict | None = None,
    minutes: float = DEFAULT_MINUTES,
    steps: int | None = None,
    seed: int = 0,
    listener: Callable[[Progress], None] = lambda progress: None,
) -> Player:
    """Learn an instrument from recordings of it alone, one note at a time.

    Args:
        recordings: a folder of sound files, one file, or what `tonewright prepare` wrote.
        preset: size of the model; see docs/choosing.md.
        sample_rate: in Hz; 16000 when None, which is quick to learn and dull above 8 kHz.
        settings: of the model and its teaching by name, where they are not those of the preset.
        minutes: to teach.
        steps: to teach, instead of minutes.
        seed: same seed, same recordings, same number of steps: same model.
        listener: is called with the progress after every step.

    Returns:
        A player; `player.save("violin.tone")` writes the file.

    Raises:
        AudioError, ConfigError, TrainingError: in one sentence what was wrong and what to do.
    """
    budget = Budget(minutes=minutes) if steps is None else Budget(steps=steps)
    plan = Plan(preset, sample_rate, budget, seed, changes=settings or {})
    return learn(Path(recordings), plan, listener=listener).player


def learn(
    recordings: Path,
    plan: Plan = Plan(),
    said: Callable[[str], None] = lambda sentence: None,
    listener: Callable[[Progress], None] = lambda progress: None,
    heard: Callable[[float], None] = lambda done: None,
) -> Learned:
    """Listen to the recordings, teach and measure.

    Args:
        recordings: as of `instrument`.
        plan: how.
        said: is told what was found and what happens, sentence by sentence.
        listener: is called with the progress after every step.
        heard: is told how much of the recordings was listened to, 0 to 1.
    """
    room = models.find("ddsp")
    config, course = models.changed("ddsp", plan.preset, plan.changes)
    if plan.sample_rate is not None:
        config = config.at(plan.sample_rate)
    checkpoint.check_unfinished(plan.checkpoint, plan.resume, plan.restart)
    torch.manual_seed(plan.seed)
    player = Player(storage.Tone("ddsp", room.Model(config), config.sample_rate))
    melody = listen(player, plan.listen) if plan.listen else None  # what is wrong with it is told at once
    performances = open_performances(recordings, config.sample_rate, config.hop, said, heard)
    there, findings = check_instrument(performances)
    tell(recordings.name, there, findings, said)
    taught, held_out = split(performances)
    recipe = room.Recipe(player.model, taught, held_out, course or room.Course(), plan.seed, plan.threads)
    player.tone.levels = _levels(performances)
    if melody is not None:
        listener = _Examples(player, melody, plan.listen_to, listener)
    budget = plan.budget if plan.budget or plan.resume else Budget(minutes=DEFAULT_MINUTES)
    end = teach(recipe, budget, plan.checkpoint, plan.resume, _identity(plan, config, performances), listener)
    recipe.finish()
    proof = prove(player, held_out)
    _describe(player, plan, performances, end.progress, proof)
    return Learned(player, proof, held_out, end.interrupted, plan.checkpoint, findings)


def split(performances: list[Performance]) -> tuple[list[Performance], list[Performance]]:
    """What is taught and what is only measured: the last tenth of each recording, or every tenth short one.

    Raises:
        TrainingError: when there is too little to keep anything apart.
    """
    taught, held_out, short = [], [], []
    for performance in performances:
        crop = round(CROP_S * performance.sample_rate / performance.hop)
        tenth = performance.frames // HELD_OUT
        if tenth >= crop:
            taught.append(performance.part(0, performance.frames - tenth))
            held_out.append(performance.part(performance.frames - tenth, performance.frames))
        else:
            short.append(performance)
    apart = short[HELD_OUT - 1 :: HELD_OUT] or ([] if held_out else short[1:][-1:])
    taught += [performance for performance in short if not any(performance is other for other in apart)]
    held_out += apart
    if not held_out:
        one = performances[0]
        if one.seconds < 2 * CROP_S:
            raise TrainingError(
                f"{one.name} has {one.seconds:.1f} s, and an instrument is learned from 8 s at least; "
                "10 minutes are good"
            )
        cut = one.frames - round(CROP_S * one.sample_rate / one.hop)
        return [one.part(0, cut)], [one.part(cut, one.frames)]
    return taught, held_out


class _Examples:
    """Plays a sound through the instrument each time that it is measured, so that one can hear it learn."""

    def __init__(self, player: Player, melody: Phrase, folder: Path, listener: Callable[[Progress], None]):
        self.player, self.folder, self.listener = player, folder, listener
        self.phrase, _ = fitted(melody, player.tone.levels)

    def __call__(self, progress: Progress) -> None:
        self.listener(progress)
        if progress.history and progress.history[-1]["step"] == progress.step:  # it was measured just now
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"{progress.step:06d}.wav"
            files.write(path, play(self.player, self.phrase), self.player.sample_rate)


def _levels(performances: list[Performance]) -> dict[str, float]:
    """The range of the instrument, to which what it is to play is fitted."""
    columns = ([getattr(p, name) for p in performances] for name in ("f0_hz", "loudness_db", "voiced"))
    return ranges(*(np.concatenate(column) for column in columns))


def _identity(plan: Plan, config, performances: list[Performance]) -> str:
    """Tells this training from any other: its settings and its samples. How long it lasts is no part of it."""
    told = (config, plan.seed, sorted(plan.changes.items()))
    digest = hashlib.sha256(repr(told).encode())
    for performance in performances:
        for part in (performance.sound, performance.f0_hz, performance.live_f0_hz, performance.loudness_db):
            digest.update(np.ascontiguousarray(part))
    return digest.hexdigest()


def _describe(
    player: Player, plan: Plan, performances: list[Performance], progress: Progress, proof: Proof
) -> None:
    """What the file says of how the instrument was made."""
    tone = player.tone
    tone.metrics = {f"held_out_{name}": value for name, value in dataclasses.asdict(proof).items()}
    tone.metrics |= {
        "taught_seconds": progress.seconds,
        "recorded_seconds": math.fsum(p.seconds for p in performances),
    }
    tone.history = progress.history
    tone.provenance = {
        "made_by": f"tonewright {tonewright.__version__}",
        "preset": plan.preset,
        "seed": str(plan.seed),
        "steps": str(progress.step),
        "recordings": ", ".join(p.name for p in performances),
    }
