"""Learning a timbre, from sound files to a player: what is kept apart, measured, kept, resumed, heard and told."""

import dataclasses
import math
import os

import numpy as np
import pytest
import torch

from tests.training.timbres import OPTIONS, PLAN, RATE, SMALL, STEPS, put_sounds
from tests.training.toys import start, weights
from tonewright import storage
from tonewright.audio import files
from tonewright.audio.corpus import open_corpus
from tonewright.errors import AudioError, ConfigError, FileError, TonewrightError, TrainingError
from tonewright.training import loop
from tonewright.training import timbre as module
from tonewright.training.loop import Budget, Progress
from tonewright.training.timbre import device_of, excerpts, half_way, learn, timbre


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    return put_sounds(tmp_path_factory.mktemp("sounds") / "strings")


@pytest.fixture(scope="module")
def unbroken(recordings):
    return learn(recordings, PLAN)


def test_it_learns_and_says_how(recordings, unbroken, tmp_path):
    tone, proof = unbroken.player.tone, unbroken.proof
    assert not unbroken.interrupted and unbroken.checkpoint is None
    assert tone.provenance["preset"] == "live" and tone.provenance["steps"] == str(STEPS)
    assert tone.provenance["recordings"].startswith("strings: 0:11 of sound at 16000 Hz from 1 sound")
    assert tone.provenance["second_phase"] == "3"
    assert tone.provenance["why_second_phase"].startswith("phase 2 from step 3 on")
    assert "of what varies" in tone.provenance["latent_0"] or "r = " in tone.provenance["latent_0"]
    assert tone.metrics["held_out_spectral"] == proof.spectral == tone.history[-1]["error"]
    assert tone.metrics["untaught_spectral"] == proof.untaught > proof.spectral > 0
    assert tone.metrics["half_way_spectral"] == proof.half_way == tone.history[2]["error"]
    assert tone.metrics["recorded_seconds"] == pytest.approx(10.8, abs=0.1)
    assert tone.metrics["held_out_seconds"] == pytest.approx(1.08, abs=0.02)
    assert [row["step"] for row in tone.history] == list(range(1, STEPS + 1))
    assert -60 < tone.levels["loud_db"] < 0
    unbroken.player.save(tmp_path / "a.tone")
    got = storage.load(tmp_path / "a.tone")
    mine = unbroken.player.model.state_dict()
    assert all(torch.equal(value, mine[name]) for name, value in got.model.state_dict().items())
    assert got.model.config.capacity == 4 and got.levels == tone.levels
    assert storage.self_check(tmp_path / "a.tone", got) == 0.0


def test_the_short_way_is_the_same(recordings, unbroken):
    player = timbre(recordings, sample_rate=RATE, settings=SMALL, steps=STEPS, device="cpu")
    assert np.array_equal(weights(player.model), weights(unbroken.player.model))


def test_what_is_held_out_is_not_taught(recordings, unbroken):
    """It is the end of the one recording."""
    ((name, sound),) = unbroken.held_out
    corpus = open_corpus(recordings, RATE)
    assert name == "notes.wav" and len(sound) == corpus.samples // 10
    end = corpus.crop(corpus.samples - len(sound), len(sound) - 200)
    assert np.allclose(sound[: len(end)], end, atol=1e-4)


def test_it_learns(recordings):
    """A small one, for some seconds: what it never heard comes back better than before, and than half-way."""
    plan = dataclasses.replace(PLAN, budget=Budget(steps=300), changes=SMALL | {"latest": 1.0, "rate": 1e-2})
    proof = learn(recordings, dataclasses.replace(plan, threads=None)).proof
    assert proof.spectral < 0.75 * proof.untaught and proof.spectral < proof.half_way


