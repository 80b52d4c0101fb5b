"""tonewright instrument: from recordings to a file that plays, and every mistake in one sentence."""

import os
import signal

import numpy as np
import pytest

from tests.audio.tones import RATE
from tests.audio.tones import melody as tune
from tests.cli.helpers import Terminal
from tests.training.toys import interruptible
from tonewright import storage
from tonewright.audio import files
from tonewright.builtin.plucked import plucked_notes
from tonewright.cli import run
from tonewright.models.ddsp.config import PRESETS, RATES_HZ
from tonewright.training import loop

SETTINGS = ("units=8", "harmonics=12", "bands=9", "batch=2", "crop_s=0.4")
FAST = ("--preset", "tiny", "--threads", "1", "--no-page")
SMALL = (*FAST, *(word for one in SETTINGS for word in ("--setting", one)))
LEARN = ("instrument", "recordings", "-o", "string.tone", "--steps", "3", *SMALL)


@pytest.fixture
def terminal(tmp_path, capsys, monkeypatch):
    """In a folder with a recording of ten notes."""
    monkeypatch.chdir(tmp_path)
    os.makedirs("recordings")
    sound, *_ = plucked_notes(10, RATE, 160, seconds=0.9)
    files.write("recordings/notes.wav", 0.3 * sound, RATE)
    files.write("tune.wav", tune([330.0, 440.0]), RATE)
    return Terminal(tmp_path, capsys)


@pytest.fixture
def stopped(terminal, monkeypatch):
    """Runs a verb, with Ctrl-C in its second step."""
    step = loop._Run.step

    def counted(made):
        step(made)
        if made.progress.step == 2:
            signal.raise_signal(signal.SIGINT)

    def go(*arguments):
        with monkeypatch.context() as patched, interruptible():
            patched.setattr(loop._Run, "step", counted)
            return terminal(*arguments)

    return go


def test_it_learns_what_runs(terminal):
    said = terminal(*LEARN, "--listen", "tune.wav")
    assert said.code == 0 and not said.wrong, said
    assert said.out.startswith("string.tone: on what it never heard, spectral loss ")
    for words in (
        "hearing recordings: 100 %",
        "recordings: 0:09 of 0:09 minutes have a pitch; it goes from ",
    ):
        assert words in said.err
    assert "learning string: 100 %   0:00 left   spectral loss " in said.err
    assert sorted(os.listdir()) == ["recordings", "string.listen", "string.tone", "tune.wav"]
    assert sorted(os.listdir("string.listen")) == ["000001.wav", "000002.wav", "000003.wav"]
    tone = storage.load("string.tone")
    assert tone.architecture == "ddsp" and tone.sample_rate == RATE and tone.provenance["steps"] == "3"
    assert tone.model.config.units == 8 and "loudness_high_db" in tone.levels
    assert terminal("run", "string.tone", "tune.wav", "-o", "out.wav").code == 0
    y, rate = files.read("out.wav")
    assert rate == RATE and np.isfinite(y).all() and np.abs(y).max() > 0
    assert terminal("inspect", "string.tone").code == 0


def test_it_learns_what_was_prepared(terminal):
    assert terminal("prepare", "recordings", "-o", "string.data").code in (0, 2)  # it warns that it is little
    said = terminal("instrument", "string.data", *LEARN[2:])
    assert said.code == 0, said
    terminal("instrument", "recordings/notes.wav", "-o", "other.tone", *LEARN[4:])
    a, b = (storage.load(name).model.state_dict() for name in ("string.tone", "other.tone"))
    assert all(np.array_equal(a[key], b[key]) for key in a)


def test_ctrl_c_keeps_the_best_and_resume_goes_on(terminal, stopped):
    said = stopped(*LEARN)
    assert said.code == 130 and "stopped early" in said.out and "--resume goes on" in said.out
    assert storage.load("string.tone").provenance["steps"] == "2" and os.path.exists("string.checkpoint")
    assert "add --resume to go on or --restart" in terminal.refuses(*LEARN)
    no_budget = [word for word in LEARN if word not in ("--steps", "3")]
    assert "was begun with --steps 3" in terminal.refuses(*no_budget, "--steps", "4", "--resume")
    assert terminal(*no_budget, "--resume").code == 0
    assert not os.path.exists("string.checkpoint")
    resumed = storage.load("string.tone").model.state_dict()
    assert terminal(*LEARN).code == 0
    whole = storage.load("string.tone").model.state_dict()
    assert all(np.array_equal(resumed[key], whole[key]) for key in whole)
    stopped(*LEARN)
    assert terminal(*LEARN, "--seed", "5", "--restart").code == 0
    assert storage.load("string.tone").provenance["seed"] == "5" and not os.path.exists("string.checkpoint")


def test_it_explains_itself(capsys):
    assert run(["instrument", "--help"]) == 0
    shown = capsys.readouterr().out
    for option in (
        "--preset",
        "--sample-rate",
        "--minutes",
        "--listen",
        "--resume",
        "--restart",
        "--setting",
    ):
        assert option in shown


def test_the_presets_and_rates_that_there_are_are_named(capsys):
    run(["instrument", "--help"])
    words = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert all(name in words for name in PRESETS) and all(str(rate) in words for rate in RATES_HZ)


@pytest.mark.parametrize(
    "more,words",
    [
        (("--preset", "tinny"), "did you mean 'tiny'"),
        (("--setting", "unit=8"), "did you mean 'units'"),
        (("--setting", "units"), "a setting is written name=value"),
        (("--setting", "units=1000000"), "units is 4 to 1024"),
        (("--setting", "crop_s=nan"), "crop_s"),
        (("--sample-rate", "22051"), "the sample rate of an instrument is one of 16000"),
        (("--sample-rate", "high"), "high"),
        (("--minutes", "3"), "one of the two"),
        (("--steps", "0"), "more than nothing"),
        (("--steps", "many"), "many"),
        (("--seed", "-1"), "--seed is a number of 0 or more"),
        (("--seed", "99999999999999999999"), "--seed"),
        (("--threads", "0"), "--threads is 1 or more"),
        (("--resume",), "no unfinished training at string.checkpoint; leave --resume out"),
        (("--resume", "--restart"), "one of the two"),
        (("--listen", "nowhere.wav"), "there is no file nowhere.wav"),
        (("-o", "string.wav"), "write -o string.tone"),
        (("-o", "nowhere/string.tone"), "nowhere"),
        (("--colour", "red"), "--colour"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else " ".join(value)[:40],
)
def test_a_wrong_option(terminal, more, words):
    usual = {"-o": "string.tone", "--steps": "3", "--preset": "tiny", "--threads": "1"}
    kept = [word for pair in usual.items() if pair[0] not in more for word in pair]
    assert words in terminal.refuses("instrument", "recordings", *kept, "--no-page", *more)


def test_recordings_that_are_none(terminal):
    os.makedirs("empty")
    files.write("silent.wav", np.zeros(10 * RATE), RATE)
    files.write("rumble.wav", 0.3 * np.sin(2 * np.pi * 20 / RATE * np.arange(10 * RATE)), RATE)
    files.write("little.wav", tune([220.0, 330.0] * 4), RATE)
    for name, words in {
        "nowhere": "there is no file or folder nowhere",
        "empty": "holds no sound file",
        "silent.wav": "silent.wav is silent",
        "rumble.wav": "no pitch was heard",
        "little.wav": "little has 2.0 s, and an instrument is learned from 8 s at least",
    }.items():
        assert words in terminal.refuses("instrument", name, *LEARN[2:])
