"""How an instrument is taught: what it learns from, that it learns, and that it comes out the same every time."""

import dataclasses
import io
import math

import numpy as np
import pytest
import torch

from tests.audio.tones import performance
from tonewright.builtin.plucked import plucked_notes
from tonewright.errors import ConfigError, TrainingError
from tonewright.models.ddsp import Config, Course, Model, Recipe
from tonewright.models.ddsp.crops import NEAR, Crops, row, whole_crops
from tonewright.models.ddsp.recipe import play
from tonewright.threads import one_thread

TINY = Config(units=8, harmonics=12, bands=9, reverb_s=0.02)
SHORT = Course(batch=5, crop_s=0.3, together=2)


def plucked(count: int = 3, seconds: float = 1.0, seed: int = 0):
    """Notes of a string that is known exactly."""
    sound, f0_hz, loudness_db = plucked_notes(count, 16000, 160, seed, seconds)
    return performance(0.3 * sound, f0_hz, True, loudness_db - 10.0, "plucked")


def counted(frames: int = 100, name: str = "counted"):
    """Of which every frame says where it was: its pitch is 100 Hz and its number, its sound its number."""
    numbers = np.arange(frames)
    made = performance(np.repeat(numbers, 160), 100.0 + numbers, True, -20.0, name)
    return dataclasses.replace(made, live_f0_hz=(1.01 * made.f0_hz).astype(np.float32))


def recipe(config: Config = TINY, course: Course = SHORT, seed: int = 0, threads: int = 1, taught=None):
    torch.manual_seed(seed)
    return Recipe(Model(config), taught or [plucked()], [plucked(1, seed=9)], course, seed, threads)


def taught_for(made: Recipe, steps: int, first: int = 0) -> torch.Tensor:
    """All weights after these steps, of 8 that there are to be."""
    with one_thread():
        for step in range(first, first + steps):
            made.step(step, 8)
    return torch.cat([p.detach().reshape(-1) for p in made.model.parameters()])


@pytest.fixture(scope="module")
def unbroken():
    return taught_for(recipe(), 8)


def test_threads_change_no_bit(unbroken):
    assert torch.equal(taught_for(recipe(threads=2), 8), unbroken)


def test_the_seed_decides(unbroken):
    assert torch.equal(taught_for(recipe(), 8), unbroken)
    assert not torch.equal(taught_for(recipe(seed=1), 8), unbroken)


@pytest.mark.parametrize("at", [0, 3])
def test_it_goes_on_to_the_same_bits(unbroken, at):
    first, second, file = recipe(), recipe(seed=5), io.BytesIO()
    taught_for(first, at)
    torch.save(first.state(), file)
    second = Recipe(second.model, [plucked()], [plucked(1, seed=9)], SHORT, 0, 1)
    second.restore(torch.load(io.BytesIO(file.getvalue()), weights_only=True))
    assert torch.equal(taught_for(second, 8 - at, at), unbroken)


def test_measuring_and_playing_change_no_bit(unbroken):
    made = recipe()
    taught_for(made, 4)
    first = made.score()
    assert made.score() == first and math.isfinite(first)
    torch.rand(7)
    assert torch.equal(taught_for(made, 4, 4), unbroken)


def test_no_numbers_end_in_a_sentence():
    broken = plucked()
    broken.sound[:] = np.nan
    made = recipe(taught=[broken])
    before = taught_for(made, 9).clone()
    assert torch.isfinite(before).all()
    with pytest.raises(TrainingError, match=r"gave no number \(NaN\).*--setting rate=3e-04"):
        taught_for(made, 1)


def test_some_numbers_that_are_none_are_passed_over():
    made = recipe()
    real = made.gradients
    made.gradients = lambda *more: (torch.full((sum(p.numel() for p in made.parameters),), math.nan), {})
    before = taught_for(made, 9)
    made.gradients = real
    assert not torch.equal(taught_for(made, 1), before) and made.bad == 0


