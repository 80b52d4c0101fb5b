"""Learning an instrument, from sound files to a player: what is kept apart, kept, resumed, heard and told."""

import dataclasses
import json
import math
import os

import numpy as np
import pytest
import torch

from tests.audio.tones import performance
from tests.runtime.instruments import melody
from tests.training.toys import weights
from tonewright import storage
from tonewright.audio import files
from tonewright.builtin.plucked import plucked_notes
from tonewright.errors import AudioError, ConfigError, TonewrightError, TrainingError
from tonewright.runtime.phrase import told_range
from tonewright.training import instrument as module
from tonewright.training import loop
from tonewright.training import proof as measuring
from tonewright.training.instrument import Plan, instrument, learn, split
from tonewright.training.loop import Budget

RATE = 16000
STEPS = 6
SMALL = {"units": 8, "harmonics": 12, "bands": 9, "reverb_s": 0.02, "batch": 3, "crop_s": 0.4, "together": 2}
PLAN = Plan("tiny", None, Budget(steps=STEPS), threads=1, changes=SMALL)


def put_notes(folder, *seeds: int):
    """A recording for each seed."""
    os.makedirs(folder)
    for name, seed in zip(("one", "two"), seeds, strict=False):
        sound, *_ = plucked_notes(6, RATE, 160, seed, seconds=0.9)
        files.write(folder / f"{name}.wav", 0.3 * sound, RATE)
    return folder


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Two recordings of plucked strings, and what plays them."""
    folder = tmp_path_factory.mktemp("strings")
    files.write(folder / "tune.wav", melody([440.0, 330.0], rate=48000), 48000)
    return put_notes(folder / "recordings", 0, 1)


@pytest.fixture(scope="module")
def unbroken(recordings):
    return learn(recordings, PLAN)


def test_it_learns_and_says_how(recordings, unbroken, tmp_path):
    tone = unbroken.player.tone
    assert not unbroken.interrupted and unbroken.checkpoint is None
    assert [one.name for one in unbroken.held_out] == ["two"]
    assert tone.provenance["preset"] == "tiny" and tone.provenance["steps"] == str(STEPS)
    assert tone.provenance["recordings"] == "one, two"
    assert tone.metrics["recorded_seconds"] == pytest.approx(10.8, abs=0.1)
    assert tone.metrics["held_out_spectral"] == unbroken.proof.spectral > 0
    assert len(tone.history) == STEPS and tone.history[-1]["step"] == STEPS
    low_hz, high_hz, soft_db, loud_db = told_range(tone.levels)
    assert 215 < low_hz < high_hz < 890 and soft_db < loud_db
    unbroken.player.save(tmp_path / "a.tone")
    got = storage.load(tmp_path / "a.tone")
    assert np.array_equal(weights(got.model), weights(unbroken.player.model))
    assert got.model.config.units == 8 and got.levels == tone.levels


def test_it_is_measured_by_what_it_plays(unbroken):
    """Against the recording itself, which is no error at all."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(measuring, "play_again", lambda player, performance: performance.sound)
        proof = measuring.prove(unbroken.player, unbroken.held_out)
    assert proof.spectral == proof.f0_off == 0.0
    assert proof.loudness_db < 1e-3 and proof.f0_semitones < 1e-3


def test_the_loss_falls(recordings, unbroken):
    assert unbroken.player.tone.history[-1]["error"] < unbroken.player.tone.history[0]["error"]


def test_the_short_way_is_the_same(recordings, unbroken):
    player = instrument(recordings, preset="tiny", settings=SMALL, steps=STEPS)
    assert np.array_equal(weights(player.model), weights(unbroken.player.model))


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_stopped_or_killed_and_resumed_changes_no_bit(recordings, unbroken, tmp_path, monkeypatch, end):
    """SystemExit is a kill as far as the loop is concerned: it keeps nothing more."""
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    plan = dataclasses.replace(PLAN, checkpoint=tmp_path / "a.checkpoint")

    def stop(progress):
        if progress.step == 3:
            raise end

    if end is SystemExit:
        with pytest.raises(SystemExit):
            learn(recordings, plan, listener=stop)
    else:
        learned = learn(recordings, plan, listener=stop)
        assert learned.interrupted and learned.player.tone.provenance["steps"] == "3"
        best = min(row["error"] for row in learned.player.tone.history)
        assert learned.player.tone.metrics["held_out_spectral"] == pytest.approx(best, rel=0.3)
    with pytest.raises(TrainingError, match="unfinished training; add --resume to go on or --restart"):
        learn(recordings, plan)
    with pytest.raises(TrainingError, match="was begun with --steps 6, and not with --steps 7"):
        learn(recordings, dataclasses.replace(plan, resume=True, budget=Budget(steps=7)))
    for change in ({"seed": 1}, {"changes": SMALL | {"units": 9}}):
        with pytest.raises(TrainingError, match="another model or other recordings"):
            learn(recordings, dataclasses.replace(plan, resume=True, **change))
    with pytest.raises(TrainingError, match="another model or other recordings"):
        learn(put_notes(tmp_path / "others", 5, 6), dataclasses.replace(plan, resume=True))
    resumed = learn(recordings, dataclasses.replace(plan, resume=True, budget=None, threads=2))
    assert not resumed.interrupted
    assert np.array_equal(weights(resumed.player.model), weights(unbroken.player.model))


