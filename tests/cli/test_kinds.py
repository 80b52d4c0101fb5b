"""Captures that are no WaveNets: their presets and settings, and a loop that goes on from what it is given."""

import numpy as np
import pytest
import torch

from tests.runtime.test_native import needs_core
from tonewright import storage
from tonewright.audio import files
from tonewright.models.feedback import Config, Model
from tonewright.runtime.player import load

LEARN = ("capture", "dry.wav", "wet.wav", "-o", "b.tone", "--steps", "3", "--threads", "1", "--no-page")
LOOP = ("--model", "feedback", "--preset", "tiny", "--setting", "window=8", "--setting", "samples=256")


def put_loop(path, rate: int = 48000) -> None:
    torch.manual_seed(0)
    model = Model(Config(window=6, width=8, layers=1))
    storage.save(storage.Tone("feedback", model, rate), path)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        (("--model", "lstm", "--preset", "1x8"), {"hidden": 8, "cell": "lstm"}),
        (("--model", "lstm", "--setting", "hidden=3", "--setting", "cell=gru"), {"hidden": 3, "cell": "gru"}),
        (
            (*LOOP, "--setting", "group=64", "--setting", "last=16", "--setting", "past=mulaw"),
            {"window": 8, "width": 32, "past": "mulaw"},
        ),
        (("--setting", "input_bias=true", "--preset", "nano"), {"input_bias": True}),
    ],
    ids=["lstm", "gru", "feedback", "wavenet"],
)
def test_capture_of_every_kind(tonewright, kind, config):
    said = tonewright(*LEARN, *kind)
    assert said.code == 0, said.err
    learned = storage.load("b.tone").model.config
    assert {name: getattr(learned, name) for name in config} == config
    assert tonewright("run", "b.tone", "dry.wav", "-o", "out.wav").code == 0
    assert tonewright("inspect", "b.tone").code == 0


@needs_core
def test_the_weights_of_a_loop_are_halves(tonewright):
    assert tonewright(*LEARN, *LOOP, "--setting", "group=64", "--setting", "last=8").code == 0
    weight = storage.load("b.tone").model.loop.body.head.weight
    assert torch.equal(weight, weight.half().float())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("hiden=8",), "no setting called 'hiden' in lstm; did you mean 'hidden'"),
        (("hidden=many",), "lstm.hidden wants int, and is 'many'"),
        (("hidden=0",), "hidden is 1 to 1024, and not 0"),
        (("chunk=0",), "chunk is 2 to"),
        (("hidden",), "written name=value"),
        (("knobs=3",), "no setting called 'knobs'"),
    ],
)
def test_a_wrong_setting(tonewright, wrong, words):
    given = [word for setting in wrong for word in ("--setting", setting)]
    assert words in tonewright.refuses(*LEARN, "--model", "lstm", *given)


def test_a_loss_that_a_loop_does_not_have(tonewright):
    assert "--setting spectral=0.2" in tonewright.refuses(
        *LEARN, *LOOP, *("--setting", "group=64"), "--stft", "0.2"
    )


def test_an_unknown_kind(tonewright):
    assert "did you mean 'feedback'" in tonewright.refuses(*LEARN, "--model", "feedbak")
    assert "no preset called 'large' in feedback" in tonewright.refuses(
        *LEARN, "--model", "feedback", "--preset", "large"
    )


def test_a_setting_makes_another_training(tonewright, stopped):
    """One that was begun with other settings is not gone on with."""
    long = [word if word != "3" else "6" for word in LEARN]
    stopped(*long, "--model", "lstm", "--preset", "1x8")
    said = tonewright(*long, "--model", "lstm", "--preset", "1x8", "--setting", "chunk=512", "--resume")
    assert said.code == 2 and "another model" in said.wrong[0]


def test_run_goes_on_from_a_prime(tonewright):
    put_loop("loop.tone")
    dry, rate = files.read("dry.wav")
    given = (0.5 * np.random.default_rng(0).standard_normal(2000)).astype(np.float32)
    files.write("start.wav", given, rate)
    said = tonewright("run", "loop.tone", "dry.wav", "-o", "out.wav", "--prime", "start.wav")
    assert said.code == 0, said.err
    y, _ = files.read("out.wav")
    assert y.shape == dry.shape
    written, _ = files.read("start.wav")
    np.testing.assert_array_equal(y[0, :2000], written[0])
    stream = load("loop.tone").stream()
    stream.prime(dry[0, :2000], written[0])
    np.testing.assert_allclose(y[0, 2000:], stream.process(dry[0, 2000:]), atol=1e-6)


def test_what_is_no_prime(tonewright):
    put_loop("loop.tone")
    dry, rate = files.read("dry.wav")
    primes = {
        "other.wav": (dry[0, :500], 44100, "44100 Hz and 1 channels"),
        "stereo.wav": (np.stack([dry[0, :500]] * 2), rate, "and 2 channels"),
        "long.wav": (np.tile(dry[0], 2), rate, "so cut it"),
    }
    for name, (sound, its_rate, _) in primes.items():
        files.write(name, sound, its_rate)
    for name, (_, _, words) in primes.items():
        run = ("run", "loop.tone", "dry.wav", "-o", "out.wav", "--prime", name)
        assert words in tonewright.refuses(*run)
    assert "leave the prime out" in tonewright.refuses(
        "run", "a.tone", "dry.wav", "-o", "out.wav", "--prime", "dry.wav"
    )
    assert "no file" in tonewright.refuses(
        "run", "loop.tone", "dry.wav", "-o", "out.wav", "--prime", "none.wav"
    )
