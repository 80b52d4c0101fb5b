"""The native core teaches what torch teaches: its answers and gradients are those of float64 autograd."""

import copy
import dataclasses
import random

import numpy as np
import pytest
import soundfile
import torch

from tests.training.toys import TEACHING, TINY, easy_pair
from tonewright.audio.pairs import split
from tonewright.models.supervised import Supervised
from tonewright.models.wavenet import PRESETS, Config, Model, Stack
from tonewright.models.wavenet.config import ACTIVATIONS
from tonewright.training import native
from tonewright.training.capture import Plan, learn
from tonewright.training.loop import Budget, teach
from tonewright.training.recordings import Recording

_native = pytest.importorskip("tonewright._native")
WIDTHS = (16, 8, 4)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def flat(model) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in model.parameters()])


def reference(model, condition, dy):
    """y [n], the gradient of each parameter and that of the condition, by float64 autograd."""
    double = copy.deepcopy(model).double()
    condition = condition.double().requires_grad_()
    x, *knobs = condition[None].split(1, dim=1)
    names = [port.name for port in model.ports]
    y, _ = double(x, double.initial_state(1), **dict(zip(names, knobs, strict=True)))
    y = y[0, 0, model.settle :]
    leaves = [condition, *double.parameters()]
    found = torch.autograd.grad((y * dy.double()).sum(), leaves, allow_unused=True)
    d_condition, *gradients = (
        torch.zeros_like(p) if g is None else g for g, p in zip(found, leaves, strict=True)
    )
    return y.detach(), gradients, d_condition


def distance(estimate, target) -> float:
    """The largest difference, relative to the largest number."""
    return float((estimate - target).abs().max() / target.abs().max().clamp_min(1e-12))


def compare(config: Config, n: int, widths=WIDTHS, seed: int = 0) -> None:
    torch.manual_seed(seed)
    model = Model(config)
    condition, dy = torch.rand(1 + len(config.knobs), model.settle + n) - 0.5, torch.randn(n)
    y, gradients, d_condition = reference(model, condition, dy)
    scale = max(float(g.abs().max()) for g in gradients)
    for width in widths:
        lesson = _native.WaveNetLesson(native._shape(config))
        assert (lesson.parameters, lesson.settle) == (flat(model).numel(), model.settle)
        if not lesson.set_width(width):
            continue
        made = [
            torch.full_like(flat(model), torch.nan),
            torch.full_like(condition, torch.nan),
            torch.empty(n),
        ]
        weights = flat(model).numpy()
        lesson.forward(weights, condition.numpy(), float(model.head_scale), made[2].numpy())
        lesson.backward(weights, dy.numpy(), made[0].numpy(), made[1].numpy())
        assert distance(made[2], y) < 3e-6
        assert distance(made[1], d_condition) < 1e-5
        for (name, p), target, got in zip(
            model.named_parameters(), gradients, made[0].split([g.numel() for g in gradients]), strict=True
        ):
            floor = 1e-7 * scale  # what cancels out to nearly nothing
            assert (got.view_as(p) - target).abs().max() < 2e-5 * target.abs().max() + floor, (width, name)


@pytest.mark.parametrize("name", PRESETS)
def test_presets(name):
    compare(PRESETS[name], 150)


@pytest.mark.parametrize("n", [1, 7, 100, 4096])
def test_crops_of_any_length(n):
    compare(Config((Stack(5, (1, 30, 7), head_channels=3, head_kernel=2), Stack(3, (2, 100)))), n)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("mix", ["sum", "stack"])
def test_every_kind(activation, mix):
    compare(
        Config((Stack(6, (1, 5), (3, 2), activation, head_kernel=3),), knobs=("drive", "tone"), mix=mix), 60
    )


def some_config(rng: random.Random) -> Config:
    """Any shape of a WaveNet, small enough for a test."""
    count = rng.randint(1, 3)
    channels = [rng.choice([1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 16, 17, 20, 33]) for _ in range(count)]
    stacks = []
    for index in range(count):
        layers = rng.randint(1, 4)
        stacks.append(
            Stack(
                channels[index],
                tuple(rng.choice([1, 2, 3, 8, 16, 31, 64, 130, 600]) for _ in range(layers)),
                tuple(rng.randint(1, 7) for _ in range(rng.choice([1, layers]))),
                rng.choice(ACTIVATIONS),
                channels[index + 1] if index + 1 < count else 1,
                rng.choice([1, 1, 2, 5, 40]),
                rng.random() < 0.5,
            )
        )
    mix = rng.choice(["sum", "stack"]) if count == 1 else "sum"
    knobs = ("a", "b", "c", "d", "e")[: rng.choice([0, 0, 1, 2, 5])]
    return Config(tuple(stacks), rng.random() < 0.7, rng.random() < 0.5, mix, knobs)


@pytest.mark.parametrize("seed", range(30))
def test_random_shapes(seed):
    rng = random.Random(seed)
    compare(some_config(rng), rng.choice([1, 5, 16, 64, 333, 1500]), (rng.choice(WIDTHS),), seed)


def test_the_widest_shape():
    compare(Config((Stack(64, (1, 9), head_channels=64), Stack(64, (2,), activation="gated"))), 20)


def test_autograd_takes_it():
    torch.manual_seed(0)
    model = Model(dataclasses.replace(TINY, knobs=("drive",)))
    answer, weights = native.fused(model), flat(model).requires_grad_()
    condition = torch.rand(2, model.settle + 50).requires_grad_()
    y, gradients, d_condition = reference(model, condition.detach(), 2 * torch.ones(50))
    made = answer(condition, weights)
    d_weights, d_made = torch.autograd.grad((2 * made).sum(), [weights, condition])
    assert distance(made.detach(), y) < 1e-6 and distance(d_made, d_condition) < 1e-5
    assert distance(d_weights, torch.cat([g.reshape(-1) for g in gradients])) < 1e-5
    with torch.no_grad():
        assert torch.equal(answer(condition, weights), made)


