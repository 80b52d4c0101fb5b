"""The delay network is the loop it says, decays as asked, and has the right gradients, by the core and by torch."""

import numpy as np
import pytest
import torch

from tonewright.dsp import delay_network as module
from tonewright.dsp.delay_network import delay_network
from tonewright.errors import ShapeError

needs_core = pytest.mark.skipif(module.native is None, reason="the native core was not built")


@pytest.fixture(params=[pytest.param("core", marks=needs_core), "torch"])
def way(request, monkeypatch):
    """Once by the native core, once without it."""
    if request.param == "torch":
        monkeypatch.setattr(module, "native", None)
    return request.param


def some(delays: tuple[int, ...], seed: int = 0, samples: int = 12) -> tuple:
    """Sound, what the lines are made of, and their memory, all but the delays to be differentiated by."""
    rng = np.random.default_rng(seed)
    count = len(delays)
    gains, damping = rng.uniform(-0.9, 0.9, count), rng.uniform(0.0, 0.8, count)
    into, out = rng.standard_normal((2, count))
    x, history = rng.standard_normal((2, 3, samples)), rng.standard_normal((2, 3, sum(delays)))
    low = rng.standard_normal((2, 3, count))
    x, gains, damping, into, out, history, low = (
        torch.from_numpy(n).requires_grad_() for n in (x, gains, damping, into, out, history, low)
    )
    return x, gains, damping, into, out, delays, history, low


def plain(x, gains, damping, into, out, delays, history, low):
    """One channel, by a loop over whole arrays w_i that begin with the history."""
    lines = [np.append(h, np.zeros(len(x))) for h in np.split(history, np.cumsum(delays)[:-1])]
    mixing, y = np.eye(len(delays)) - 2 / len(delays), np.empty(len(x))
    for t in range(len(x)):
        heard = np.array([line[t] for line in lines])
        low = (1 - damping) * heard + damping * low
        y[t] = out @ (gains * low)
        mixed = into * x[t] + mixing @ (gains * low)
        for line, delay, value in zip(lines, delays, mixed, strict=True):
            line[t + delay] = value
    return y, np.concatenate([line[len(x) :] for line in lines]), low


@pytest.mark.parametrize("delays", [(7,), (3, 1, 20), (150, 1, 149, 400)])
def test_equals_the_loop(way, delays):
    x, *numbers, delays, history, low = some(delays, 1, samples=150)
    got = [t.detach().numpy() for t in delay_network(x, *numbers, delays, history, low)]
    numbers = [n.detach().numpy() for n in numbers]
    x, history, low = (t.detach().numpy() for t in (x, history, low))
    for b, c in np.ndindex(2, 3):
        for ours, expected in zip(
            got, plain(x[b, c], *numbers, delays, history[b, c], low[b, c]), strict=True
        ):
            np.testing.assert_allclose(ours[b, c], expected, rtol=0, atol=1e-12)


def test_decays_in_the_time_asked_for(way):
    """With no damping the energy falls as the gains ask, line by line, and so the sound by 60 dB in T60."""
    rate, t60 = 8000, 0.2
    delays = (113, 137, 151, 167, 173, 181, 197, 211)
    gains = torch.tensor([10 ** (-3 * d / (t60 * rate)) for d in delays], dtype=torch.float64)
    one, x = torch.ones(8, dtype=torch.float64), torch.zeros(1, 1, 2400, dtype=torch.float64)
    x[..., 0] = 1.0
    memory = torch.zeros(1, 1, sum(delays), dtype=torch.float64), torch.zeros(1, 1, 8, dtype=torch.float64)
    y, *_ = delay_network(x, gains, 0 * one, one, one.cumprod(0) - 2 * (torch.arange(8) % 2), delays, *memory)
    left = y[0, 0].square().flip(0).cumsum(0).flip(0).log10() * 10  # what is still to come, in dB
    fall = np.polyfit(np.arange(300, 1300) / rate, left[300:1300].numpy(), 1)[0]
    assert fall == pytest.approx(-60 / t60, rel=0.05)


def test_damping_takes_the_treble(way):
    delays, samples = (41, 47, 53, 59), 4000
    one = torch.ones(4, dtype=torch.float64)
    x = torch.zeros(1, 1, samples, dtype=torch.float64)
    x[..., 0] = 1.0
    memory = torch.zeros(1, 1, sum(delays), dtype=torch.float64), torch.zeros(1, 1, 4, dtype=torch.float64)
    late = [delay_network(x, 0.9 * one, d * one, one, one, delays, *memory)[0][..., 400:] for d in (0.0, 0.5)]
    bright, dark = (torch.fft.rfft(y[0, 0]).abs().square() for y in late)
    assert dark[-400:].sum() < 1e-3 * bright[-400:].sum()
    assert dark[:20].sum() > 0.2 * bright[:20].sum()


@pytest.mark.parametrize("delays", [(5,), (3, 1, 20), (2, 2, 12, 13)])
def test_gradients(way, delays):
    assert torch.autograd.gradcheck(delay_network, some(delays, 2))


@needs_core
@pytest.mark.parametrize("delays", [(1,), (30, 1, 301), (299, 300)])
def test_the_core_equals_torch(monkeypatch, delays):
    def answer():
        given = some(delays, 3, samples=300)
        y, history, low = delay_network(*given)
        weight = torch.from_numpy(np.random.default_rng(4).standard_normal(y.shape))
        loss = (y * weight).sum() + history.square().sum() + low.square().sum()
        return y, history, low, *torch.autograd.grad(loss, [t for t in given if isinstance(t, torch.Tensor)])

    core = answer()
    monkeypatch.setattr(module, "native", None)
    for ours, expected in zip(core, answer(), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-10)


def test_any_layout_and_no_sound(way):
    x, *numbers, delays, history, low = some((3, 1, 5), 6)
    expected = delay_network(x, *numbers, delays, history, low)

    def turned(t):
        return t.transpose(0, 2).contiguous().transpose(0, 2)

    loose = [n.repeat_interleave(2)[::2] for n in numbers]
    got = delay_network(turned(x), *loose, list(delays), turned(history), turned(low))
    assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))
    y, *after = delay_network(x[..., :0], *numbers, delays, history, low)
    assert y.shape == (2, 3, 0) and torch.equal(after[0], history) and torch.equal(after[1], low)


def test_mistakes_are_told():
    right = some((3, 1))
    for place, wrong in [
        (0, right[0][0]),
        (1, right[1][:1]),
        (4, right[4][None]),
        (5, (3, 2)),
        (5, (4, 0)),
        (5, ()),
        (6, right[6][..., :3]),
        (7, right[7][:1]),
    ]:
        with pytest.raises(ShapeError, match=r"delay_network wants x \[B, C, T\], four times \[N\]"):
            delay_network(*right[:place], wrong, *right[place + 1 :])
