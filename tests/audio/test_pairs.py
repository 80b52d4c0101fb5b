"""Pairs: what is held out is never taught, and a crop has its true left context."""

import numpy as np
import pytest

from tonewright.audio.pairs import Crops, Pair, crop, split
from tonewright.errors import PairError

RATE = 1000
CONTEXT, LENGTH = 37, 100


def numbered(samples: int = 5000, **more) -> Pair:
    """A pair whose samples tell where they are."""
    dry = np.arange(samples, dtype=np.float32)
    return Pair(dry, -dry, RATE, **more)


def test_the_held_out_end_is_never_taught():
    pair = numbered(20000)
    pair.dry[18000:] = pair.wet[18000:] = np.nan
    taught, held_out = split(pair)
    assert len(held_out.dry) == 2000 and np.isnan(held_out.dry).all() and np.isnan(held_out.wet).all()
    crops = Crops([taught], (), CONTEXT, LENGTH, seed=0)
    seen = [c for step in range(200) for c in crops.batch(step, 8)]
    assert all(np.isfinite(c.dry).all() and np.isfinite(c.wet).all() for c in seen)
    assert max(c.dry.max() for c in seen) > 17800  # and the end of what is taught is reached


@pytest.mark.parametrize("seconds,held", [(2.0, 1.0), (5.0, 1.0), (20.0, 2.0), (1000.0, 30.0)])
def test_how_much_is_held_out(seconds, held):
    taught, held_out = split(numbered(round(seconds * RATE)))
    assert len(held_out.dry) == held * RATE and len(taught.dry) + len(held_out.dry) == seconds * RATE


def test_too_short_to_hold_anything_out():
    with pytest.raises(PairError, match=r"has 1\.9 s .* at least 2 s"):
        split(numbered(1900))


def test_a_crop_is_a_part_of_the_recording_with_what_came_before():
    for c in Crops([numbered()], (), CONTEXT, LENGTH, seed=3).batch(0, 64):
        start = int(c.dry[CONTEXT])
        assert np.array_equal(c.dry, np.arange(start - CONTEXT, start + LENGTH))
        assert np.array_equal(c.wet, -np.arange(start, start + LENGTH)) and c.weight.all()


def test_every_place_is_taught():
    crops = Crops([numbered(CONTEXT + LENGTH + 3)], (), CONTEXT, LENGTH, seed=0)
    assert {int(c.dry[0]) for c in crops.batch(0, 200)} == {0, 1, 2, 3}


def test_before_the_first_sample_is_silence():
    c = crop(numbered(), (), 10, CONTEXT, LENGTH)
    assert not c.dry[: CONTEXT - 10].any() and np.array_equal(c.dry[CONTEXT:], np.arange(10, 10 + LENGTH))


def test_the_last_tile_may_be_short():
    c = crop(numbered(), (), 4950, CONTEXT, LENGTH)
    assert len(c.dry) == CONTEXT + 50 and len(c.wet) == len(c.weight) == 50


def test_what_is_left_out_does_not_count():
    leave_out = np.zeros(5000, bool)
    leave_out[1000:3000] = True
    for c in Crops([numbered(leave_out=leave_out)], (), CONTEXT, LENGTH, seed=0).batch(0, 300):
        place = c.dry[CONTEXT:].astype(int)
        assert np.array_equal(c.weight, ~leave_out[place]) and c.weight.mean() >= 0.5


def test_nothing_long_enough_is_told():
    leave_out = np.ones(5000, bool)
    for pair in (numbered(CONTEXT + LENGTH - 1), numbered(leave_out=leave_out)):
        with pytest.raises(PairError, match=r"no stretch of 0\.14 s"):
            Crops([pair], (), CONTEXT, LENGTH, seed=0)


def test_seed_and_step_decide_alone():
    def first(seed, step):
        return [c.dry[0] for c in Crops([numbered()], (), CONTEXT, LENGTH, seed).batch(step, 8)]

    assert first(0, 5) == first(0, 5)
    assert len({tuple(first(seed, step)) for seed in (0, 1) for step in range(10)}) == 20
    crops = Crops([numbered()], (), CONTEXT, LENGTH, 0)
    assert [c.dry[0] for c in [crops.batch(i, 8) for i in (9, 0, 5)][-1]] == first(0, 5)


def test_pairs_are_taken_by_their_length_and_with_their_knobs():
    pairs = [
        numbered(2136, knobs={"drive": 0.25, "tone": 1.0}),
        numbered(50, knobs={"drive": 0.0, "tone": 0.0}),
        numbered(6136, knobs={"tone": 0.5, "drive": 0.75}),
    ]
    taken = [c.knobs for c in Crops(pairs, ("tone", "drive"), CONTEXT, LENGTH, seed=0).batch(0, 2000)]
    assert set(taken) == {(1.0, 0.25), (0.5, 0.75)}
    assert taken.count((0.5, 0.75)) / len(taken) == pytest.approx(0.75, abs=0.04)


def test_an_hour_of_places_needs_no_memory():
    hour = np.zeros(3600 * 48000, np.float32)
    import tracemalloc

    tracemalloc.start()
    Crops([Pair(hour, hour, 48000)], (), CONTEXT, LENGTH, seed=0).batch(0, 8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6
