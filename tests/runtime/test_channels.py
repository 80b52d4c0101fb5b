"""Models of several channels: torch, the core, whole sounds and files agree, and wrong channels are told."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.contract.stream import check_contract
from tests.runtime.models import Crossed, Late, Middle, Spread, player
from tests.runtime.test_live import CARD, CORE, RATE, begun, play
from tests.runtime.test_native import in_blocks, needs_core
from tonewright import models, storage
from tonewright.audio import files
from tonewright.audio.rates import resample
from tonewright.cli import run
from tonewright.errors import AudioError, ConfigError, DeviceError, ShapeError
from tonewright.report.of_player import facts, write_report
from tonewright.runtime import native
from tonewright.runtime.live import Engine
from tonewright.runtime.live_session import Session
from tonewright.runtime.native import NativeStream
from tonewright.runtime.render import render_file
from tonewright.runtime.stream import Stream


@pytest.fixture(params=[CORE, False], ids=["core", "torch"])
def either(request, monkeypatch):
    """With the native core, and without it."""
    if not request.param:
        monkeypatch.setattr(native, "_native", None)


@pytest.fixture
def toys(monkeypatch):
    """Architectures whose files hold the models of these tests."""
    for model in (Crossed, Spread, Middle):
        name = model.__name__.lower()
        room = SimpleNamespace(Config=type(model().config), Model=model, PRESETS={}, Recipe=None)
        monkeypatch.setitem(sys.modules, f"tonewright.models.{name}", room)
    names = models.names()
    monkeypatch.setattr(models, "names", lambda: [*names, "crossed", "spread", "middle"])


def noise(channels: int, samples: int = 4000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.4, 0.4, (channels, samples)).astype(np.float32)


def crossed(x: np.ndarray, amount: float = 0.5) -> np.ndarray:
    late = np.concatenate([np.zeros(3, np.float32), x[1, :-3]])
    return np.stack([late + 0.25, x[0] + np.float32(amount) * x[1]])


def spread(x: np.ndarray) -> np.ndarray:
    return np.stack([x, -np.concatenate([[np.float32(0.0)], x[:-1]])])


@pytest.mark.parametrize("model", [Crossed(), Spread(), Middle()])
def test_the_models_of_these_tests_keep_the_contract(model):
    length = 2 * model.settle + 600
    ports = {port.name: torch.rand(2, 1, length, dtype=torch.float64) for port in model.ports}
    check_contract(model, channels=model.inputs, ports=ports)


@pytest.mark.parametrize("block", [1, 4, 100])
@pytest.mark.parametrize("make,answer", [(Crossed, crossed), (Spread, lambda x: spread(x[0]))])
def test_blocks_of_any_size_are_the_whole_and_what_they_should_be(either, make, answer, block):
    made = player(make(block=block))
    x = noise(made.model.inputs)
    wanted = answer(x)
    whole, late = made.render(x), made.latency
    assert whole.shape == (2, 4000) and whole.dtype == np.float32 and late == block - 1
    np.testing.assert_allclose(whole[:, late:], wanted[:, : 4000 - late], atol=1e-6)
    stream = made.stream()
    assert (stream.channels, stream.outputs) == (made.model.inputs, 2)
    for seed in (1, 2):
        np.testing.assert_allclose(in_blocks(stream, x, seed), whole, atol=1e-6)
        stream.reset()
    assert stream.process(x[:, :0]).shape == (2, 0)


@needs_core
@pytest.mark.parametrize("block", [1, 4])
def test_the_core_is_torch_while_a_knob_moves(block):
    model, x = Crossed(block=block).eval(), noise(2)
    file = storage.to_bytes(storage.Tone("crossed", model, RATE), probed=False)
    turn = lambda stream: stream.set(amount=1.0)  # noqa: E731
    python = in_blocks(Stream(model, RATE, amount=0.1), x, 1, turn)
    core = in_blocks(NativeStream(file, model, amount=0.1), x, 2, turn)
    np.testing.assert_allclose(core, python, atol=1e-6)
    assert player(model).engine == "native core"


def test_shapes_of_a_sound(either):
    x = noise(2, 50)
    assert player(Spread()).stream().process(x[0]).shape == (2, 50)
    np.testing.assert_array_equal(player(Spread()).render(x[0]), player(Spread()).render(x[:1]))
    both = np.stack([x[0], x[0]])
    np.testing.assert_array_equal(player(Crossed()).render(x[0]), player(Crossed()).render(both))
    np.testing.assert_allclose(player(Middle()).render(x), x.mean(axis=0)[None], atol=1e-7)
    np.testing.assert_allclose(player(Middle()).render(x[0]), x[0], atol=1e-7)
    assert player(Middle()).render(x[:1]).shape == (1, 50)


def test_what_is_no_number_is_silence_on_its_channel(either):
    stream, x = player(Crossed()).stream(), noise(2, 100)
    bad, silent = x.copy(), x.copy()
    bad[1, 50:53], silent[1, 50:53] = (np.nan, np.inf, -np.inf), 0.0
    y = stream.process(bad)
    stream.reset()
    np.testing.assert_array_equal(y, stream.process(silent))


def test_wrong_channels_are_told(either):
    x = noise(3, 10)
    for act, words in (
        (lambda: player(Crossed()).stream(3), "has 3 channels and this model hears 2 and makes 2; give it 2"),
        (lambda: player(Crossed()).stream(1), "has 1 channels and this model hears 2"),
        (lambda: player(Crossed()).render(x), "has 3 channels and this model hears 2"),
        (lambda: player(Crossed()).stream().process(x[0]), r"wants 2 channels, and got \[10\]"),
        (lambda: player(Spread()).render(x[:2]), "hears 1 and makes 2; mix it down to mono first"),
        (lambda: player(Spread()).stream().process(x[:2]), r"got \[2, 10\]; mix it down to mono first"),
    ):
        with pytest.raises(ShapeError, match=words):
            act()
    with pytest.raises(ConfigError, match="only a model of one channel"):
        player(Crossed()).stream().prime(x[:2], x[:2])


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_file_through_a_model_of_two_channels(either, tmp_path, channels, suffix):
    x = noise(channels, 30000)
    files.write(tmp_path / "in.wav", x, RATE)
    render_file(player(Crossed(block=4)), tmp_path / "in.wav", tmp_path / f"out{suffix}", {"amount": 1.0})
    got, rate = files.read(tmp_path / f"out{suffix}")
    assert rate == RATE
    np.testing.assert_allclose(got, crossed(np.broadcast_to(x, (2, 30000)), 1.0), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_file_at_another_rate(tmp_path, channels):
    x, made = noise(channels, 30000), player(Spread() if channels == 1 else Middle())
    files.write(tmp_path / "in.wav", x, 44100)
    render_file(made, tmp_path / "in.wav", tmp_path / "out.wav", resample=True)
    wanted = resample(made.render(resample(x, 44100, RATE)), RATE, 44100)
    got = files.read(tmp_path / "out.wav")[0]
    assert got.shape == (3 - channels, 30000)
    np.testing.assert_allclose(got[:, :29000], wanted[:, :29000], atol=1e-5)


def test_a_file_that_does_not_fit_leaves_nothing(tmp_path):
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    files.write(source, noise(2, 100), RATE)
    with pytest.raises(AudioError, match=r"in\.wav has 2 channels and pan\.tone hears 1 and makes 2; mix it"):
        render_file(player(Spread()), source, target, model_name="pan.tone")
    with pytest.raises(ConfigError, match="only a model of one channel"):
        render_file(player(Crossed()), source, target, prime=source)
    assert [p.name for p in tmp_path.iterdir()] == ["in.wav"]


def test_run_and_inspect(toys, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = noise(3, 5000)
    for count in (1, 2, 3):
        files.write(f"{count}.wav", x[:count], RATE)
    for model in (Crossed(), Spread()):
        name = type(model).__name__.lower()
        storage.save(storage.Tone(name, model, RATE), f"{name}.tone")
    play = lambda model, sound: run(["run", f"{model}.tone", sound, "-o", "out.wav", "--knob", "amount=1"])  # noqa: E731
    assert play("crossed", "2.wav") == 0
    np.testing.assert_allclose(files.read("out.wav")[0], crossed(x[:2], 1.0), atol=1e-6)
    assert play("crossed", "1.wav") == 0
    np.testing.assert_allclose(files.read("out.wav")[0], crossed(x[[0, 0]], 1.0), atol=1e-6)
    assert run(["run", "spread.tone", "1.wav", "-o", "out.wav"]) == 0
    np.testing.assert_allclose(files.read("out.wav")[0], spread(x[0]), atol=1e-6)
    capsys.readouterr()
    assert play("crossed", "3.wav") == 2 and run(["run", "spread.tone", "2.wav", "-o", "out.wav"]) == 2
    first, second = (line for line in capsys.readouterr().err.splitlines() if line.startswith("tonewright: "))
    assert "3.wav has 3 channels and crossed.tone hears 2 and makes 2; give it 2 channels" in first
    assert "2.wav has 2 channels and spread.tone hears 1 and makes 2; mix it down to mono first" in second
    assert run(["report", "spread.tone", "1.wav", "1.wav", "-o", "page.html"]) == 2
    assert "a page compares sounds of one channel" in capsys.readouterr().err
    assert run(["inspect", "spread.tone"]) == 0
    said = capsys.readouterr().out
    assert "1 in, 2 out" in said and "0.0e+00" in said


@pytest.mark.parametrize(
    "model,shape", [(Crossed(), (2, 16384)), (Spread(), (2, 16384)), (Middle(), (1, 16384))]
)
def test_the_probe_tells_channels_apart(toys, tmp_path, model, shape):
    made = storage.Tone(type(model).__name__.lower(), model.eval(), RATE)
    storage.save(made, tmp_path / "a.tone")
    assert storage.self_check(tmp_path / "a.tone", storage.load(tmp_path / "a.tone")) == 0.0
    x = storage.probe(RATE)
    y = storage.answer(model, x)
    assert y.shape == shape
    rows = torch.stack([x, torch.cat([torch.zeros(7), x[:-7]])])[: model.inputs]
    np.testing.assert_allclose(y.numpy(), player(model).render(rows.numpy()), atol=1e-6)
    assert storage.answer(Late().eval(), x).shape == (16384,)
    assert storage.answer(Crossed().eval(), x[:3]).shape == (2, 3)  # shorter than the step


def test_a_page_of_it_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="this model hears 1 and makes 2; listen to it"):
        write_report(player(Spread()), [], tmp_path / "page.html", "pan")
    assert facts(player(Crossed()))["Channels"] == "2 in, 2 out" and "Channels" not in facts(player())


@pytest.mark.parametrize("make,answer", [(Crossed, lambda x: crossed(np.stack([x, x]))), (Spread, spread)])
def test_live_each_channel_goes_to_its_output(either, make, answer):
    x = noise(1, 3000)[0]
    y = play(begun(player(make())), x, outputs=4, blocks=(64, 7, 300))
    np.testing.assert_allclose(y[:, :2], answer(x).T, atol=1e-6)
    assert not y[:, 2:].any()
    engine = begun(player(make()))
    engine.bypass = True
    play(engine, np.zeros(3000, np.float32))
    assert np.array_equal(play(engine, x), np.stack([x, x], axis=1))


def test_live_wants_outputs_for_all_channels():
    engine = Engine(player(Spread()))
    with pytest.raises(DeviceError, match=r"makes 2 channels, and 1 of '.*' are to play; ask for as many"):
        Session(engine, CARD, CARD, outputs=1)
    assert Session(engine, CARD, CARD).outputs == 2


@pytest.mark.parametrize("inputs,outputs", [(65, 1), (1, 65)])
def test_more_channels_than_the_core_plays_are_played_by_torch(inputs, outputs):
    class Many(Middle):
        def forward(self, x, state):
            return torch.cat([x[:, :1]] * self.outputs, dim=1), state

    model, x = Many(), noise(inputs, 20)
    model.inputs, model.outputs = inputs, outputs
    made = player(model)
    assert made.engine == "torch"
    np.testing.assert_array_equal(made.render(x), np.broadcast_to(x[0], (outputs, 20)))
