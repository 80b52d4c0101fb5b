"""Software is captured from a folder of sounds; what a person can do wrong on the way is one sentence."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.training.toys import ROOT, alive, host
from tonewright import storage
from tonewright.audio import files
from tonewright.builtin import phrase

SHORT = ("--preset", "tiny", "--steps", "3", "--threads", "1", "--no-page")
PLAYED = ("b.dry.wav", "b.tone", "b.wet.wav")


@pytest.fixture
def music(tonewright):
    """A folder of sounds beside the recordings."""
    os.mkdir("music")
    for seed in range(2):
        files.write(f"music/{seed}.flac", phrase(5.0, 32000, seed), 32000)
    return set(os.listdir())


@pytest.fixture
def through(tonewright, music):
    """capture music --through a command; `through.words` are its words."""

    def words(command=None, *more, sounds="music"):
        seconds = () if "--seconds" in more else ("--seconds", "4")
        through = () if command is None else ("--through", command)
        return ("capture", sounds, *through, *seconds, "-o", "b.tone", *SHORT, *more)

    def run(*arguments, **more):
        return tonewright(*words(*arguments, **more))

    run.words = words
    run.refuses = lambda *arguments, **more: tonewright.refuses(*words(*arguments, **more))
    return run


def test_a_command_is_captured_and_both_sides_are_kept(through, music, tonewright):
    said = through(host())
    assert said.code == 0 and "b.tone: ESR " in said.out and not said.wrong
    assert "sounds: 4 s at 32000 Hz, slices of 2 sound files (10 s)" in said.err
    assert set(os.listdir()) - music == set(PLAYED)
    (dry,), rate = files.read("b.dry.wav")
    assert rate == 32000 and len(dry) == 128000
    assert np.allclose(files.read("b.wet.wav")[0], np.tanh(5 * dry), atol=1e-6)
    assert (
        storage.load("b.tone").provenance["wet"].startswith("slices of 2 sound files, through the command '")
    )
    assert tonewright("check", "b.dry.wav", "b.wet.wav").code == 0
    assert "through the command" in tonewright("inspect", "b.tone").out


def test_the_page_tells_how_it_was_made(through, tonewright):
    assert tonewright(*(word for word in through.words(host()) if word != "--no-page")).code == 0
    assert "through the command" in Path("b.html").read_text()


def test_the_same_again_is_the_same(through):
    assert through(host()).code == 0
    first = {name: Path(name).read_bytes() for name in PLAYED[::2]}
    assert through(host()).code == 0
    assert {name: Path(name).read_bytes() for name in PLAYED[::2]} == first
    assert through(host(), "--seed", "3").code == 0
    assert Path("b.dry.wav").read_bytes() != first["b.dry.wav"]


def test_one_file_at_a_rate_with_a_known_latency(through):
    late = host("y = np.tanh(5 * np.concatenate([np.zeros(100), x]))")
    said = through(late, "--at-rate", "16000", "--latency", "90", sounds="dry.wav")
    assert said.code == 0 and "lined up by 90 samples" in said.err
    assert storage.load("b.tone").sample_rate == 16000


def test_the_latency_of_a_command_is_found(through):
    said = through(host("y = np.tanh(5 * np.concatenate([np.zeros(77), x]))"))
    assert said.code == 0 and "lined up by 77 samples" in said.err


def test_sounds_that_cannot_be_read_are_told(through):
    Path("music/a.m4a").write_bytes(b"no")
    said = through(host())
    assert said.code == 0 and "left out: music/a.m4a is damaged or not a sound file" in said.err


def test_a_device_that_does_nothing_is_told_and_can_be_heard(through, music):
    said = through("cp {in} {out}")
    assert said.code == 2 and len(said.wrong) == 1
    assert "b.wet.wav: error: the wet side is the dry side" in said.err
    assert set(os.listdir()) - music == {"b.dry.wav", "b.wet.wav"}


@pytest.mark.parametrize(
    "command,words",
    [
        (
            "cp {in} b.wav",
            "--through has no {out} in the command 'cp {in} b.wav'; write the command with {in} where",
        ),
        ("nonesuch {in} {out}", "ended with exit code 127 .it said: .*not found"),
        ("echo 'no licence' >&2; exit 3; : {in} {out}", "ended with exit code 3 .it said: no licence"),
        ("true {in} {out}", "ended well and wrote no file {out}; write the command with"),
        ("echo hello > {out}; : {in}", "cannot be learned from: it is damaged or not a sound file"),
        (host("y, rate = x, 44100"), "was given 32000 Hz and wrote 44100 Hz"),
        (host("y = np.stack([x, 2 * x], 1)"), "the command wrote 2 different channels"),
        (host("y = x[:9]"), "the command wrote 9 samples for the 128000 that it got"),
        (host("y = 0 * x"), "the command wrote silence; see that the device is on"),
    ],
    ids=lambda value: value[-40:],
)
def test_a_command_that_does_not_do(through, command, words):
    assert re.search(words, through.refuses(command))


@pytest.mark.parametrize(
    "more,words",
    [
        (("--mask", "0-1"), "--mask leaves out what a recording has too much"),
        (("wet.wav",), "--through makes the wet side itself"),
        (("--knobs", "session.csv"), "--through makes the wet side itself"),
        (("--batch", "batch.csv"), "--through makes the wet side itself"),
        (("--seconds", "2"), "--seconds goes from 3 to 3600, and not to 2"),
        (("--seconds", "-1"), "--seconds goes from 3 to 3600, and not to -1"),
        (("--seconds", "nan"), "--seconds goes from 3 to 3600, and not to nan"),
        (("--seconds", "1e9"), "--seconds goes from 3 to 3600, and not to 1e.09"),
        (("--seconds", "long"), "long"),
        (("--at-rate", "100"), "--at-rate goes from 8000 to 384000, and not to 100"),
        (("--at-rate", "44.1"), "not to 44"),
        (("--resume",), "no unfinished training at b.checkpoint; leave --resume out"),
        (("--resume", "--restart"), "one of the two"),
    ],
    ids=" ".join,
)
def test_a_wrong_option(through, more, words):
    assert re.search(words, through.refuses("cp {in} {out}", *more))


def test_a_wrong_preset_is_told_before_anything_is_played(through, tonewright):
    words = through.words(f"echo played >> played; {host()}")
    assert "did you mean 'nano'" in tonewright.refuses(
        *("nnao" if word == "tiny" else word for word in words)
    )


def test_sounds_that_are_none(through):
    assert "there is no file or folder nowhere; name a folder of sounds" in through.refuses(
        "cp {in} {out}", sounds="nowhere"
    )
    os.mkdir("empty")
    assert "empty holds no sound file that can be read" in through.refuses("cp {in} {out}", sounds="empty")
    files.write("silent.wav", np.zeros(100000), 32000)
    assert "silent.wav in a row were silent" in through.refuses("cp {in} {out}", sounds="silent.wav")
    assert "a.tone is damaged or not a sound" in through.refuses("cp {in} {out}", sounds="a.tone")


def test_options_that_are_of_no_use_without_a_command(tonewright, music):
    for more in (("--seconds", "10"), ("--at-rate", "48000")):
        told = tonewright.refuses("capture", "dry.wav", "wet.wav", *more, "-o", "b.tone", *SHORT)
        assert "--seconds and --at-rate are of what is played --through a command" in told
    told = tonewright.refuses("capture", "music", "-o", "b.tone", *SHORT)
    assert "or a folder of sounds --through a command" in told
    told = tonewright.refuses("capture", "--through", "cp {in} {out}", "-o", "b.tone", *SHORT)
    assert "--through makes the wet side itself, of a folder of sounds" in told


def test_a_recording_of_somebody_is_left_alone(through):
    os.rename("wet.wav", "b.wet.wav")
    assert "b.wet.wav is there and was not made by tonewright" in through.refuses(host())


def test_resume_goes_on_with_the_same_samples_and_plays_nothing(through, stopped, tonewright):
    once = f"echo played >> played; {host()}"
    assert stopped(*through.words(once)).code == 130
    kept = {name: Path(name).read_bytes() for name in PLAYED[::2]}
    assert "add --resume to go on or --restart" in through.refuses(once)
    assert "and not by the command 'cp {in} {out}'" in through.refuses("cp {in} {out}", "--resume")
    assert "of 4 s, and not" in through.refuses(once, "--resume", "--seconds", "5")
    os.rename("music", "gone")
    assert through(once, "--resume").code == 0
    assert {name: Path(name).read_bytes() for name in PLAYED[::2]} == kept
    assert Path("played").read_text() == "played\n" and not os.path.exists("b.checkpoint")
    resumed = storage.load("b.tone")
    os.rename("gone", "music")
    assert through(once).code == 0
    whole = storage.load("b.tone")
    assert resumed.provenance == whole.provenance
    weights = whole.model.state_dict()
    assert all(np.array_equal(value, weights[key]) for key, value in resumed.model.state_dict().items())


def test_restart_plays_anew(through, stopped):
    stopped(*through.words(host()))
    before = Path("b.wet.wav").read_bytes()
    assert through(host("y = np.tanh(2 * x)"), "--restart").code == 0
    assert Path("b.wet.wav").read_bytes() != before and not os.path.exists("b.checkpoint")


def test_samples_that_were_changed_are_another_training(through, stopped):
    stopped(*through.words(host()))
    (wet,), rate = files.read("b.wet.wav")
    files.write("b.wet.wav", 0.5 * wet, rate, files.info("b.wet.wav").comment)
    assert "is the training of another model or other recordings" in through.refuses(host(), "--resume")


def test_ctrl_c_while_the_command_plays(tonewright, music, tmp_path, monkeypatch):
    os.mkdir("temporary")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    template = "sleep 60 & echo $$ $! > ids.new; mv ids.new ids; wait; : {in} {out}"
    child = subprocess.Popen(
        [sys.executable, "-m", "tonewright", "capture", "music", "--through", template, "-o", "b.tone"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not os.path.exists("ids"):
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate()
    assert child.returncode == 130 and told.endswith("tonewright: stopped\n") and "Traceback" not in told
    deadline = time.monotonic() + 5
    processes = [int(word) for word in Path("ids").read_text().split()]
    while any(alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(alive(process) for process in processes)
    assert os.listdir("temporary") == [] and set(os.listdir()) - music == {"ids", "temporary"}


def test_names_with_blanks_and_quotes(through, tonewright, music):
    folder = 'her "best" music & it\'s loud'
    os.rename("music", folder)
    os.mkdir("a b")
    words = list(through.words(host(), sounds=folder))
    words[words.index("b.tone")] = "a b/it's.tone"
    assert tonewright(*words).code == 0
    assert sorted(os.listdir("a b")) == ["it's.dry.wav", "it's.tone", "it's.wet.wav"]
