"""tonewright prepare: what is heard is kept, what is kept is not heard again, and mistakes are one sentence."""

import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from tests.audio.tones import RATE, melody, scale
from tests.cli.helpers import Terminal
from tests.training.toys import interruptible
from tonewright.audio import files, performances, preparing
from tonewright.audio.performances import open_performances


@pytest.fixture
def tonewright(tmp_path, capsys, monkeypatch):
    """A terminal in a folder with two recordings."""
    monkeypatch.chdir(tmp_path)
    os.makedirs("recordings/more")
    files.write("recordings/low.wav", melody(scale(196.0, 12)), RATE)
    files.write("recordings/more/high.flac", melody(scale(392.0, 12), rate=48000), 48000)
    return Terminal(tmp_path, capsys)


@pytest.fixture
def heard(monkeypatch):
    """The recordings that were listened to, not read from what was prepared."""
    names, perform = [], preparing.perform

    def counted(sound, *more):
        names.append(sound.path.name)
        return perform(sound, *more)

    monkeypatch.setattr(preparing, "perform", counted)
    return names


def prepare(tonewright, *more, folder="violin.data"):
    return tonewright("prepare", "recordings", "-o", folder, *more)


def test_it_reports_and_can_be_learned_from(tonewright):
    said = prepare(tonewright)
    assert said.code == 0, said
    first, *findings = said.out.splitlines()
    assert first.startswith("violin.data: 0:06 of 0:06 minutes have a pitch; it goes from G")
    assert any("the instrument will be poorer" in line for line in findings)
    assert "hearing 2 recordings: 100 %" in said.err
    kept, fresh = (open_performances(path, RATE, 160) for path in ("violin.data", "recordings"))
    assert [one.name for one in kept] == [one.name for one in fresh] == ["low", "high"]
    for a, b in zip(kept, fresh, strict=True):
        for row in ("sound", "f0_hz", "live_f0_hz", "voiced", "loudness_db"):
            assert np.array_equal(getattr(a, row), getattr(b, row))


def test_what_has_not_changed_is_not_heard_again(tonewright, heard):
    assert prepare(tonewright).code == 0 and heard == ["low.wav", "high.flac"]
    first = sorted(os.listdir("violin.data"))
    said = prepare(tonewright)
    assert said.code == 0 and len(heard) == 2 and sorted(os.listdir("violin.data")) == first
    files.write("recordings/low.wav", melody(scale(220.0, 12)), RATE)
    assert prepare(tonewright).code == 0 and heard[2:] == ["low.wav"]
    now = sorted(os.listdir("violin.data"))
    assert len(now) == 2 and now != first
    os.rename("recordings", "elsewhere")
    assert tonewright("prepare", "elsewhere", "-o", "violin.data").code == 0 and len(heard) == 3


def test_what_is_gone_and_what_is_there_twice_is_told(tonewright):
    prepare(tonewright)
    os.remove("recordings/low.wav")
    shutil.copy("recordings/more/high.flac", "recordings/more/same.flac")
    said = prepare(tonewright)
    assert said.code == 0
    assert "is of low.wav, which is not in recordings; remove it, or it is learned from too" in said.err
    assert "same.flac is the same recording as recordings/more/high.flac" in said.err


def test_a_model_of_another_rate_says_how(tonewright):
    assert prepare(tonewright, "--sample-rate", "44100", folder="high.data").code == 0
    (one, _) = open_performances("high.data", 44100, 441)
    assert (one.sample_rate, one.hop) == (44100, 441)
    prepare(tonewright)
    words = tonewright.refuses("prepare", "recordings", "-o", "violin.data", "--sample-rate", "44100")
    assert "violin.data was prepared at 16000 Hz" in words and "another -o" in words


def test_mistakes(tonewright):
    os.makedirs("empty")
    files.write("silent.wav", np.zeros(2 * RATE), RATE)
    files.write("short.wav", np.ones(100), RATE)
    (tonewright.folder / "file.data").write_text("mine")
    for words, sentence in {
        ("nowhere", "-o", "a.data"): "there is no file or folder nowhere",
        ("empty", "-o", "a.data"): "holds no sound file",
        ("silent.wav", "-o", "a.data"): "silent.wav is silent",
        ("short.wav", "-o", "a.data"): "0.01 s long",
        ("recordings", "-o", "violin"): "write -o violin.data",
        ("recordings", "-o", "violin.tone"): "write -o violin.data",
        ("recordings", "-o", "file.data"): "file.data is a file",
        ("recordings", "-o", "file.data/a.data"): "file.data",
        ("recordings",): "--output",
        ("recordings", "-o", "a.data", "--for", "drums"): "--for",
        ("recordings", "-o", "a.data", "--sample-rate", "22051"): "--sample-rate is a multiple of 100",
        ("recordings", "-o", "a.data", "--sample-rate", "0"): "--sample-rate is a multiple of 100",
        ("recordings", "-o", "a.data", "--sample-rate", "high"): "--sample-rate",
        ("recordings", "-o", "f" * 300 + ".data"): "",
    }.items():
        assert sentence in tonewright.refuses("prepare", *words), words
        assert not os.path.exists("a.data")


def test_nothing_to_learn(tonewright):
    noise = 0.1 * np.random.default_rng(0).standard_normal(5 * RATE)
    files.write("noise.wav", noise, RATE)
    said = tonewright("prepare", "noise.wav", "-o", "noise.data")
    if said.code == 2:  # what a tracker hears in noise is its own affair
        assert "no pitch was heard" in said.out


def test_a_damaged_folder(tonewright):
    prepare(tonewright)
    (path, *_) = sorted((tonewright.folder / "violin.data").iterdir())
    path.write_bytes(path.read_bytes()[:5])
    assert f"{path.name} is not a prepared recording" in tonewright.refuses(
        "prepare", "recordings", "-o", "violin.data"
    )
    path.unlink()
    assert prepare(tonewright).code == 0


def test_a_folder_that_may_not_be_written_to(tonewright):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    os.makedirs("violin.data")
    os.chmod("violin.data", 0o500)
    assert "does not allow it" in tonewright.refuses("prepare", "recordings", "-o", "violin.data")


def test_ctrl_c_keeps_what_was_heard(tonewright, heard, monkeypatch):
    track = performances.f0_track

    def second(*arguments):
        if len(heard) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return track(*arguments)

    with monkeypatch.context() as patched, interruptible():
        patched.setattr(performances, "f0_track", second)
        said = prepare(tonewright)
    assert said.code == 130 and "the same line goes on" in said.err
    (kept,) = os.listdir("violin.data")
    assert kept.startswith("low-")
    assert prepare(tonewright).code == 0 and heard == ["low.wav", "high.flac", "high.flac"]


FULL = """
import resource, sys
from tonewright.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
main(sys.argv[2:])
"""


def test_a_disk_that_is_full(tonewright):
    root = os.path.abspath(__file__).rsplit("/tests/", 1)[0]
    done = subprocess.run(
        [sys.executable, "-c", FULL, "20000", "prepare", "recordings", "-o", "violin.data"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([root, root + "/src"])},
    )
    wrong = [line for line in done.stderr.splitlines() if line.startswith("tonewright: ")]
    assert done.returncode == 2 and len(wrong) == 1 and "was not written" in wrong[0], done.stderr
    assert not os.path.exists("violin.data") and "Traceback" not in done.stderr
