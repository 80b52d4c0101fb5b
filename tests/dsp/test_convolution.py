"""A long convolution is scipy's, however it is cut and whichever way it is computed."""

import pytest
import torch
from scipy import signal

from tonewright.dsp import convolution
from tonewright.dsp.convolution import long_fir
from tonewright.errors import ShapeError


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "frames,taps",
    [
        *((1, 1), (5, 1), (1, 500), (32, 500), (33, 65), (100, 64)),
        *((400, 3000), (40000, 300), (50000, 9000), (300000, 80)),
    ],
)
def test_equals_scipy(frames, taps):
    """By sums and by transforms, of one piece and of many; a memory is the sound before."""
    x, response = noise(2, 3, taps - 1 + frames), noise(taps, seed=1)
    expect = signal.fftconvolve(x.numpy(), response[None, None].numpy(), axes=-1)
    expect = torch.from_numpy(expect)[..., taps - 1 : taps - 1 + frames]
    y, memory = long_fir(x[..., taps - 1 :], response, x[..., : taps - 1])
    torch.testing.assert_close(y, expect, rtol=1e-10, atol=1e-10)
    assert torch.equal(memory, x[..., frames:])


def test_a_short_one_is_a_filter():
    x, response = noise(1, 1, 2000), noise(200, seed=1)
    y, _ = long_fir(x, response, torch.zeros(1, 1, 199, dtype=torch.float64))
    expect = torch.from_numpy(signal.lfilter(response.numpy(), [1.0], x.numpy()))
    torch.testing.assert_close(y, expect, rtol=1e-10, atol=1e-10)


def test_float_errs_by_its_rounding_only():
    x, response = noise(1, 1, 60000), noise(9000, seed=1) * torch.exp(-torch.arange(9000.0) / 2000)
    silence = torch.zeros(1, 1, 8999, dtype=torch.float64)
    exact, _ = long_fir(x, response, silence)
    y, _ = long_fir(x.float(), response.float(), silence.float())
    assert (y - exact).abs().max() < 1e-6 * exact.abs().max()


@pytest.mark.parametrize("summed", [(100, 100), (0, 0)])
def test_gradients(summed, monkeypatch):
    """To the sound, the response and the memory, through several pieces."""
    monkeypatch.setattr(convolution, "SUMMED", summed)
    monkeypatch.setattr(convolution, "SHORTEST", 8)
    monkeypatch.setattr(convolution, "TOGETHER", 2)
    given = [noise(2, 2, 17).requires_grad_(), noise(4).requires_grad_(), noise(2, 2, 3).requires_grad_()]
    assert torch.autograd.gradcheck(long_fir, given)


def test_transforms_do_not_grow_with_the_sound():
    assert convolution._size(10**9, 88200) <= 1.1 * 4 * 88200
    assert convolution._size(10**9, 300) <= 1.1 * convolution.SHORTEST
    assert convolution._size(701, 300) <= 1100
    assert convolution._size(16400, 300) <= 9000  # two pieces of the same size


def test_nothing_in_is_nothing_out():
    for taps in (1, 3, 100):
        memory = noise(1, 2, taps - 1)
        y, after = long_fir(noise(1, 2, 0), noise(taps), memory)
        assert y.shape == (1, 2, 0) and torch.equal(after, memory)


@pytest.mark.parametrize(
    "x,response,memory",
    [
        ((2, 5), (3,), (2, 2)),
        ((1, 2, 5), (1, 3), (1, 2, 2)),
        ((1, 2, 5), (0,), (1, 2, 0)),
        ((1, 2, 5), (3,), (1, 2, 3)),
        ((1, 2, 5), (3,), (1, 1, 2)),
        ((1, 2, 5), (3,), (2, 2)),
    ],
)
def test_shapes_are_checked(x, response, memory):
    with pytest.raises(ShapeError, match=r"got"):
        long_fir(torch.zeros(x), torch.zeros(response), torch.zeros(memory))
