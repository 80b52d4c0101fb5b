"""tonewright timbre: from sounds to a file that plays, and every mistake in one sentence."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.cli.helpers import Terminal
from tests.cli.test_instrument import stopped  # noqa: F401 (a fixture)
from tests.training.timbres import OPTIONS, RATE, put_sounds
from tonewright import storage
from tonewright.audio import files
from tonewright.cli import run
from tonewright.models.rave import PRESETS

USUAL = ("--threads", "1", "--device", "cpu", *OPTIONS)
LEARN = ("timbre", "strings", "-o", "string.tone", "--sample-rate", RATE, "--steps", "3", *USUAL)


@pytest.fixture
def terminal(tmp_path, capsys, monkeypatch):
    """In a folder with a recording of twelve notes."""
    monkeypatch.chdir(tmp_path)
    put_sounds(tmp_path / "strings")
    return Terminal(tmp_path, capsys)


def test_it_learns_what_runs(terminal):
    said = terminal(*LEARN)
    assert said.code == 0 and not said.wrong, said
    assert said.out.startswith("string.tone: on what it never heard, spectral distance ")
    assert (
        "; silence has " in said.out
        and "before it was taught it had " in said.out
        and ", half-way " in said.out
        and "latent_0: " in said.out
    )
    assert "reading strings: 100 %" in said.err and "strings: 0:11 of sound at 16000 Hz" in said.err
    assert "phase 2 from step 2 on: 67 % of the 3 steps are done" in said.err
    assert "learning string: 100 %   0:00 left   spectral distance " in said.err
    assert "   phase 2, " in said.err and " of 8 dimensions in use" in said.err
    assert sorted(os.listdir()) == ["string.html", "string.listen", "string.tone", "strings"]
    assert sorted(os.listdir("string.listen"))[::3] == ["0000001.wav", "original.wav"]
    tone = storage.load("string.tone")
    assert tone.architecture == "rave" and tone.sample_rate == RATE and tone.provenance["steps"] == "3"
    assert "<html" in Path("string.html").read_text(encoding="utf-8")
    assert terminal("run", "string.tone", "strings/notes.wav", "-o", "out.wav").code == 0
    y, rate = files.read("out.wav")
    assert rate == RATE and np.isfinite(y).all() and np.abs(y).max() > 0


def test_it_learns_what_was_prepared_at_its_rate(terminal):
    prepare = ("prepare", "strings", "--for", "timbre", "-o", "strings.data", "--sample-rate", RATE)
    assert terminal(*prepare).code == 0
    said = terminal("timbre", "strings.data", "-o", "a.tone", "--steps", "1", "--no-page", *USUAL)
    assert said.code == 0, said
    terminal("timbre", "strings", "-o", "b.tone", "--steps", "1", "--no-page", "--sample-rate", RATE, *USUAL)
    a, b = (storage.load(name).model.state_dict() for name in ("a.tone", "b.tone"))
    assert all(np.array_equal(a[key], b[key]) for key in a)
    words = terminal.refuses(
        "timbre", "strings.data", "-o", "c.tone", "--steps", "1", "--sample-rate", "48000", *USUAL
    )
    assert "prepared at 16000 Hz and the model wants 48000 Hz" in words


def test_ctrl_c_keeps_what_was_learned_and_resume_goes_on(terminal, stopped):  # noqa: F811
    learn = (*LEARN, "--no-page")
    said = stopped(*learn)
    assert said.code == 130 and "stopped early" in said.out and "--resume goes on" in said.out
    assert storage.load("string.tone").provenance["steps"] == "2" and os.path.exists("string.checkpoint")
    assert "add --resume to go on or --restart" in terminal.refuses(*learn)
    no_budget = [word for word in learn if word not in ("--steps", "3")]
    assert "was begun with --steps 3" in terminal.refuses(*no_budget, "--steps", "4", "--resume")
    assert terminal(*no_budget, "--resume").code == 0
    assert not os.path.exists("string.checkpoint")
    resumed = storage.load("string.tone").model.state_dict()
    assert terminal(*learn).code == 0
    whole = storage.load("string.tone").model.state_dict()
    assert all(np.array_equal(resumed[key], whole[key]) for key in whole)
    stopped(*learn)
    assert terminal(*learn, "--seed", "5", "--restart").code == 0
    assert storage.load("string.tone").provenance["seed"] == "5" and not os.path.exists("string.checkpoint")


def test_the_presets_that_there_are_are_named(capsys):
    assert run(["timbre", "--help"]) == 0
    words = " ".join(capsys.readouterr().out.replace("│", " ").split())
    options = ("--no-latency", "--sample-rate", "--minutes", "--device", "--listen", "--resume", "--setting")
    assert all(name in words for name in (*PRESETS, *options))


@pytest.mark.parametrize(
    "more,words",
    [
        (("--preset", "lively"), "did you mean 'live'"),
        (("--setting", "capacty=8"), "did you mean 'capacity'"),
        (("--setting", "capacity"), "a setting is written name=value"),
        (("--setting", "capacity=1000000"), "capacity is 1 to 512"),
        (("--setting", "ratios=[3]"), "the ratios multiply to an even number"),
        (("--setting", "beta=nan"), "beta"),
        (("--setting", "lookahead=2"), "lookahead is 0 (causal) to 1 (centred)"),
        (("--sample-rate", "100"), "sample_rate is 8000 to 192000 Hz"),
        (("--sample-rate", "high"), "high"),
        (("--minutes", "3"), "one of the two"),
        (("--steps", "0"), "more than nothing"),
        (("--seed", "-1"), "--seed is a number of 0 or more"),
        (("--threads", "0"), "--threads is 1 or more"),
        (("--device", "gpu"), "a timbre is taught on cpu or cuda, and not on 'gpu'"),
        (("--device", "cuda:99"), "there is no GPU cuda:99"),
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
    usual = {"-o": "string.tone", "--steps": "3", "--sample-rate": str(RATE), "--threads": "1"}
    kept = [word for pair in usual.items() if pair[0] not in more for word in pair]
    assert words in terminal.refuses("timbre", "strings", *kept, *OPTIONS, *more)


def test_sounds_that_are_none(terminal):
    os.makedirs("empty")
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE)
    files.write("silent.wav", np.zeros(10 * RATE), RATE)
    files.write("little.wav", noise, RATE)
    for name, words in {
        "nowhere": "there is no file or folder nowhere",
        "empty": "holds no sound file",
        "silent.wav": "silent",
        "little.wav": "record more, or add --setting crop=",
    }.items():
        assert words in terminal.refuses("timbre", name, *LEARN[2:])
