"""The same training ends at the same bits: killed and resumed, on any number of threads and processes."""

import random
import signal

import numpy as np
import pytest

from tests.training.toys import recipe, start, weights
from tonewright.training.loop import Budget, teach

STEPS = 12


@pytest.fixture(scope="module")
def unbroken():
    """The weights at the end of a run that nothing disturbed."""
    made = recipe()
    teach(made, Budget(steps=STEPS))
    return weights(made.model)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_no_bit(unbroken, threads):
    made = recipe(threads)
    teach(made, Budget(steps=STEPS))
    assert np.array_equal(weights(made.model), unbroken)


def test_the_seed_decides(unbroken):
    again, other = recipe(), recipe(seed=1)
    for made in (again, other):
        teach(made, Budget(steps=STEPS))
    assert np.array_equal(weights(again.model), unbroken)
    assert not np.array_equal(weights(other.model), unbroken)


def test_killed_stopped_and_resumed_changes_no_bit(unbroken, tmp_path):
    chance = random.Random()
    for resume, stop in (([], signal.SIGKILL), (["--resume"], signal.SIGINT)):  # anywhere within a step
        child = start("tests.training.taught", tmp_path, *resume)
        for line in child.stdout:
            if int(line) >= (7 if resume else chance.randint(1, 5)):
                child.send_signal(stop)
                break
        child.communicate()
        assert child.returncode == (0 if resume else -stop) and (tmp_path / "a.checkpoint").exists()
        assert not (tmp_path / "weights.npy").exists()
    child = start("tests.training.taught", tmp_path, "--resume", "--threads", "2")
    _, told = child.communicate()
    assert child.returncode == 0, told
    assert np.array_equal(np.load(tmp_path / "weights.npy"), unbroken)


def test_two_processes_change_no_bit(unbroken, tmp_path):
    launcher = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    child = start("tests.training.taught", tmp_path, launcher=launcher)
    _, told = child.communicate()
    assert child.returncode == 0, told
    assert np.array_equal(np.load(tmp_path / "weights.npy"), unbroken)
