"""The one training loop: steps, seeds, a time budget, checkpoints and progress, and nothing of models.

What is taught comes as a recipe: `step(step, steps)` improves it and returns losses by name (steps is 0 while a time
budget is still being timed), `score()` measures it, `state()` and `restore(state)` carry all that it remembers.
Nothing else may decide what a step does, neither the clock nor the number of threads or processes; so a resumed run
ends at the same bits.

A recipe may have more: `take_note(step, error)`, told what was measured; `phase`, a number that rises when it
goes on to something else, with steps of another length, in which the latest weights count as the best, for what is
measured no longer says; `waited`, the share of the time in which there was nothing to teach yet; and `words`, which
say beside the error where it is.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Protocol

from torch import nn

from tonewright.errors import TrainingError
from tonewright.threads import one_thread
from tonewright.training import checkpoint, processes
from tonewright.training.interrupt import CtrlC

TIMED_STEPS = (3, 9)  # the first steps are slow; after them, at least up to the second number are timed
TIMED_SHARE, TIMED_SECONDS = 0.05, 20.0  # and as long as this share of the budget, or so many seconds
SCORES = 24  # how often the model is measured
CHECKPOINT_SECONDS = 30.0
DEFAULT_MINUTES = 3.0


class Recipe(Protocol):
    """How a model is taught."""

    model: nn.Module

    def step(self, step: int, steps: int) -> dict[str, float]: ...

    def score(self) -> float: ...

    def state(self) -> dict: ...

    def restore(self, state: dict) -> None: ...


@dataclass(frozen=True)
class Budget:
    """How long to teach: a number of steps, or minutes, which become steps once the first are timed."""

    minutes: float | None = None
    steps: int | None = None

    def __post_init__(self):
        if (self.minutes is None) == (self.steps is None):
            raise TrainingError("a training has a budget of --minutes or of --steps, one of the two")
        if not 0 < (self.minutes if self.steps is None else self.steps) < math.inf:
            raise TrainingError(f"a budget is more than nothing, and is {self}; give --minutes 3")

    def __str__(self) -> str:
        return f"--minutes {self.minutes:g}" if self.steps is None else f"--steps {self.steps}"


@dataclass
class Progress:
    """Where a training is; all of it goes into the checkpoint.

    Attributes:
        step: steps done.
        steps: steps to do; 0 until the time budget became a number.
        seconds: taught so far, over all resumptions.
        loss: running mean.
        error: the last measured, NaN before the first.
        best: the lowest measured, of the weights that will be kept.
        history: rows of seconds, step, loss and error.
        phase: of the recipe, whose pace the number of steps was found by.
        waited: share of the time in which a step waited for its data.
        words: what the recipe says beside the error; empty for most.
    """

    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    loss: float = math.nan
    error: float = math.nan
    best: float = math.inf
    history: list[dict] = field(default_factory=list)
    phase: int = 1
    waited: float = 0.0
    words: str = ""

    @property
    def seconds_left(self) -> float:
        """By the mean pace so far; NaN before there is one."""
        return self.seconds / self.step * (self.steps - self.step) if self.step and self.steps else math.nan


@dataclass
class Taught:
    """How a training ended: the recipe's model holds the best weights.

    Attributes:
        progress: at the end.
        interrupted: by Ctrl-C.
    """

    progress: Progress
    interrupted: bool = False


def teach(
    recipe: Recipe,
    budget: Budget | None,
    path: Path | None = None,
    resume: bool = False,
    identity: str = "",
    listener: Callable[[Progress], None] = lambda progress: None,
) -> Taught:
    """Teach until the budget is spent or Ctrl-C, and leave the best weights in the recipe's model.

    Args:
        recipe: what to teach and how.
        budget: how long; None for three minutes, or for what a resumed training was begun with.
        path: of the checkpoint, which stays until whoever writes the result removes it; None keeps none.
        resume: go on from the checkpoint.
        identity: tells one training from another; resuming wants it equal.
        listener: is called after every step.

    Raises:
        TrainingError: when resuming is not possible, or the recipe gives up.
    """
    run = _Run(recipe, budget, path, identity)
    if resume:
        run.resume()
    with one_thread(), CtrlC() as ctrl_c:
        while not run.done and not processes.agreed(ctrl_c.pressed):
            run.step()
            try:
                listener(run.progress)
            except KeyboardInterrupt:
                ctrl_c.pressed = True
    run.save()
    run.keep_best()
    return Taught(run.progress, interrupted=not run.done)


class _Run:
    """One training from its first step, or its last checkpoint, to its end."""

    def __init__(self, recipe: Recipe, budget: Budget | None, path: Path | None, identity: str):
        self.recipe, self.path, self.identity = recipe, path, identity
        self.wanted, self.budget = budget, budget or Budget(minutes=DEFAULT_MINUTES)
        self.progress = Progress(steps=self.budget.steps or 0)
        self.best: dict | None = None
        self.began, self.saved = time.monotonic(), time.monotonic()
        self.paces: list[float] = []  # of the steps of this phase, until they are timed
        self.timed_from = 0.0  # of the seconds taught

    @property
    def done(self) -> bool:
        return 0 < self.progress.steps <= self.progress.step

    @property
    def phase(self) -> int:
        """Of the recipe."""
        return getattr(self.recipe, "phase", 1)

    @property
    def timing(self) -> bool:
        """Whether the number of steps is still to be found, by the pace of this phase."""
        return not self.progress.steps or (self.phase != self.progress.phase and self.budget.steps is None)

    def step(self) -> None:
        """One step, and what is due after it."""
        progress, before = self.progress, time.monotonic()
        losses = self.recipe.step(progress.step, progress.steps)
        loss = sum(losses.values())
        progress.step += 1
        progress.loss = loss if math.isnan(progress.loss) else 0.95 * progress.loss + 0.05 * loss
        progress.waited = getattr(self.recipe, "waited", 0.0)
        if self.timing:
            self._time(time.monotonic() - before)
        if progress.steps and (progress.step % self._score_every == 0 or self.done):
            self._score()
        progress.words = getattr(self.recipe, "words", "")
        self._clock()
        if time.monotonic() - self.saved > CHECKPOINT_SECONDS:
            self.save()

    def resume(self) -> None:
        """Back to the last checkpoint."""
        state = checkpoint.load(self.path)
        if state["identity"] != self.identity:
            raise TrainingError(
                f"{self.path} is the training of another model or other recordings; give the ones that it was "
                f"begun with, or begin again with --restart"
            )
        self.budget = Budget(**state["budget"])
        if self.wanted not in (None, self.budget):
            raise TrainingError(
                f"{self.path} was begun with {self.budget}, and not with {self.wanted}; leave that out to go on, "
                f"or begin again with --restart"
            )
        self.progress = Progress(**state["progress"])
        self.best = state["best"]
        self.recipe.restore(state["recipe"])

    def save(self) -> None:
        """Write the checkpoint; only the first of several processes does."""
        self.saved = time.monotonic()
        if self.path is None or not processes.first():
            return
        state = {"identity": self.identity, "budget": vars(self.budget), "progress": vars(self.progress)}
        checkpoint.save(self.path, {**state, "best": self.best, "recipe": self.recipe.state()})

    def keep_best(self) -> None:
        """The best weights back into the model, when any were measured."""
        if self.best is not None:
            self.recipe.model.load_state_dict(self.best)

    @property
    def _score_every(self) -> int:
        return max(1, self.progress.steps // SCORES)

    def _time(self, seconds: float) -> None:
        """Turn minutes into steps after the timed ones; the same number for all processes."""
        first, last = TIMED_STEPS
        self.timed_from = self.timed_from if self.paces else self.progress.seconds
        self.paces.append(seconds)
        long_enough = min(TIMED_SHARE * 60 * self.budget.minutes, TIMED_SECONDS)
        timed = self.progress.seconds - self.timed_from
        if processes.agreed(len(self.paces) < last or timed < long_enough):
            return
        before = time.monotonic()
        self.recipe.score()
        left_to_score = 1.0 - self.progress.seconds / (60 * self.budget.minutes)
        scoring = SCORES * max(0.0, left_to_score) * (time.monotonic() - before)
        # The first phase has steps of one kind, of which a few may be slow by chance; a later one may have two kinds.
        pace = median(self.paces[first:]) if self.phase == 1 else mean(self.paces[first:])
        left = max(0.0, 60 * self.budget.minutes - self.progress.seconds - scoring)
        self.progress.steps = processes.agreed(self.progress.step + max(1, round(left / pace)))
        self.progress.phase, self.paces = self.phase, []
        self.save()  # a training that is killed soon after does not find another number

    def _score(self) -> None:
        progress = self.progress
        progress.error = processes.agreed(self.recipe.score())  # on GPUs the last digits may differ
        if take_note := getattr(self.recipe, "take_note", None):
            take_note(progress.step, progress.error)
        if progress.error < progress.best or self.phase > 1:
            progress.best = progress.error
            self.best = {name: value.clone() for name, value in self.recipe.model.state_dict().items()}
        self._clock()
        row = {
            "seconds": progress.seconds,
            "step": progress.step,
            "loss": progress.loss,
            "error": progress.error,
        }
        progress.history.append(row)

    def _clock(self) -> None:
        now = time.monotonic()
        self.progress.seconds += now - self.began
        self.began = now