def test_crops_of_different_lengths_share_a_room():
    model = Model(TINY)
    lesson = _native.WaveNetLesson(native._shape(TINY))
    weights, sound = flat(model).numpy(), torch.randn(model.settle + 3000).numpy()

    def learn(n):
        y, g = np.empty(n, np.float32), np.empty_like(weights)
        lesson.forward(weights, sound[: model.settle + n], 1.0, y)
        lesson.backward(weights, np.ones_like(y), g)
        return g

    first = [learn(n) for n in (100, 3000, 7)]
    sound[:] = np.nan
    assert np.isnan(learn(3000)).any()  # and nothing of it stays
    sound[:] = torch.randn(len(sound), generator=torch.Generator().manual_seed(0))
    again = [learn(n) for n in (3000, 7, 100)]
    assert all(np.isfinite(g).all() for g in first + again)
    assert np.array_equal(again[0], learn(3000))


def recipe(threads: int = 1, fused: bool = True) -> Supervised:
    torch.manual_seed(0)
    taught, held_out = split(easy_pair())
    model = Model(TINY)
    return Supervised(
        model, [taught], [held_out], TEACHING, 0, threads, native.fused(model) if fused else None
    )


def test_neither_threads_nor_a_pause_change_a_bit(tmp_path):
    whole, threads, broken, resumed = recipe(), recipe(threads=3), recipe(), recipe(threads=2)
    for made in (whole, threads):
        teach(made, Budget(steps=12))
    path = tmp_path / "a.checkpoint"
    presses = iter(range(6))

    def press(progress):
        if next(presses, None) is None:
            raise KeyboardInterrupt

    assert teach(broken, Budget(steps=12), path, listener=press).interrupted
    teach(resumed, None, path, resume=True)
    assert torch.equal(flat(whole.model), flat(threads.model))
    assert torch.equal(flat(whole.model), flat(resumed.model))


def test_torch_and_the_core_teach_alike_and_resume_each_other(tmp_path):
    by_torch, by_core = recipe(fused=False), recipe()
    for step in range(3):
        losses = by_torch.step(step, 0)
        assert by_core.step(step, 0) == pytest.approx(losses, rel=1e-3)
    assert by_core.score() == pytest.approx(by_torch.score(), rel=1e-2)
    by_core.restore(copy.deepcopy(by_torch.state()))
    assert by_core.score() == pytest.approx(by_torch.score(), rel=1e-5)
    assert by_core.step(3, 0) == pytest.approx(by_torch.step(3, 0), rel=1e-4)


def test_wrong_sizes_are_errors_and_nothing_worse():
    model = Model(TINY)
    lesson, weights = _native.WaveNetLesson(native._shape(TINY)), flat(model).numpy()
    sound, y = np.zeros(model.settle + 10, np.float32), np.zeros(10, np.float32)
    with pytest.raises(ValueError, match="once after each forward"):
        lesson.backward(weights, y, np.empty_like(weights))
    for bad in ((weights[:-1], sound, 1.0, y), (weights, sound[1:], 1.0, y), (weights, sound, 1.0, y[:0])):
        with pytest.raises(ValueError, match=r"wants|an answer is"):
            lesson.forward(*bad)
    for bad in (weights.astype(np.float64), np.stack([weights, weights])[:, ::2]):
        with pytest.raises((TypeError, ValueError)):
            lesson.forward(bad, sound, 1.0, y)
    lesson.forward(weights, sound, 1.0, y)
    for bad in (
        (weights, y[1:], weights.copy()),
        (weights, y, weights[1:].copy()),
        (weights, y, weights.copy(), y),
    ):
        with pytest.raises(ValueError, match="wants"):
            lesson.backward(*bad)
    with pytest.raises(ValueError, match="1 to 4194304"):
        lesson.bytes(1 << 23)


@pytest.mark.parametrize("built", [True, False])
def test_a_capture_says_who_taught_it(built, tmp_path, monkeypatch):
    pair = easy_pair(8.0)
    for name in ("dry", "wet"):
        soundfile.write(tmp_path / f"{name}.wav", getattr(pair, name), pair.sample_rate, subtype="FLOAT")
    if not built:
        monkeypatch.setattr(native, "_native", None)
    said, plan = [], Plan(preset="nano", budget=Budget(steps=2))
    made = learn([Recording(tmp_path / "dry.wav", tmp_path / "wet.wav")], plan=plan, said=said.append)
    who = "the native core" if built else "torch, because the native core was not built"
    assert f"teaching: {who}" in said
    assert made.player.tone.provenance["taught_by"] == who


def test_what_it_cannot_teach_is_told():
    assert native.why_not(Model()) is None
    for model, words in (
        (Model(TINY).double(), "float32"),
        (torch.nn.Linear(1, 1), "WaveNets only"),
        (Model(Config((Stack(65, (1,)),))), "channels is 1 to 64, and this one's is 65"),
    ):
        assert words in native.why_not(model)
        assert native.fused(model) is None


def test_what_takes_too_much_memory_is_told(monkeypatch):
    model = Model(Config((Stack(4, (*[1] * 20, 1 << 16)),)))
    assert native.why_not(model) is None
    monkeypatch.setattr(native, "MOST_BYTES", 20_000_000)
    assert "the native core would need 0.1 GB" in native.why_not(model)