def test_the_best_is_kept(recordings, monkeypatch):
    """Whatever the last steps do to it."""
    room, plan = module.models.find("ddsp"), dataclasses.replace(PLAN, budget=Budget(steps=4))
    seen, score = [], room.Recipe.score

    def worse_and_worse(recipe):
        seen.append(weights(recipe.model))
        return score(recipe) + 100 * len(seen)

    monkeypatch.setattr(room.Recipe, "score", worse_and_worse)
    assert np.array_equal(weights(learn(recordings, plan).player.model), seen[0])


def test_a_melody_is_played_each_time(recordings, unbroken, tmp_path):
    plan = dataclasses.replace(PLAN, listen=recordings.parent / "tune.wav", listen_to=tmp_path / "a.listen")
    learned = learn(recordings, plan)
    assert sorted(os.listdir(tmp_path / "a.listen")) == [f"{step:06d}.wav" for step in range(1, STEPS + 1)]
    sounds = [files.read(path)[0] for path in sorted((tmp_path / "a.listen").iterdir())]
    assert all(sound.shape == (1, 101 * 160) for sound in sounds) and not np.array_equal(
        sounds[0], sounds[-1]
    )
    assert np.array_equal(weights(learned.player.model), weights(unbroken.player.model))


def test_it_is_taught_for_half_an_hour_when_nothing_is_said(recordings, monkeypatch):
    wanted = []

    def taught(recipe, budget, *more):
        wanted.append(budget)
        raise TrainingError("enough")

    monkeypatch.setattr(module, "teach", taught)
    with pytest.raises(TrainingError, match="enough"):
        learn(recordings, dataclasses.replace(PLAN, budget=None))
    assert wanted == [Budget(minutes=30.0)]


def test_what_happens_is_told(recordings):
    heard, steps = [], []
    learn(recordings, PLAN, listener=lambda p: steps.append(p.step), heard=heard.append)
    assert steps == list(range(1, STEPS + 1)) and heard == sorted(heard) and heard[-1] == 1.0


def test_another_rate(recordings):
    plan = dataclasses.replace(PLAN, sample_rate=24000, budget=Budget(steps=1))
    player = learn(recordings, plan).player
    assert player.sample_rate == player.model.config.sample_rate == 24000 and player.model.config.hop == 240


def test_what_is_held_out_may_have_no_pitch(recordings, tmp_path):
    """Then nothing is said of it, and the file still opens."""
    held_out = performance(np.zeros(4 * RATE), 220.0, False, -80.0)
    player = instrument(recordings, preset="tiny", settings=SMALL, steps=1)
    proof = measuring.prove(player, [held_out])
    assert math.isnan(proof.f0_semitones) and math.isnan(proof.f0_off) and math.isfinite(proof.spectral)
    player.tone.metrics = {"held_out_f0_off": proof.f0_off}
    player.save(tmp_path / "a.tone")
    assert math.isnan(storage.load(tmp_path / "a.tone").metrics["held_out_f0_off"])
    assert json.loads(json.dumps(storage.read_header(tmp_path / "a.tone")["metrics"]))


def numbered(*seconds: float):
    """Recordings of which every frame has a pitch of its own."""
    first, made = 1.0, []
    for number, length in enumerate(seconds):
        frames = round(100 * length)
        f0_hz = first + np.arange(frames)
        first += frames
        made.append(performance(np.zeros(frames * 160), f0_hz, True, -20.0, str(number)))
    return made


def frames_in(parts) -> np.ndarray:
    return np.concatenate([[], *(part.f0_hz for part in parts)])


