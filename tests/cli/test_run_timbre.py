"""tonewright run and inspect on a timbre: rates, stereo, latents, fidelity, and every mistake in one sentence."""

import numpy as np
import pytest

from tests.cli.helpers import Terminal, put_tone
from tests.runtime.timbres import tone
from tonewright import storage
from tonewright.audio import files
from tonewright.builtin import phrase
from tonewright.runtime.player import load


@pytest.fixture
def terminal(tmp_path, capsys, monkeypatch):
    """In a folder with a timbre at 16 kHz that was never taught, and a stereo sound."""
    monkeypatch.chdir(tmp_path)
    storage.save(tone(), "drums.tone")
    guitar = phrase(1.0, 44100)
    files.write("stereo.wav", np.stack([guitar, 0.5 * guitar[::-1]]), 44100)
    files.write("mono.wav", phrase(1.0, 32000)[::2], 16000)
    return Terminal(tmp_path, capsys)


def played(terminal, *more):
    said = terminal("run", "drums.tone", "mono.wav", "-o", "out.wav", *more)
    assert said.code == 0, said
    return files.read("out.wav")[0][0]


def test_any_sound_at_any_rate_is_played_channel_by_channel(terminal):
    said = terminal("run", "drums.tone", "stereo.wav", "-o", "out.wav")
    assert said.code == 0 and said.out.startswith("out.wav: stereo.wav through drums.tone, played by ")
    assert "stereo.wav: it has 44100 Hz and the timbre plays at 16000 Hz; converted and back" in said.err
    y, rate = files.read("out.wav")
    x, _ = files.read("stereo.wav")
    assert rate == 44100 and y.shape == x.shape and np.isfinite(y).all()
    files.write("right.wav", x[1], 44100)
    terminal("run", "drums.tone", "right.wav", "-o", "alone.wav")
    assert np.array_equal(files.read("alone.wav")[0][0], y[1])


def test_it_lines_up_and_says_nothing_at_its_own_rate(terminal):
    y, player = played(terminal), load("drums.tone")
    x = files.read("mono.wav")[0][0]
    assert np.allclose(y, player.render(np.pad(x, (0, player.latency)))[player.latency :], atol=1e-6)
    assert "converted" not in terminal("run", "drums.tone", "mono.wav", "-o", "out.wav").err


def test_latents_are_moved_and_left_out(terminal):
    plain, moved = played(terminal), played(terminal, "--latent", "0=+1.5", "--latent", "latent_1=-1")
    assert np.abs(plain - moved).max() > 1e-3
    assert np.array_equal(moved, played(terminal, "--knob", "latent_0=1.5", "--knob", "latent_1=-1"))
    assert np.allclose(plain, played(terminal, "--fidelity", "1"), atol=1e-5)
    few = played(terminal, "--fidelity", "0.5")
    assert np.abs(plain - few).max() > 1e-3
    assert np.array_equal(few, played(terminal, "--set", "latent.fidelity=0.5"))


@pytest.mark.parametrize(
    "more,words",
    [
        (("--latent", "7=1"), "the latents that can be moved are 0 to 2, and not '7'"),
        (("--latent", "first=1"), "the latents that can be moved are 0 to 2, and not 'first'"),
        (("--latent", "0=9"), "'latent_0' goes from -4 to 4, and not to 9"),
        (("--latent", "0"), "a latent is set as name=number, such as 0=+1.5, and not as '0'"),
        (("--latent", "0=nan"), "a latent is set as name=number"),
        (("--fidelity", "0"), "latent.fidelity is a share above 0 up to 1, and not 0"),
        (("--fidelity", "1.5"), "latent.fidelity is a share above 0 up to 1, and not 1.5"),
        (("--fidelity", "high"), "high"),
        (("--knob", "drive=1"), "no control called 'drive'"),
        (("--set", "latent.colour=1"), "a timbre has one setting, latent.fidelity, and no 'latent.colour'"),
        (("--transpose", "3"), "--transpose is for an instrument, and drums.tone is none (rave)"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else " ".join(value)[:40],
)
def test_a_wrong_option(terminal, more, words):
    assert words in terminal.refuses("run", "drums.tone", "mono.wav", "-o", "out.wav", *more)


def test_other_models_have_no_latents(terminal, tmp_path):
    put_tone(tmp_path / "amp.tone", rate=16000)
    for more in (("--latent", "0=1"), ("--fidelity", "0"), ("--fidelity", "0.9")):
        words = terminal.refuses("run", "amp.tone", "mono.wav", "-o", "out.wav", *more)
        assert f"{more[0]} is for a timbre, and amp.tone is none (wavenet); leave it out" in words


def test_a_sound_that_is_none(terminal):
    assert "there is no file nowhere.wav" in terminal.refuses(
        "run", "drums.tone", "nowhere.wav", "-o", "out.wav"
    )


def test_it_is_told_how_late_it_is_and_what_its_latents_are(terminal):
    said = terminal("inspect", "drums.tone")
    assert said.code == 0, said
    lines = {line.split("  ")[0]: line for line in said.out.splitlines()}
    model = load("drums.tone").model
    ms = 1000 / 16000
    assert lines["Latency"].endswith(
        f"{model.latency + 63} samples ({ms * (model.latency + 63):.1f} ms): {model.latency} "
        f"({ms * model.latency:.1f} ms) of the model, and 63 ({ms * 63:.1f} ms) until a frame is full"
    )
    assert lines["Latents"].endswith("8, 250 times a second; 8 are played, and 3 are knobs")
    assert lines["latent_0"].endswith("loudness (r = 0.93)")
    assert lines["Spectral distance, held out"].endswith("3.00, 5.00 at half-way, 20.00 before")
    assert lines["latent"].split()[1:3] == ["fidelity", "1"]


def test_no_pair_is_compared_with_it(terminal):
    words = terminal.refuses("report", "drums.tone", "mono.wav", "mono.wav", "-o", "page.html")
    assert (
        "this is a timbre, which no device answers to; its own page is written by 'tonewright timbre'"
        in words
    )