def test_statistics_are_those_of_what_sounds():
    one, two = plucked(2), plucked(2, seed=3)
    two.voiced[:50], two.loudness_db[:50] = False, -80.0
    two.f0_hz[:50] = 5000.0
    voice = recipe(taught=[one, two]).model.voice
    octaves = np.log2(np.r_[one.f0_hz, two.f0_hz[50:]].astype(float))
    loudness = np.r_[one.loudness_db, two.loudness_db[50:]].astype(float)
    for mean, spread, values in (
        (voice.pitch_mean, voice.pitch_spread, octaves),
        (voice.loudness_mean, voice.loudness_spread, loudness),
    ):
        assert float(mean) == pytest.approx(values.mean(), rel=1e-5)
        assert float(spread) == pytest.approx(values.std(), rel=1e-4)


def test_a_single_note_can_be_learned():
    """Its pitch has no spread to divide by."""
    steady = performance(plucked().sound, 220.0, True, -20.0)
    made = recipe(taught=[steady])
    assert torch.isfinite(taught_for(made, 2)).all() and math.isfinite(made.score())


@pytest.mark.parametrize("change", [{"voiced": False}, {"loudness_db": -75.0}])
def test_nothing_with_a_pitch_is_told(change):
    facts = {"f0_hz": 220.0, "voiced": True, "loudness_db": -20.0} | change
    with pytest.raises(TrainingError, match="nothing in the recordings has a pitch"):
        recipe(taught=[performance(plucked().sound, **facts)])


def test_crops_are_of_their_step_and_cover_all():
    long, tail = counted(100), counted(60, "tail")
    crops = Crops([long, counted(20, "too short"), tail], 30, live=0.0, seed=3)
    again = Crops([long, tail], 30, live=0.0, seed=3)
    starts = [set(), set()]
    for step in range(60):
        items = crops.batch(step, 10, 4)
        assert [len(item.sound) for item in items] == [4, 4, 2]
        for a, b in zip(items, again.batch(step, 10, 4), strict=True):
            assert all(
                torch.equal(getattr(a, part), getattr(b, part)) for part in ("frames", "sound", "seeds")
            )
            assert (
                a.frames.shape[1:] == (2, 30)
                and a.sound.shape[1:] == (4800,)
                and a.seeds.dtype == torch.int64
            )
            assert torch.equal(a.frames[:, 0] - 100, a.sound[:, ::160]), "sound and pitch line up"
            for first, last in zip(a.sound[:, 0].tolist(), a.sound[:, -1].tolist(), strict=True):
                assert last == first + 29
                starts[first > 30].add(int(first))
    assert starts[0] == set(range(31)) and starts[1] == set(range(31, 71)), "from the first to the last place"
    assert not torch.equal(crops.batch(0, 4, 4)[0].sound, crops.batch(1, 4, 4)[0].sound)
    other = Crops([long, tail], 30, live=0.0, seed=4)
    assert not torch.equal(crops.batch(0, 4, 4)[0].sound, other.batch(0, 4, 4)[0].sound)


def test_no_two_crops_hear_one_noise():
    crops = Crops([counted()], 30, live=0.0, seed=0)
    seeds = torch.cat([item.seeds for step in range(50) for item in crops.batch(step, 8, 3)])
    assert len(set(seeds.tolist())) == len(seeds) == 400


@pytest.mark.parametrize("live", [0.0, 0.25, 1.0])
def test_a_share_is_played_by_the_live_tracker(live):
    crops = Crops([counted()], 30, live=live, seed=0)
    items = [item for step in range(50) for item in crops.batch(step, 8, 8)]
    heard = torch.cat([item.frames[:, 0, 0] != item.sound[:, 0] + 100 for item in items]).float().mean()
    assert abs(float(heard) - live) < 0.08


def test_the_live_tracker_is_believed_where_it_is_near():
    made = counted(4)
    factors = np.array([1.0, 2 ** (0.9 * NEAR), 2.0, 2 ** (-1.1 * NEAR)], np.float32)
    made = dataclasses.replace(made, live_f0_hz=made.f0_hz * factors)
    frames, _ = row(made, live=True)
    assert np.array_equal(
        frames[0].numpy(), made.f0_hz * np.where([1, 1, 0, 0], factors, 1).astype(np.float32)
    )


