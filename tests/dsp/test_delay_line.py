"""The delay line gives what filters and sines say, with the right gradients, by the core and by plain torch."""

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from tonewright.dsp import delay_line as module
from tonewright.dsp.delay_line import REACH, delay_line
from tonewright.errors import ShapeError

MOST = 12
needs_core = pytest.mark.skipif(module.native is None, reason="the native core was not built")


@pytest.fixture(params=[pytest.param("core", marks=needs_core), "torch"])
def way(request, monkeypatch):
    """Once by the native core, once without it."""
    if request.param == "torch":
        monkeypatch.setattr(module, "native", None)
    return request.param


def number(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def some(seed: int = 0, samples: int = 17, moves: bool = True) -> tuple[torch.Tensor, ...]:
    """All that a delay line is given, to be differentiated by, where no delay is near to a whole one."""
    rng = np.random.default_rng(seed)
    delay = rng.integers(0, MOST + 2, (2, 1, samples)) + rng.uniform(0.1, 0.9, (2, 1, samples))
    x, history, last = (rng.standard_normal((2, 3, *size)) for size in [(samples,), (MOST + REACH,), ()])
    given = x, delay if moves else np.array(5.3), np.array(-0.7), np.array(0.3), history, last
    return tuple(torch.from_numpy(part).requires_grad_() for part in given)


def played(x, delay, feedback=0.0, damping=0.0, most=100) -> np.ndarray:
    """x [T] through a line that was silent."""
    silence = torch.zeros(1, 1, most + REACH, dtype=torch.float64)
    delay = torch.as_tensor(delay, dtype=torch.float64)
    given = (
        torch.from_numpy(x)[None, None],
        delay,
        number(feedback),
        number(damping),
        silence,
        silence[..., 0],
    )
    return delay_line(*given)[0][0, 0].numpy()


@pytest.mark.parametrize("delay", [2, 3, 40, 100])
@pytest.mark.parametrize("feedback,damping", [(0.0, 0.0), (0.6, 0.0), (-0.9, 0.4)])
def test_a_whole_delay_is_a_filter(way, delay, feedback, damping):
    """y = z^-d (1 - a) / (1 - a z^-1 - g (1 - a) z^-d) x, of the feedback g and the damping a."""
    x = np.random.default_rng(1).standard_normal(500)
    above, below = np.zeros(delay + 1), np.zeros(delay + 1)
    above[delay] = 1 - damping
    below[0], below[1] = 1.0, -damping
    below[delay] -= feedback * (1 - damping)
    y = played(x, delay, feedback, damping)
    np.testing.assert_allclose(y, lfilter(above, below, x), rtol=0, atol=1e-12)
    if feedback == damping == 0:
        assert np.array_equal(y[delay:], x[:-delay]) and not y[:delay].any()


@pytest.mark.parametrize("delay", [2.5, 31.2, 99.9])
def test_a_low_sine_is_as_late_as_told(way, delay):
    """300 Hz at 48 kHz; the polynomial is right to the fourth power of the angle between two samples."""
    angle = 2 * np.pi * 300 / 48000
    n = np.arange(1000)
    y = played(np.sin(angle * n), delay)
    np.testing.assert_allclose(y[103:], np.sin(angle * (n - delay))[103:], rtol=0, atol=angle**4)


def test_a_moving_delay_changes_the_pitch(way):
    """A delay that grows by a hundredth of a sample each makes a sine of 0.99 times the frequency."""
    n = np.arange(2000)
    delay = 10 + 0.01 * n
    y = played(np.sin(0.05 * n), delay[None, None])
    np.testing.assert_allclose(y[100:], np.sin(0.05 * (n - np.minimum(delay, 100)))[100:], rtol=0, atol=1e-5)


def test_delays_outside_count_as_the_limits(way):
    x = np.random.default_rng(2).standard_normal(300)
    for outside, limit in [(1.99, 2), (-7.0, 2), (float("nan"), 2), (100.01, 100), (float("inf"), 100)]:
        assert np.array_equal(played(x, outside, 0.5), played(x, limit, 0.5))
    given = [part.detach() for part in some(samples=30)]
    for delay, moved in [(1.9, False), (2.0, True), (12.0, True), (12.1, False)]:
        given[1] = number(delay).requires_grad_()
        (d_delay,) = torch.autograd.grad(delay_line(*given)[0].square().sum(), given[1])
        assert (d_delay != 0) == moved


@pytest.mark.parametrize("moves", [True, False])
@pytest.mark.parametrize("samples", [1, 17])
def test_gradients(way, moves, samples):
    """Over blocks that are shorter than the memory, and longer."""
    assert torch.autograd.gradcheck(delay_line, some(samples=samples, moves=moves))


@needs_core
@pytest.mark.parametrize("moves", [True, False])
def test_the_core_equals_torch(monkeypatch, moves):
    def answer():
        wanted = some(3, samples=300, moves=moves)
        y, history, last = delay_line(*wanted)
        weight = torch.from_numpy(np.random.default_rng(4).standard_normal(y.shape))
        total = (y * weight).sum() + history.square().sum() + last.square().sum()
        return y, history, last, *torch.autograd.grad(total, wanted)

    core = answer()
    monkeypatch.setattr(module, "native", None)
    for ours, plain in zip(core, answer(), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-10, atol=1e-11)


def test_any_layout_and_no_sound(way):
    x, delay, feedback, damping, history, last = (part.detach() for part in some(6))
    turned, loose = x.transpose(0, 2).contiguous().transpose(0, 2), last.T.contiguous().T
    assert not turned.is_contiguous() and not loose.is_contiguous()
    expected = delay_line(x, delay, feedback, damping, history, last)
    got = delay_line(turned, delay, feedback.reshape(1, 1), damping[None], history, loose)
    assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))
    y, after, left = delay_line(x[..., :0], delay[..., :0], feedback, damping, history, last)
    assert y.shape == (2, 3, 0) and torch.equal(after, history) and torch.equal(left, last)