@pytest.mark.parametrize(
    "seconds,apart",
    [
        ([100], [("0", 10)]),
        ([40], [("0", 4)]),
        ([100, 60], [("0", 10), ("1", 6)]),
        ([100, 30, 5], [("0", 10)]),
        ([39, 20, 12], [("2", 12)]),
        ([5, 1], [("1", 1)]),
        ([5] * 20, [("9", 5), ("19", 5)]),
        ([60] + [5] * 10, [("0", 6), ("10", 5)]),
        ([8], [("0", 4)]),
        ([39], [("0", 4)]),
    ],
)
def test_what_is_kept_apart(seconds, apart):
    recorded = numbered(*seconds)
    taught, held_out = split(recorded)
    assert [(part.name, part.seconds) for part in held_out] == apart
    both = np.concatenate([frames_in(taught), frames_in(held_out)])
    assert np.array_equal(np.sort(both), frames_in(recorded)), "each frame on one side, and none lost"
    for part in held_out:
        whole = recorded[int(part.name)]
        assert np.array_equal(part.f0_hz, whole.f0_hz[-part.frames :]), "the end, in one piece"
        assert len(part.sound) == part.frames * part.hop


def test_too_little_is_told():
    with pytest.raises(TrainingError, match=r"0 has 7\.9 s, and an instrument is learned from 8 s at least"):
        split(numbered(7.9))


def refused(recordings, **changes) -> str:
    with pytest.raises(TonewrightError) as told:
        learn(recordings, dataclasses.replace(PLAN, **changes))
    assert "\n" not in str(told.value)
    return str(told.value)


def test_nothing_to_learn_from(tmp_path):
    rumble = 0.3 * np.sin(2 * np.pi * 20 / RATE * np.arange(10 * RATE))
    for name, sound in {
        "silent": 0 * rumble,
        "short": melody([220.0], 0.5),
        "little": melody([220.0] * 10, 0.5),
        "rumble": rumble,
    }.items():
        files.write(tmp_path / f"{name}.wav", sound.astype(np.float32), RATE)
    assert "there is no file or folder" in refused(tmp_path / "nowhere")
    assert "silent.wav is silent" in refused(tmp_path / "silent.wav")
    assert "0.50 s long" in refused(tmp_path / "short.wav")
    assert "little has 5.0 s" in refused(tmp_path / "little.wav")
    assert "no pitch was heard" in refused(tmp_path / "rumble.wav")


def test_a_crop_that_is_too_long(recordings):
    words = refused(recordings, changes=SMALL | {"crop_s": 9.0})
    assert "the longest recording has 5.4 s to learn from, and a crop with its lead 9.5 s" in words
    assert "--setting crop_s=2.7" in words


@pytest.mark.parametrize(
    "changes,words",
    [
        ({"preset": "tinny"}, "no preset called 'tinny' in ddsp; did you mean 'tiny'?"),
        ({"changes": {"unit": 8}}, "no setting called 'unit' in ddsp; did you mean 'units'?"),
        ({"changes": {"units": "many"}}, "ddsp.units wants int, and is 'many'"),
        ({"changes": {"bands": 0}}, "bands is 2 to 1024, and not 0"),
        ({"changes": {"lowest_hz": 30.0}}, "the lowest pitch to track is 30 Hz"),
        ({"changes": {"crop_s": 0.0}}, "crop_s is 0.2 to 60 seconds"),
        ({"sample_rate": 8000}, "the sample rate of an instrument is one of 16000"),
        ({"resume": True, "checkpoint": "no.checkpoint"}, "there is no unfinished training at"),
    ],
)
def test_mistakes_are_told_before_anything_is_heard(recordings, tmp_path, monkeypatch, changes, words):
    def heard(*more):
        raise AssertionError("it listened first")

    monkeypatch.setattr(module, "open_performances", heard)
    if "checkpoint" in changes:
        changes = changes | {"checkpoint": tmp_path / changes["checkpoint"]}
    with pytest.raises((ConfigError, TrainingError)) as told:
        learn(recordings, dataclasses.replace(PLAN, **changes))
    assert words in str(told.value)


def test_a_melody_that_is_none_is_told_before_anything_is_heard(recordings, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "open_performances", lambda *more: pytest.fail("it listened first"))
    files.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    for name, words in (("nowhere.wav", "there is no file"), ("silent.wav", "it is silent")):
        with pytest.raises(AudioError, match=words):
            learn(recordings, dataclasses.replace(PLAN, listen=tmp_path / name))


def test_no_two_threads_of_torch_are_left_behind(recordings, unbroken):
    assert torch.get_num_threads() == 1
