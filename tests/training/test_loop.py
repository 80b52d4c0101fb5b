"""The loop: budgets, the best weights, Ctrl-C, checkpoints that are not ours, and what makes it give up."""

import itertools
import os
import signal
import threading

import numpy as np
import pytest
import torch

from tests.training.toys import Toy, easy_pair, interruptible, recipe
from tonewright.errors import TrainingError
from tonewright.training import checkpoint, loop
from tonewright.training.loop import Budget, teach


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by a second whenever somebody looks."""
    ticks = itertools.count()
    monkeypatch.setattr(loop.time, "monotonic", lambda: float(next(ticks)))


@pytest.mark.parametrize(
    "minutes,steps", [(None, None), (1.0, 5), (0.0, None), (None, 0), (-1.0, None), (float("nan"), None)]
)
def test_a_budget_is_one_number_above_nothing(minutes, steps):
    with pytest.raises(TrainingError, match="budget") as told:
        Budget(minutes, steps)
    assert "None" not in str(told.value)


def test_steps_are_done_in_their_order():
    toy = Toy()
    taught = teach(toy, Budget(steps=5))
    assert toy.seen == [(i, 5) for i in range(5)] and taught.progress.step == 5 and not taught.interrupted


def test_minutes_become_steps_once(clock):
    toy, told = Toy(), []
    teach(toy, Budget(minutes=5), listener=lambda p: told.append(p.steps))
    known = [steps for steps in told if steps]
    assert len(told) - len(known) == loop.TIMED_STEPS[1] - 1
    assert len(set(known)) == 1 and known[0] == len(toy.seen)


def test_a_resumed_training_keeps_its_steps(clock, tmp_path):
    path, toy = tmp_path / "a.checkpoint", Toy()

    def stop(progress):
        if progress.step == 12:
            raise KeyboardInterrupt

    first = teach(toy, Budget(minutes=5), path, listener=stop)
    again = Toy()
    taught = teach(again, Budget(minutes=5), path, resume=True)
    assert first.interrupted and taught.progress.steps == first.progress.steps == taught.progress.step
    assert again.seen[0][0] == 12
    whole = Toy()
    teach(whole, Budget(steps=taught.progress.steps))
    assert torch.equal(again.model.weight, whole.model.weight)


def test_resuming_needs_no_budget_and_refuses_another(tmp_path):
    path = _unfinished(tmp_path, Budget(steps=6))
    with pytest.raises(TrainingError, match="--steps 6"):
        teach(Toy(), Budget(steps=7), path, resume=True)
    assert teach(Toy(), None, path, resume=True).progress.step == 6


def test_the_best_weights_are_kept():
    scores = [5.0, 3.0, 1.0, 2.0, 4.0, 6.0]
    toy, seen = Toy(scores), []
    taught = teach(toy, Budget(steps=6), listener=lambda p: seen.append(toy.model.weight.item()))
    assert toy.model.weight.item() == seen[2] and taught.progress.best == 1.0
    assert [row["error"] for row in taught.progress.history] == scores


def test_scores_that_are_no_numbers_keep_the_last_weights():
    toy, seen = Toy([float("nan")]), []
    teach(toy, Budget(steps=3), listener=lambda p: seen.append(toy.model.weight.item()))
    assert toy.model.weight.item() == seen[-1]


def test_ctrl_c_within_a_step_waits_for_its_end(tmp_path):
    class Stopped(Toy):
        def step(self, step, steps):
            if step == 2:
                os.kill(os.getpid(), signal.SIGINT)
            return super().step(step, steps)

    toy, path = Stopped(), tmp_path / "a.checkpoint"
    with interruptible():
        taught = teach(toy, Budget(steps=6), path)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert taught.interrupted and taught.progress.step == 3
    again, whole = Toy(), Toy()
    teach(again, Budget(steps=6), path, resume=True)
    teach(whole, Budget(steps=6))
    assert torch.equal(again.model.weight, whole.model.weight)


def test_a_second_ctrl_c_does_not_wait(tmp_path):
    class Stopped(Toy):
        def step(self, step, steps):
            if step == 2:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)
            return super().step(step, steps)

    with interruptible(), pytest.raises(KeyboardInterrupt):
        teach(Stopped(), Budget(steps=6), tmp_path / "a.checkpoint")


def test_a_finished_training_stays_until_its_result_is_written(tmp_path):
    path, toy = tmp_path / "a.checkpoint", Toy()
    teach(toy, Budget(steps=4), path)
    again = Toy()
    taught = teach(again, Budget(steps=4), path, resume=True)
    assert not taught.interrupted and not again.seen and torch.equal(again.model.weight, toy.model.weight)


def _unfinished(folder, budget):
    def stop(progress):
        raise KeyboardInterrupt

    teach(Toy(), budget, folder / "a.checkpoint", identity="mine", listener=stop)
    path = folder / "a.checkpoint"
    state = checkpoint.load(path)
    checkpoint.save(path, {**state, "identity": ""})
    return path


@pytest.mark.parametrize(
    "spoil,words",
    [
        (lambda path: path.unlink(), "there is no unfinished training at .* leave --resume out"),
        (lambda path: path.write_bytes(path.read_bytes()[:-200]), "damaged .* --restart"),
        (lambda path: path.write_bytes(b""), "damaged .* --restart"),
        (lambda path: path.write_bytes(os.urandom(5000)), "damaged .* --restart"),
        (lambda path: torch.save([1, 2], path), "not a training of this version"),
        (lambda path: torch.save({"format": 99}, path), "not a training of this version"),
        (lambda path: torch.save({"format": checkpoint.FORMAT}, path), "--restart"),
        (lambda path: (path.unlink(), path.mkdir()), "damaged|folder"),
    ],
)
def test_a_checkpoint_that_is_none(tmp_path, spoil, words):
    path = _unfinished(tmp_path, Budget(steps=6))
    spoil(path)
    with pytest.raises(TrainingError, match=words):
        teach(Toy(), Budget(steps=6), path, resume=True)


def test_a_checkpoint_of_another_training(tmp_path):
    path = _unfinished(tmp_path, Budget(steps=6))
    with pytest.raises(TrainingError, match="another model or other recordings"):
        teach(Toy(), Budget(steps=6), path, resume=True, identity="other")


def test_a_checkpoint_never_runs_code(tmp_path):
    class Payload:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "pwned"),)

    path = tmp_path / "a.checkpoint"
    torch.save({"format": checkpoint.FORMAT, "identity": Payload()}, path)
    with pytest.raises(TrainingError, match="damaged"):
        checkpoint.load(path)
    assert not (tmp_path / "pwned").exists()


def test_no_numbers_end_a_training():
    pair = easy_pair()
    pair.wet[:] = np.nan
    with pytest.raises(TrainingError, match="NaN"):
        teach(recipe(pair=pair), Budget(steps=30))


def test_an_easy_device_is_learned():
    made = recipe(pair=easy_pair(6.0))
    before = made.score()
    taught = teach(made, Budget(steps=300))
    assert before > 0.5 and taught.progress.best < 0.005
    assert made.score() == pytest.approx(taught.progress.best, rel=1e-6)


def test_a_thread_may_teach():
    """Where no Ctrl-C arrives."""
    done = []
    thread = threading.Thread(target=lambda: done.append(teach(Toy(), Budget(steps=2))))
    thread.start()
    thread.join()
    assert done[0].progress.step == 2