@pytest.mark.parametrize("stop_at", [2, 4])  # before and after the second phase has begun
@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_stopped_or_killed_and_resumed_changes_no_bit(
    recordings, unbroken, tmp_path, monkeypatch, end, stop_at
):
    """SystemExit is a kill as far as the loop is concerned: it keeps nothing more."""
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    plan = dataclasses.replace(PLAN, checkpoint=tmp_path / "a.checkpoint")

    def stop(progress):
        if progress.step == stop_at:
            raise end

    if end is SystemExit:
        with pytest.raises(SystemExit):
            learn(recordings, plan, listener=stop)
    else:
        learned = learn(recordings, plan, listener=stop)
        assert learned.interrupted and learned.player.tone.provenance["steps"] == str(stop_at)
        assert learned.proof.spectral == learned.player.tone.history[-1]["error"]
        assert ("second_phase" in learned.player.tone.provenance) == (stop_at > 3)
    resumed = learn(recordings, dataclasses.replace(plan, resume=True, budget=None, threads=2))
    assert not resumed.interrupted
    assert np.array_equal(weights(resumed.player.model), weights(unbroken.player.model))
    assert dataclasses.asdict(resumed.proof) == dataclasses.asdict(unbroken.proof)
    assert resumed.player.tone.provenance == unbroken.player.tone.provenance