def test_what_is_held_out_is_measured_whole():
    items = whole_crops([counted(100), counted(20, "short")], 30)
    assert [item.sound.shape for item in items] == [(1, 4800)] * 3 + [(1, 3200)]
    assert [float(item.sound[0, 0]) for item in items] == [0.0, 30.0, 60.0, 0.0]
    assert all(torch.equal(item.seeds, torch.zeros(1, dtype=torch.int64)) for item in items)


@pytest.mark.parametrize("frames", [5, 30, 31, 49])
def test_what_hardly_outlasts_its_lead_is_not_measured(frames):
    assert whole_crops([counted(frames)], 100, lead=30) == []
    assert len(whole_crops([counted(frames), counted(50)], 100, lead=30)) == 1


def test_a_lead_longer_than_all_that_is_held_out_is_told():
    with pytest.raises(TrainingError, match=r"lasts 1\.0 s, .* add --setting lead_s=0\.5"):
        recipe(course=dataclasses.replace(SHORT, lead_s=1.0), taught=[plucked(3, seconds=1.0)])


@pytest.mark.parametrize("taught", [[], [counted(20)]])
def test_a_crop_that_nothing_is_long_enough_for(taught):
    with pytest.raises(TrainingError, match=r"the longest recording has 0\.[02] s to learn from"):
        Crops(taught, 30, 0.0, 0)


def test_what_is_played_lines_up_with_the_recording():
    """A frame late is what the voice says it is, and the loss takes that back."""
    made = recipe()
    item = whole_crops([plucked(1)], made.crops.frames)[0]
    with torch.no_grad():
        y, played = play(made.model, item.frames, item.seeds), made._played(item)
        same = dataclasses.replace(item, sound=torch.nn.functional.pad(y[:, 160:], (0, 160)))
        later = dataclasses.replace(item, sound=y)
        assert float(made._distance(same, played)) == 0.0 < float(made._distance(later, played))


def test_crops_played_together_are_as_played_alone():
    made = recipe()
    items = made.crops.batch(0, 4, 4)
    whole = play(made.model, items[0].frames, items[0].seeds)
    for i in range(4):
        alone = play(made.model, items[0].frames[i : i + 1], items[0].seeds[i : i + 1])
        torch.testing.assert_close(whole[i : i + 1], alone, atol=1e-5, rtol=0)


def test_the_rate_falls():
    made = recipe(course=dataclasses.replace(SHORT, batch=100, decay=0.5))
    assert made._rate(0, 0) == made._rate(0, 1000) == 1e-3
    assert made._rate(100, 1000) == pytest.approx(5e-4)
    assert made._rate(900, 1000) == pytest.approx(1e-3 * 0.5**9 * 0.2)
    assert made._rate(1000, 1000) == 0.0 < made._rate(0, 1)


@pytest.mark.parametrize(
    "change,words",
    [
        ({"batch": 0}, "batch and together are 1 to 1024, and not 0 and 4"),
        ({"together": 2000}, "not 8 and 2000"),
        ({"crop_s": 0.1}, "crop_s is 0.2 to 60 seconds, and not 0.1"),
        ({"crop_s": math.nan}, "crop_s is 0.2 to 60 seconds"),
        ({"rate": 0.0}, "rate, decay, live and still are within 0 and 1"),
        ({"rate": math.inf}, "rate, decay, live and still"),
        ({"decay": 1.1}, "rate, decay, live and still"),
        ({"live": -0.1}, "rate, decay, live and still"),
        ({"still": 1.1}, "rate, decay, live and still"),
        ({"clip": 0.0}, "clip is above 0"),
        ({"clip": math.nan}, "clip is above 0"),
    ],
)
def test_an_impossible_course_is_told(change, words):
    with pytest.raises(ConfigError, match=words):
        dataclasses.replace(Course(), **change)


def test_a_plucked_string_is_learned():
    """In a few seconds, and notes that it never heard as well."""
    config, steps = Config(units=24, harmonics=40, bands=9, reverb_s=0.0), 300
    torch.manual_seed(0)
    course = Course(batch=8, crop_s=0.5, rate=5e-3, together=8)
    made = Recipe(Model(config), [plucked(60)], [plucked(5, seed=9)], course, threads=1)
    before = made.score()
    with one_thread():
        for step in range(steps):
            made.step(step, steps)
    assert before > 35 and made.score() < 12