def test_float32_stays_float32(way):
    x, delay, feedback, damping, history, last = (part.detach() for part in some(7))
    y, after, left = delay_line(x.float(), delay.float(), feedback.float(), damping.float(), history, last)
    assert y.dtype == torch.float32 and after.dtype == left.dtype == torch.float64


def test_mistakes_are_told():
    x, delay, feedback, damping, history, last = given = some()
    for wrong in [
        (x[0], *given[1:]),
        (x, delay[:1], *given[2:]),
        (x, delay[..., :5], *given[2:]),
        (x, x, *given[2:]),
        (x, delay, delay, damping, history, last),
        (x, delay, feedback, delay, history, last),
        (x, delay, feedback, damping, history[:1], last),
        (x, delay, feedback, damping, history[..., :3], last),
        (x, delay, feedback, damping, last, last),
        (x, delay, feedback, damping, history, last[:1]),
    ]:
        with pytest.raises(
            ShapeError, match=r"a delay line wants x \[B, C, T\], delay \[B, 1, T\] or one number"
        ):
            delay_line(*wrong)


@needs_core
def test_the_binding_reads_no_further_than_it_was_given():
    """Whoever calls it past delay_line is told, and not answered from other memory."""
    line, y, last, one = np.zeros((4, 30)), np.zeros((4, 20)), np.zeros(4), np.zeros(1)
    module.native.delay_line_forward(line, one, 0.5, 0.5, 2, last, y)
    for wrong in [
        (line[:, :23].copy(), one, 0.5, 0.5, 2, last, y),
        (line, np.zeros(41), 0.5, 0.5, 2, last, y),
        (line, one, 0.5, 0.5, 3, last, y),
        (line, one, 0.5, 0.5, 0, last, y),
        (line, one, 0.5, 0.5, 2, last[:3], y),
        (line, one, 0.5, 0.5, 2, last, np.zeros(81)),
    ]:
        with pytest.raises(ValueError):
            module.native.delay_line_forward(*wrong)