def test_another_training_is_not_resumed(recordings, tmp_path):
    plan = dataclasses.replace(PLAN, checkpoint=tmp_path / "a.checkpoint")
    learn(recordings, plan, listener=lambda progress: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(TrainingError, match="unfinished training; add --resume to go on or --restart"):
        learn(recordings, plan)
    with pytest.raises(TrainingError, match="was begun with --steps 6, and not with --steps 7"):
        learn(recordings, dataclasses.replace(plan, resume=True, budget=Budget(steps=7)))
    for change in (
        {"seed": 1},
        {"changes": SMALL | {"capacity": 5}},
        {"latency": False, "preset": "v2_small"},
    ):
        with pytest.raises(TrainingError, match="another model or other recordings"):
            learn(recordings, dataclasses.replace(plan, resume=True, **change))
    with pytest.raises(TrainingError, match="another model or other recordings"):
        learn(put_sounds(tmp_path / "others", seed=5), dataclasses.replace(plan, resume=True))


def test_the_sounds_may_have_moved(recordings, unbroken, tmp_path):
    """What counts is what is in them."""
    plan = dataclasses.replace(PLAN, checkpoint=tmp_path / "a.checkpoint")
    learn(recordings, plan, listener=lambda progress: (_ for _ in ()).throw(KeyboardInterrupt))
    resumed = learn(put_sounds(tmp_path / "moved"), dataclasses.replace(plan, resume=True))
    assert np.array_equal(weights(resumed.player.model), weights(unbroken.player.model))


def test_a_sound_is_played_each_time(recordings, unbroken, tmp_path):
    folder = tmp_path / "a.listen"
    learned = learn(recordings, dataclasses.replace(PLAN, listen_to=folder))
    names = [f"{step:07d}.wav" for step in range(1, STEPS + 1)]
    assert sorted(os.listdir(folder)) == [*names, "original.wav"]
    (original,), _ = files.read(folder / "original.wav")
    assert np.allclose(original, unbroken.held_out[0][1], atol=1e-6)
    sounds = [files.read(folder / name)[0][0] for name in names]
    assert all(len(sound) == len(original) for sound in sounds) and not np.array_equal(sounds[0], sounds[-1])
    assert np.array_equal(weights(learned.player.model), weights(unbroken.player.model))
    late = learned.player.latency  # what was heard last is what the player plays
    played = learned.player.render(np.pad(original, (0, late)))[late:]
    assert np.allclose(played, sounds[-1], atol=2e-3)


def test_a_file_where_the_examples_go_is_told_before_anything_is_read(recordings, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "open_corpus", lambda *more: pytest.fail("it read first"))
    (tmp_path / "a.listen").write_text("mine")
    with pytest.raises(FileError, match="the examples go into a folder"):
        learn(recordings, dataclasses.replace(PLAN, listen_to=tmp_path / "a.listen"))


def test_examples_that_cannot_be_written_end_no_training(recordings, unbroken, tmp_path, monkeypatch):
    said = []

    def full(*more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tonewright.training.timbre_examples.files.write", full)
    learned = learn(recordings, dataclasses.replace(PLAN, listen_to=tmp_path / "a"), said.append)
    assert sum("no more examples are written" in sentence for sentence in said) == 1
    assert np.array_equal(weights(learned.player.model), weights(unbroken.player.model))


def test_a_sound_of_ones_own_is_played(recordings, tmp_path):
    files.write(tmp_path / "mine.wav", 0.1 * np.random.default_rng(0).standard_normal((2, 44100)), 44100)
    plan = dataclasses.replace(
        PLAN, budget=Budget(steps=1), listen=tmp_path / "mine.wav", listen_to=tmp_path / "a"
    )
    learn(recordings, plan)
    (sound,), rate = files.read(tmp_path / "a" / "0000001.wav")
    assert rate == RATE and abs(len(sound) - RATE) <= 1 and sound.any()


@pytest.mark.parametrize("name,words", [("nowhere.wav", "there is no file"), ("silent.wav", "is silent")])
def test_an_example_that_is_none_is_told_before_anything_is_read(
    recordings, tmp_path, monkeypatch, name, words
):
    monkeypatch.setattr(module, "open_corpus", lambda *more: pytest.fail("it read first"))
    files.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    with pytest.raises(AudioError, match=words):
        learn(recordings, dataclasses.replace(PLAN, listen=tmp_path / name))


def test_it_is_taught_for_four_hours_when_nothing_is_said(recordings, monkeypatch):
    wanted = []

    def taught(recipe, budget, *more):
        wanted.append(budget)
        raise TrainingError("enough")

    monkeypatch.setattr(module, "teach", taught)
    with pytest.raises(TrainingError, match="enough"):
        learn(recordings, dataclasses.replace(PLAN, budget=None))
    assert wanted == [Budget(minutes=240.0)]


def test_what_happens_is_told(recordings):
    heard, words, said = [], [], []
    learn(recordings, PLAN, said.append, lambda p: words.append(p.words), heard.append)
    assert heard == sorted(heard) and heard[-1] == 1.0
    assert words[0].startswith("phase 1, ") and words[0].endswith(" of 8 dimensions in use")
    assert words[-1].startswith("phase 2, ")
    assert said[0].startswith("strings: 0:11 of sound") and any("too little" in sentence for sentence in said)
    assert any(sentence.startswith("phase 2 from step 3 on") for sentence in said)


def test_no_latency_and_the_rate_of_what_was_prepared(recordings):
    plan = dataclasses.replace(PLAN, preset="v2_small", budget=Budget(steps=1))
    centred, causal = (
        learn(recordings, dataclasses.replace(plan, latency=latency)).player for latency in (True, False)
    )
    assert causal.latency < centred.latency and causal.model.config.lookahead == 0.0
    assert causal.tone.provenance["preset"] == "v2_small without latency"
    assert centred.sample_rate == RATE


def test_not_a_number(recordings, monkeypatch):
    recipe = module.models.find("rave").Recipe
    monkeypatch.setattr(
        recipe, "_distances", lambda made, target, estimate: {"whole": estimate.mean() * math.nan}
    )
    with pytest.raises(
        TrainingError, match=r"gave no number \(NaN\); teach more slowly with --setting rate="
    ):
        learn(recordings, dataclasses.replace(PLAN, budget=Budget(steps=20)))


def refused(recordings, **changes) -> str:
    with pytest.raises(TonewrightError) as told:
        learn(recordings, dataclasses.replace(PLAN, **changes))
    assert "\n" not in str(told.value)
    return str(told.value)


def test_nothing_to_learn_from(tmp_path):
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE)
    for name, sound in {"silent": 0 * noise, "short": noise[: RATE // 2], "little": noise}.items():
        files.write(tmp_path / f"{name}.wav", sound.astype(np.float32), RATE)
    assert "there is no file or folder" in refused(tmp_path / "nowhere")
    assert "silent" in refused(tmp_path / "silent.wav")
    assert "0.50 s of sound, and a timbre is learned from hours" in refused(tmp_path / "short.wav")
    words = refused(tmp_path / "little.wav")
    assert "what is held out lasts 0.2 s and a crop 0.3 s; record more, or add --setting crop=" in words


@pytest.mark.parametrize(
    "changes,words",
    [
        ({"preset": "lively"}, "no preset called 'lively' in rave; did you mean 'live'?"),
        ({"changes": {"capacty": 8}}, "no setting called 'capacty' in rave; did you mean 'capacity'?"),
        ({"changes": {"capacity": "much"}}, "rave.capacity wants int, and is 'much'"),
        ({"changes": {"latent": 4}}, "knobs is 0 to 4 with 4 latents, and not 8"),
        ({"changes": {"batch": 0}}, "batch is 1 to 1024, and not 0"),
        ({"changes": {"beta": 0.0}}, "beta is above 0"),
        ({"sample_rate": 4000}, "sample_rate is 8000 to 192000 Hz, and not 4000"),
        ({"device": "gpu"}, "a timbre is taught on cpu or cuda, and not on 'gpu'"),
        ({"device": "cuda:77"}, "there is no GPU cuda:77 that torch can use here"),
        ({"resume": True, "checkpoint": "no.checkpoint"}, "there is no unfinished training at"),
    ],
)
def test_mistakes_are_told_before_anything_is_read(recordings, tmp_path, monkeypatch, changes, words):
    monkeypatch.setattr(module, "open_corpus", lambda *more: pytest.fail("it read first"))
    if "checkpoint" in changes:
        changes = changes | {"checkpoint": tmp_path / changes["checkpoint"]}
    with pytest.raises((ConfigError, TrainingError)) as told:
        learn(recordings, dataclasses.replace(PLAN, **changes))
    assert words in str(told.value)


def test_the_usual_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device_of(None) == "cuda:0" and device_of("cuda:1") == "cuda:1" and device_of("cpu") == "cpu"
    monkeypatch.setattr(module.processes, "place", lambda: 3)
    assert device_of("cuda") == "cuda:1"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of(None) == "cpu"


def test_half_way_is_unknown_where_nothing_was_measured():
    assert math.isnan(half_way(Progress(step=1, history=[{"step": 1, "error": 2.0}])))
    assert math.isnan(half_way(Progress(step=5)))


def test_excerpts_are_of_many_sounds_and_no_longer_than_a_page_can_bear(tmp_path, monkeypatch):
    for i in range(3):
        put_sounds(tmp_path / str(i), seed=i, notes=3)
    corpus = open_corpus(tmp_path, RATE)
    assert [len(sound) for _, sound in excerpts(corpus)] == [43200] * 3
    monkeypatch.setattr(module, "PAGE_S", 4.0)
    assert [(name, len(sound)) for name, sound in excerpts(corpus)] == [
        ("0/notes.wav", 43200),
        ("1/notes.wav", 20800),
    ]


def test_two_processes_change_no_bit(recordings, unbroken, tmp_path):
    launcher = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    more = ("--steps", STEPS, "--sample-rate", RATE, "--device", "cpu", "--no-page", *OPTIONS)
    child = start("tonewright", "timbre", recordings, "-o", tmp_path / "a.tone", *more, launcher=launcher)
    out, told = child.communicate()
    assert child.returncode == 0, told
    assert out.count("spectral distance") == 1 and told.count("phase 2 from step 3 on") == 1, (
        "one of them speaks"
    )
    mine = unbroken.player.model.state_dict()
    got = storage.load(tmp_path / "a.tone").model.state_dict()
    assert all(torch.equal(value, mine[name]) for name, value in got.items())


def test_no_two_threads_of_torch_are_left_behind(recordings, unbroken):
    before = torch.get_num_threads()
    learn(recordings, dataclasses.replace(PLAN, budget=Budget(steps=1)))
    assert torch.get_num_threads() == before
