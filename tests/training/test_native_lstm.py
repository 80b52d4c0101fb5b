"""The native core teaches LSTMs as torch does: its answers and gradients are those of float64 autograd."""

import copy
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
import torch

from tests.training.toys import easy_pair
from tonewright.models.lstm import PRESETS, Config, Model
from tonewright.models.wavenet import Model as WaveNet
from tonewright.training import native_lstm
from tonewright.training.capture import Plan, learn
from tonewright.training.loop import Budget
from tonewright.training.recordings import Recording

_native = pytest.importorskip("tonewright._native")
WIDTHS = (16, 8, 4)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def flat(tensors) -> torch.Tensor:
    return torch.cat([t.detach().reshape(-1) for t in tensors])


def loud(config: Config, seed: int = 0) -> Model:
    """A model whose gates are bent well out of their middle."""
    torch.manual_seed(seed)
    model = Model(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape) * (1.2 / max(1, parameter.shape[-1]) ** 0.5))
        model.head_scale.fill_(0.3)
    return model


def sounds(model: Model, batch: int, length: int, seed: int = 0):
    """A condition, a state and a gradient."""
    generator = torch.Generator().manual_seed(seed)
    condition = torch.randn(batch, 1 + len(model.ports), length, generator=generator)
    state = [torch.rand(m.shape, generator=generator) - 0.5 for m in model.initial_state(batch)]
    return condition, state, torch.randn(batch, 1, length, generator=generator)


def by_torch(model, condition, state):
    x, *knobs = condition.split(1, dim=1)
    return model(x, state, **{port.name: knob for port, knob in zip(model.ports, knobs, strict=True)})


def reference(model, condition, state, dy):
    """y, the state after, and the gradient of all parameters, by float64 autograd."""
    double = copy.deepcopy(model).double()
    y, after = by_torch(double, condition.double(), [m.double() for m in state])
    gradients = torch.autograd.grad((y * dy.double()).sum(), list(double.parameters()))
    return y.detach(), [m.detach() for m in after], flat(gradients)


def distance(estimate, target) -> float:
    """The largest difference, relative to the largest number."""
    return float((estimate - target).abs().max() / target.abs().max().clamp_min(1e-12))


def compare(config: Config, batch: int, length: int, widths=WIDTHS) -> None:
    model = loud(config)
    condition, state, dy = sounds(model, batch, length)
    y, after, gradients = reference(model, condition, state, dy)
    for width in widths:
        fused = native_lstm.Fused(model)
        lesson = fused.take()
        if not lesson.set_width(width):
            continue
        fused.give(lesson)
        weights = flat(model.parameters()).requires_grad_()
        got, got_after = fused(condition, state, weights)
        (found,) = torch.autograd.grad((got * dy).sum(), weights)
        assert distance(got.detach(), y) < 1e-5
        for a, b in zip(got_after, after, strict=True):
            assert distance(a, b) < 1e-5
        sizes = [p.numel() for p in model.parameters()]
        for mine, exact in zip(found.split(sizes), gradients.split(sizes), strict=True):
            assert float((mine - exact).abs().max()) < 1e-5 * float(gradients.abs().max())


@pytest.mark.parametrize("name", [name for name in PRESETS if PRESETS[name].cell == "lstm"])
def test_presets_equal_float64(name):
    compare(PRESETS[name], 3, 70)


@pytest.mark.parametrize("batch,length", [(1, 1), (1, 33), (5, 32), (16, 64), (17, 31), (40, 95)])
def test_odd_batches_and_lengths(batch, length):
    compare(Config(hidden=7, direct=True), batch, length)


@pytest.mark.parametrize("hidden", [1, 2, 5, 12, 24, 37, 64])
@pytest.mark.parametrize("layers", [1, 3])
def test_every_shape(hidden, layers):
    compare(Config(hidden=hidden, layers=layers, knobs=("drive", "tone")), 3, 40)


def test_largest_shape():
    compare(Config(hidden=256), 2, 33, widths=(0,))


def test_long_stretch():
    model = Model()
    condition, state, dy = sounds(model, 16, 2048)
    _, _, exact = reference(model, condition, state, dy)
    weights = flat(model.parameters()).requires_grad_()
    y, _ = native_lstm.Fused(model)(condition, state, weights)
    (found,) = torch.autograd.grad((y * dy).sum(), weights)
    assert float((found - exact).norm() / exact.norm()) < 1e-5


