"""Every verb does what it says."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tests.cli.helpers import put_pair
from tests.shared import SHARED, needs_shared
from tonewright import models, storage
from tonewright.audio import files
from tonewright.builtin import phrase
from tonewright.runtime.player import load

SHORT = ("--preset", "tiny", "--steps", "3", "--threads", "1", "--no-page")
LEARN = ("capture", "dry.wav", "wet.wav", "-o", "b.tone", *SHORT)


def test_capture_writes_a_model_and_cleans_up(tonewright):
    said = tonewright(*LEARN)
    assert said.code == 0 and "b.tone: ESR " in said.out and "100 %" in said.err and not said.wrong
    assert sorted(os.listdir()) == ["a.tone", "b.tone", "dry.wav", "knobs.tone", "wet.wav"]
    tone = storage.load("b.tone")
    assert tone.sample_rate == 48000 and tone.provenance["steps"] == "3" and len(tone.history) == 3
    assert tone.metrics["esr"] > 0 and np.isfinite(tone.levels["loudness_db"])


def test_the_same_seed_is_the_same_model(tonewright):
    for name in ("b", "c"):
        assert tonewright("capture", "dry.wav", "wet.wav", "-o", f"{name}.tone", *SHORT).code == 0
    b, c = (storage.load(name).model.state_dict() for name in ("b.tone", "c.tone"))
    assert all(np.array_equal(b[key], c[key]) for key in b)


def test_capture_and_report_write_a_page(tonewright):
    assert tonewright(*LEARN[:-1]).code == 0
    said = tonewright("report", "b.tone", "dry.wav", "wet.wav", "-o", "page.html")
    assert said.code == 0 and "page.html: ESR " in said.out
    for page in ("b.html", "page.html"):
        with open(page) as file:
            assert "b.tone" in file.read()


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 96000])
def test_capture_at_any_rate(tonewright, rate):
    put_pair(tonewright.folder, rate=rate, name=str(rate))
    said = tonewright("capture", f"dry{rate}.wav", f"wet{rate}.wav", "-o", "b.tone", *SHORT)
    assert said.code == 0, said.err
    assert storage.load("b.tone").sample_rate == rate


def test_capture_of_knobs(tonewright):
    for i, drive in enumerate((1.0, 4.0)):
        put_pair(tonewright.folder, drive=drive, name=str(i))
    with open("session.csv", "w") as file:
        file.write("wet,dry,drive,mask\nwet0.wav,dry0.wav,0,\nwet1.wav,dry1.wav,1.0,0-0.5\n")
    said = tonewright("capture", "--knobs", "session.csv", "-o", "b.tone", *SHORT)
    assert said.code == 0, said.err
    assert [port.name for port in load("b.tone").model.ports] == ["drive"]


def test_a_batch_goes_on_after_a_failure(tonewright):
    put_pair(tonewright.folder, name="2")
    files.write("short.wav", phrase(0.5), 48000)
    with open("batch.csv", "w") as file:
        file.write("dry,wet,name\ndry.wav,wet.wav,one\ndry.wav,short.wav,two\nno.wav,wet.wav,three\n")
        file.write("dry2.wav,wet2.wav,\n")
    said = tonewright("capture", "--batch", "batch.csv", "-o", "models", *SHORT)
    assert said.code == 2 and "2 of 4 devices learned" in said.out
    assert "two failed: " in said.err and "three failed: there is no file no.wav" in said.err
    assert sorted(os.listdir("models")) == ["one.tone", "wet2.tone"]
    said = tonewright("capture", "--batch", "batch.csv", "-o", "models", *SHORT, "--resume")
    assert "one.tone is there already" in said.out and "2 of 4" in said.out


def test_ctrl_c_keeps_the_best_and_resume_goes_on(tonewright, stopped):
    said = stopped(*LEARN)
    assert said.code == 130 and "stopped early" in said.out
    assert storage.load("b.tone").provenance["steps"] == "2" and os.path.exists("b.checkpoint")
    assert "add --resume to go on or --restart" in tonewright.refuses(*LEARN)
    no_budget = [word for word in LEARN if word not in ("--steps", "3")]
    assert "was begun with --steps 3" in tonewright.refuses(*no_budget, "--steps", "4", "--resume")
    assert tonewright(*no_budget, "--resume").code == 0
    assert not os.path.exists("b.checkpoint")
    whole = storage.load("b.tone").model.state_dict()
    assert tonewright(*LEARN).code == 0
    assert all(np.array_equal(whole[k], v) for k, v in storage.load("b.tone").model.state_dict().items())


def test_restart_begins_again(tonewright, stopped):
    stopped(*LEARN)
    assert tonewright(*LEARN, "--seed", "5", "--restart").code == 0
    assert storage.load("b.tone").provenance["seed"] == "5" and not os.path.exists("b.checkpoint")


def test_a_batch_stopped_by_ctrl_c_is_taken_up_where_it_was(tonewright, stopped):
    with open("batch.csv", "w") as file:
        file.write("dry,wet,name\ndry.wav,wet.wav,one\ndry.wav,wet.wav,two\n")
    batch = ("capture", "--batch", "batch.csv", "-o", "models", *SHORT)
    assert stopped(*batch).code == 130
    assert sorted(os.listdir("models")) == ["one.checkpoint", "one.tone"]
    assert tonewright(*batch, "--resume").code == 0
    assert sorted(os.listdir("models")) == ["one.tone", "two.tone"]
    assert storage.load("models/one.tone").provenance["steps"] == "3"


def test_another_mask_is_another_training(tonewright, stopped):
    stopped(*LEARN)
    assert "other recordings" in tonewright.refuses(*LEARN, "--resume", "--mask", "0-0.5")


def test_run_lines_up(tonewright):
    said = tonewright(
        "run", "knobs.tone", "dry.wav", "-o", "out.wav", "--knob", "drive=0.7", "--knob", "tone=0"
    )
    assert said.code == 0 and "out.wav: dry.wav through knobs.tone" in said.out
    x, _ = files.read("dry.wav")
    wanted = load("knobs.tone").render(x, drive=0.7, tone=0.0)
    np.testing.assert_allclose(files.read("out.wav")[0], wanted, rtol=1e-5, atol=1e-7)


def test_run_resamples_and_says_what_was_clipped(tonewright):
    files.write("guitar.wav", phrase(1.0, 44100), 44100)
    tone = storage.load("a.tone")
    tone.model.head_scale.fill_(100.0)
    storage.save(tone, "loud.tone")
    said = tonewright("run", "loud.tone", "guitar.wav", "-o", "out.flac", "--resample")
    assert said.code == 0 and "too loud for .flac and were clipped" in said.err
    assert files.info("out.flac").sample_rate == 44100 and files.info("out.flac").frames == 44100


def test_check_says_what_it_found(tonewright):
    said = tonewright("check", "dry.wav", "wet.wav")
    assert said.code == 0 and "3.0 s in common at 48000 Hz" in said.out and "is fit to learn from" in said.out
    files.write("silent.wav", np.zeros(100_000), 48000)
    said = tonewright("check", "dry.wav", "silent.wav")
    assert said.code == 2 and "error: the wet side is silent" in said.out and "is not fit" in said.out


def test_inspect_tells_and_checks(tonewright):
    said = tonewright("inspect", "knobs.tone")
    assert said.code == 0 and "drive (0 to 1), tone (0 to 1)" in said.out and "0.0e+00" in said.out


def test_inspect_lists_the_settings_of_a_chain(tonewright):
    assert "Settings" not in tonewright("inspect", "a.tone").out.splitlines()
    kind = models.find("chain")
    chain = kind.Model(kind.Config(kind.spoken("gain,compressor,response[5000]"))).eval()
    chain.set({"compressor.ratio": 3.5})
    storage.save(storage.Tone("chain", chain, 44100, metrics={"sure.compressor.ratio": 0.25}), "b.tone")
    said = tonewright("inspect", "b.tone")
    lines = [line.split() for line in said.out.partition("Settings\n")[2].splitlines()]
    assert (
        said.code == 0 and ["ratio", "3.50", "±", "0.25"] in lines and lines[0] == ["gain", "gain", "0", "dB"]
    )
    assert lines[-1][:4] == ["response", "taps", "5,000", "samples"]


def test_inspect_of_an_error_that_is_no_number(tonewright):
    tone = storage.load("a.tone")
    tone.metrics["esr"] = float("inf")
    storage.save(tone, "b.tone")
    assert tonewright("inspect", "b.tone").code == 0


def test_demo(tonewright, monkeypatch):
    monkeypatch.setattr("tonewright.cli.demo.SECONDS", 3.0)
    said = tonewright("demo", "shown", "--minutes", "0.001", "--preset", "tiny")
    assert said.code == 0, said.err
    assert sorted(os.listdir("shown")) == [
        "dry.wav", "guitar.wav", "out.wav", "pedal.html", "pedal.tone", "wet.wav"
    ]  # fmt: skip


def test_help_and_version(tonewright):
    assert "capture" in tonewright("--help").out and "0." in tonewright("--version").out
    for verb in ("capture", "run", "check", "report", "inspect", "demo"):
        assert tonewright(verb, "--help").code == 0
    assert tonewright().code == 0


def test_the_verb_run_does_not_hide_the_function():
    code = "import tonewright.cli.app; from tonewright.cli import run; print(callable(run))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


@needs_shared
def test_a_nam_file_is_played_like_any_model(tonewright):
    folder = SHARED / "golden/nam"
    assert tonewright("run", folder / "lstm-1x16.nam", folder / "input.wav", "-o", "y.wav").code == 0
    got, expected = (files.read(path)[0] for path in ("y.wav", folder / "lstm-1x16.wav"))
    assert np.abs(got - expected).max() < 1e-4  # 16 bits hold no more
    assert "lstm" in tonewright("inspect", folder / "lstm-1x16.nam").out
