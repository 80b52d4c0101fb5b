"""The phasor is where fractions say, after hours and wherever blocks are cut, and teaches its rate and its phase."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from tonewright.dsp.phasor import phasor
from tonewright.errors import ConfigError, ShapeError

HOURS = 10 * 3600 * 48000


def ramp(rate_hz: float, phase: float, first: int, samples: int = 1000, dtype=torch.float64) -> np.ndarray:
    made, count = phasor(
        samples,
        torch.tensor(rate_hz, dtype=torch.float64),
        torch.tensor(phase, dtype=torch.float64),
        48000,
        torch.tensor([first]),
        dtype,
    )
    assert made.shape == (1, 1, samples) and made.dtype == dtype and count.tolist() == [first + samples]
    return made[0, 0].numpy()


@pytest.mark.parametrize("first", [0, -480, HOURS, -HOURS, 2**53])
@pytest.mark.parametrize(
    "rate_hz,phase", [(0.1, 0.0), (7.3, 0.25), (23999.9, -0.3), (1e-4, 1e6), (440.0, -123.456)]
)
def test_equals_whole_numbers(rate_hz, phase, first):
    step, start = round(Fraction(rate_hz / 48000) * 2**64), round(Fraction(phase) * 2**64)
    turns = [(start + step * n) % 2**64 for n in range(first, first + 1000)]
    assert ramp(rate_hz, phase, first).tolist() == [(t >> 11) / 2**53 for t in turns]
    narrow = ramp(rate_hz, phase, first, dtype=torch.float32)
    assert narrow.tolist() == [(t >> 40) / 2**24 for t in turns]


def test_does_not_drift():
    """After ten hours it is where the true rate is, to a millionth of a turn."""
    rate_hz, phase = 5.7, 0.2
    for n, got in enumerate(ramp(rate_hz, phase, HOURS, 200).tolist(), HOURS):
        away = abs(got - float((Fraction(phase) + n * Fraction(rate_hz) / 48000) % 1))
        assert min(away, 1 - away) < 1e-6


def test_begins_at_its_phase():
    assert ramp(10.0, 0.375, 0)[0] == 0.375 and ramp(10.0, -0.25, 0)[0] == 0.75
    half = ramp(12000.0, 0.0, 0, 8, torch.float16)
    assert half.tolist() == [0.0, 0.25, 0.5, 0.75] * 2


def test_does_not_hear_where_blocks_are_cut():
    rate, phase = torch.tensor(3.3), torch.tensor(0.1)
    first = torch.tensor([5, -700, HOURS])
    whole, end = phasor(1000, rate, phase, 48000, first)
    parts, count = [], first
    for samples in (1, 0, 7, 64, 500, 428):
        part, count = phasor(samples, rate, phase, 48000, count)
        parts.append(part)
    assert torch.equal(torch.cat(parts, dim=-1), whole) and torch.equal(count, end)
    assert whole.shape == (3, 1, 1000) and first.tolist() == [5, -700, HOURS]


def test_gradients():
    """Those of phase + n rate / sample_rate, as if it never leapt; a sine does not see the leaps."""
    rate, phase = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (2000.0, 0.3))

    def wave(rate, phase):
        made, _ = phasor(60, rate, phase, 48000, torch.tensor([-5, 1000]), torch.float64)
        return torch.sin(2 * math.pi * made)

    assert torch.autograd.gradcheck(wave, (rate, phase), eps=1e-5)
    made, _ = phasor(3, rate, phase, 48000, torch.tensor([7]))
    slopes = [torch.autograd.grad(made[0, 0, t], (rate, phase), retain_graph=True) for t in range(3)]
    assert made.dtype == torch.float32
    for t, (by_rate, by_phase) in enumerate(slopes):
        assert float(by_phase) == 1.0 and float(by_rate) == pytest.approx((7 + t) / 48000)


def test_gradients_leave_the_ramp_as_it_is():
    rate, phase = torch.tensor(3.3), torch.tensor(0.7)
    plain, _ = phasor(5000, rate, phase, 48000, torch.tensor([HOURS]))
    taught, _ = phasor(5000, rate.requires_grad_(), phase.requires_grad_(), 48000, torch.tensor([HOURS]))
    assert taught.requires_grad and torch.equal(plain, taught)


def test_mistakes_are_told():
    one, count = torch.tensor(1.0), torch.tensor([0])
    for rate in (0.0, -1.0, 24000.0, math.nan):
        with pytest.raises(ConfigError, match=r"above 0 and below 24000.0 Hz"):
            phasor(4, torch.tensor(rate), one, 48000, count)
    for phase in (1.1e6, math.nan, -math.inf):
        with pytest.raises(ConfigError, match="within a million turns"):
            phasor(4, one, torch.tensor(phase), 48000, count)
    for wrong in [
        (torch.ones(2), one, count),
        (one, torch.ones(2), count),
        (one, one, count.double()),
        (one, one, count[0]),
    ]:
        with pytest.raises(ShapeError, match=r"one rate, one phase and a count \[B\] of int64"):
            phasor(4, *wrong[:2], 48000, wrong[2])