def test_chunks_equal_one_run():
    """The carried state is all that a chunk needs of those before."""
    model = loud(Config(hidden=9, layers=2, direct=True))
    condition, state, _ = sounds(model, 5, 300)
    fused, weights = native_lstm.Fused(model), flat(model.parameters())
    with torch.no_grad():
        whole, end = fused(condition, state, weights)
    rng, at, parts = random.Random(0), 0, []
    while at < 300:
        length = rng.randint(1, 80)
        with torch.set_grad_enabled(rng.random() < 0.5):  # with and without a past that is kept
            y, state = fused(condition[..., at : at + length], state, weights)
        parts.append(y.detach())
        at += length
    assert torch.equal(torch.cat(parts, dim=-1), whole)
    assert all(torch.equal(a, b) for a, b in zip(state, end, strict=True))


def test_truncation_is_as_torchs():
    """Gradients of two chunks, where the state between them is detached."""
    model = loud(Config(hidden=6, layers=2))
    condition, state, dy = sounds(model, 3, 80)
    weights, fused = flat(model.parameters()).requires_grad_(), native_lstm.Fused(model)
    for part in (slice(0, 50), slice(50, 80)):
        _, after, exact = reference(model, condition[..., part], state, dy[..., part])
        y, state = fused(condition[..., part], state, weights)
        assert not any(memory.requires_grad for memory in state)
        (found,) = torch.autograd.grad((y * dy[..., part]).sum(), weights)
        assert distance(found, exact) < 1e-5 and distance(state[0], after[0]) < 1e-5


def test_threads_do_not_disturb_each_other():
    model = loud(Config(hidden=10))
    fused, weights = native_lstm.Fused(model), flat(model.parameters())

    def learn(seed):
        condition, state, dy = sounds(model, 16, 200, seed)
        leaf = weights.clone().requires_grad_()
        y, _ = fused(condition, state, leaf)
        return torch.autograd.grad((y * dy).sum(), leaf)[0]

    alone = [learn(seed) for seed in range(6)]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(learn, range(6)))
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))


def test_sizes_are_checked():
    lesson = _native.LstmLesson(1, 4, 1, False)
    assert lesson.parameters == sum(p.numel() for p in Model(Config(4)).parameters()) and lesson.state == 8
    f = lambda *shape: np.zeros(shape, np.float32)  # noqa: E731
    right = [f(lesson.parameters), f(2, 1, 5), f(2, 8), 1.0, f(2, 5), f(2, 8), True]
    lesson.forward(*right)
    with pytest.raises(ValueError, match="dy wants 10 numbers, and has 9"):
        lesson.backward(f(9), f(lesson.parameters))
    lesson.backward(f(10), f(lesson.parameters))
    with pytest.raises(ValueError, match="once after each forward"):
        lesson.backward(f(10), f(lesson.parameters))
    for place, words in ((0, "parameters"), (1, "condition"), (2, "before"), (5, "after")):
        wrong = list(right)
        wrong[place] = f(3)
        with pytest.raises(ValueError, match=f"{words} wants"):
            lesson.forward(*wrong)
    with pytest.raises(ValueError, match="1 to 4194304 samples"):
        lesson.forward(*right[:4], f(2, 0), *right[5:])
    with pytest.raises(TypeError):
        lesson.forward(right[0].astype(np.float64), *right[1:])


def test_what_it_cannot_teach_is_told():
    assert native_lstm.why_not(Model()) is None
    for model, words in (
        (Model().double(), "float32"),
        (Model(Config(cell="gru")), "LSTMs only"),
        (WaveNet(), "LSTMs only"),
        (Model(Config(hidden=257)), "hidden is 1 to 256, and this one's is 257"),
    ):
        assert words in native_lstm.why_not(model)
        assert native_lstm.fused(model) is None


@pytest.mark.parametrize("built", [True, False])
def test_a_capture_says_who_taught_it(built, tmp_path, monkeypatch):
    pair = easy_pair(8.0)
    for name in ("dry", "wet"):
        soundfile.write(tmp_path / f"{name}.wav", getattr(pair, name), pair.sample_rate, subtype="FLOAT")
    if not built:
        monkeypatch.setattr(native_lstm, "_native", None)
    said, plan = [], Plan("lstm", "2x8", Budget(steps=2))
    made = learn([Recording(tmp_path / "dry.wav", tmp_path / "wet.wav")], plan=plan, said=said.append)
    who = "the native core" if built else "torch, because the native core was not built"
    assert f"teaching: {who}" in said
    assert made.player.tone.provenance["taught_by"] == who
