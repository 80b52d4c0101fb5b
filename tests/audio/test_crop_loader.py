"""A loader hands over what the corpus would have given, keeps ahead, and says how long it was waited for."""

import threading
import time

import numpy as np
import pytest

from tests.audio.corpora import RATE, noise, put
from tonewright.audio.corpus import open_corpus
from tonewright.audio.crop_loader import CropLoader


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return open_corpus(put(tmp_path_factory.mktemp("in"), {"a.wav": (noise(5.0), RATE)}), RATE)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("first", [0, 1000])
def test_each_step_gets_its_own(corpus, threads, first):
    with CropLoader(corpus, 5, 3, 700, first, ahead=2, threads=threads) as loader:
        for step in range(first, first + 50):
            assert np.array_equal(next(loader), corpus.crops(5, step, 3, 700))


def test_something_is_done_to_a_batch_on_its_way(corpus):
    names = set()

    def then(crops, step):
        names.add(threading.current_thread().name)
        return -crops

    with CropLoader(corpus, 5, 3, 700, then=then) as loader:
        assert np.array_equal(next(loader), -corpus.crops(5, 0, 3, 700))
    assert threading.current_thread().name not in names


def test_no_more_is_read_ahead_than_was_asked_for(corpus):
    begun, seen = [], threading.Event()

    def then(crops, step):
        begun.append(1)
        seen.set()
        return crops

    with CropLoader(corpus, 0, 1, 10, ahead=3, threads=2, then=then) as loader:
        for taken in range(1, 5):
            next(loader)
            deadline = time.monotonic() + 10
            while len(begun) < taken + 3 and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(0.02)
            assert len(begun) == taken + 3


def test_waiting_is_measured(corpus):
    """Events instead of speeds: once the device is what is slow, once the reader."""
    with CropLoader(corpus, 0, 1, 10, ahead=2) as loader:
        next(loader)
        for _ in range(5):
            time.sleep(0.05)
            next(loader)
        assert loader.waited < 0.5 and loader.busy_s >= 0.25
    with CropLoader(corpus, 0, 1, 10, ahead=2, then=lambda crops, step: time.sleep(0.05)) as loader:
        for _ in range(6):
            next(loader)
        assert loader.waited > 0.5 and loader.waited_s >= 0.1


def test_the_first_batch_does_not_count(corpus):
    with CropLoader(corpus, 0, 1, 10, then=lambda crops, step: time.sleep(0.1)) as loader:
        next(loader)
        assert (loader.waited_s, loader.busy_s, loader.waited) == (0.0, 0.0, 0.0)


def test_what_goes_wrong_is_raised_where_it_is_asked_for(corpus):
    def then(crops, step):
        raise OSError("the disk is gone")

    with CropLoader(corpus, 0, 1, 10, then=then) as loader, pytest.raises(OSError, match="the disk is gone"):
        next(loader)


def test_it_ends(corpus):
    before = threading.active_count()
    loader = CropLoader(corpus, 0, 1, 10, ahead=2, threads=4)
    next(loader)
    loader.close()
    assert threading.active_count() == before
    assert list(loader) == []
    loader.close()
