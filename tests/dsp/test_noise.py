"""The noise is the same everywhere, its filters pass what they are told, and no frame is heard as such."""

import numpy as np
import pytest
import torch
from scipy import signal

from tonewright.dsp import noise as module
from tonewright.dsp.noise import _halves, filtered_noise, noise_filters, white_noise
from tonewright.errors import ShapeError

needs_core = pytest.mark.skipif(module.native is None, reason="the native core was not built")
CASES = [(65, 160), (65, 441), (33, 480), (2, 10), (5, 1), (20, 37)]


@pytest.fixture(params=[pytest.param("core", marks=needs_core), "torch"])
def way(request, monkeypatch):
    """Once by the native core, once without it."""
    if request.param == "torch":
        monkeypatch.setattr(module, "native", None)
    return request.param


def some(bands: int, frames: int = 9, seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Magnitudes, those of the frame before, seeds and counts of two sounds."""
    rng = np.random.default_rng(seed)
    magnitudes = torch.from_numpy(rng.uniform(0, 1, (2, bands, frames)).astype(np.float32))
    last = torch.from_numpy(rng.uniform(0, 1, (2, bands)).astype(np.float32))
    return magnitudes, last, torch.tensor([0, -(2**62)]), torch.tensor([0, 10**12])


def test_the_numbers_are_those_of_split_mix():
    """Published for seed 0 (Vigna, splitmix64.c): the first outputs of the generator."""
    published = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC]
    upper = [(n >> 40) - ((n >> 63) << 24) for n in published]
    zero = torch.tensor([0])
    assert (white_noise(zero, zero, 4)[0] * 2**23).tolist() == upper


def test_noise_is_even_and_without_memory():
    x = white_noise(torch.tensor([3, 4]), torch.tensor([-50000, 10**15]), 200_000)
    assert x.min() >= -1 and x.max() < 1
    assert float(x.mean()) == pytest.approx(0, abs=3e-3)
    assert float(x.square().mean()) == pytest.approx(1 / 3, abs=3e-3)
    for other in (x[:, 1:] * x[:, :-1], x[:, 100:] * x[:, :-100], x[0] * x[1]):
        assert float(other.mean()) == pytest.approx(0, abs=4e-3)


def test_noise_is_numbered_by_samples():
    seed = torch.tensor([7])
    whole = white_noise(seed, torch.tensor([-5]), 30)
    assert torch.equal(white_noise(seed, torch.tensor([6]), 10), whole[:, 11:21])


@pytest.mark.parametrize("bands", [2, 3, 65, 128])
def test_filters_are_windowed_inverse_transforms(bands):
    magnitudes = some(bands)[0].double()
    taps = 2 * (bands - 1)
    expected = np.fft.irfft(magnitudes.numpy(), n=taps, axis=1)
    expected = np.roll(expected, taps // 2, axis=1) * signal.get_window("hann", taps)[:, None]
    np.testing.assert_allclose(noise_filters(magnitudes).numpy(), expected, rtol=0, atol=1e-12)
    flat = noise_filters(torch.ones(1, bands, 1, dtype=torch.float64))[0, :, 0].numpy()
    np.testing.assert_allclose(flat, np.arange(taps) == taps // 2, rtol=0, atol=1e-12)


@pytest.mark.parametrize("bands,hop", CASES)
def test_equals_two_convolutions(way, bands, hop):
    """The whole noise through each filter, and a straight line from one to the other."""
    magnitudes, last, seed, count = some(bands)
    y, after = filtered_noise(magnitudes, hop, last, seed, count)
    filters = noise_filters(torch.cat([last[..., None], magnitudes], dim=-1).double()).numpy()
    reach = bands - 1
    around = white_noise(seed, count - reach, 9 * hop + 2 * reach).double().numpy()
    rise = np.arange(hop) / hop
    for b in range(2):
        through = [np.convolve(around[b], h)[2 * reach :][: 9 * hop] for h in filters[b].T]
        for m in range(9):
            at = slice(m * hop, (m + 1) * hop)
            expected = (1 - rise) * through[m][at] + rise * through[m + 1][at]
            np.testing.assert_allclose(y[b, 0, at].numpy(), expected, rtol=0, atol=2e-6)
    assert y.shape == (2, 1, 9 * hop) and y.dtype == torch.float32 and torch.equal(after, count + 9 * hop)


def test_cut_between_frames_it_is_the_same(way):
    magnitudes, last, seed, count = some(65, frames=20)
    whole, end = filtered_noise(magnitudes, 160, last, seed, count)
    for cut in (0, 1, 7, 20):
        first, middle = filtered_noise(magnitudes[..., :cut], 160, last, seed, count)
        before = magnitudes[..., cut - 1] if cut else last
        second, after = filtered_noise(magnitudes[..., cut:], 160, before, seed, middle)
        assert torch.equal(after, end)
        torch.testing.assert_close(torch.cat([first, second], dim=-1), whole, rtol=0, atol=1e-6)


def band(bands: int, only: int | None) -> torch.Tensor:
    magnitudes = torch.ones(1, bands) if only is None else torch.zeros(1, bands)
    if only is not None:
        magnitudes[:, only] = 1.0
    return magnitudes


@pytest.mark.parametrize("only", [None, 8])
def test_no_frame_is_heard(way, only):
    """The level is the same all through a frame, and nothing repeats at the rate of the frames."""
    hop, frames, items = 160, 400, 16
    last = band(65, only).expand(items, -1)
    magnitudes = last[..., None].expand(-1, -1, frames)
    y, _ = filtered_noise(magnitudes, hop, last, torch.arange(items), torch.zeros(items, dtype=torch.int64))
    power = y.double().square().reshape(-1, hop).mean(0).numpy()
    level = np.sqrt(power.mean())
    expected = noise_filters(last[:1, :, None].double()).square().sum().div(3).sqrt()
    assert level == pytest.approx(float(expected), rel=0.02)
    assert np.abs(np.sqrt(power) / level - 1).max() < 0.05
    envelope = np.abs(np.fft.rfft(y[:, 0].double().square().numpy())).mean(0)
    line = frames  # this many periods of 1 / hop
    around = np.r_[envelope[line - 40 : line - 5], envelope[line + 6 : line + 41]]
    assert envelope[line] < around.mean() + 4 * around.std()


def test_a_steady_filter_is_that_filter(way):
    last = some(65)[1]
    y, _ = filtered_noise(last[..., None].expand(-1, -1, 5), 160, last, *some(65)[2:])
    seed, count = some(65)[2:]
    around, h = (
        white_noise(seed, count - 64, 5 * 160 + 128).numpy(),
        noise_filters(last[..., None])[..., 0].numpy(),
    )
    for b in range(2):
        expected = np.convolve(around[b], h[b])[128:][:800]
        np.testing.assert_allclose(y[b, 0].numpy(), expected, rtol=0, atol=2e-6)


def test_gradients_by_torch():
    magnitudes, last, seed, count = some(6, frames=3)
    wanted = [t.double().requires_grad_() for t in (magnitudes, last)]
    assert torch.autograd.gradcheck(lambda a, b: filtered_noise(a, 7, b, seed, count)[0], wanted)


@needs_core
@pytest.mark.parametrize("bands,hop", CASES)
def test_the_core_equals_float64(bands, hop):
    magnitudes, last, seed, count = some(bands)

    def answer(dtype):
        wanted = [t.to(dtype).requires_grad_() for t in (magnitudes, last)]
        y, _ = filtered_noise(wanted[0], hop, wanted[1], seed, count)
        weight = torch.from_numpy(np.random.default_rng(4).standard_normal(y.shape)).to(dtype)
        return y, *torch.autograd.grad((y * weight).sum(), wanted)

    for ours, exact in zip(answer(torch.float32), answer(torch.float64), strict=True):
        scale = max(1.0, float(exact.detach().abs().max()))
        torch.testing.assert_close(ours.double(), exact, rtol=0, atol=2e-6 * scale)


def test_mistakes_are_told():
    magnitudes, last, seed, count = some(5)
    for wrong in [
        (magnitudes[0], last, seed, count),
        (magnitudes, last[:, :2], seed, count),
        (magnitudes, last, seed[:1], count),
        (magnitudes, last, seed, count.double()),
    ]:
        with pytest.raises(ShapeError, match=r"filtered noise wants magnitudes \[B, bands, F\]"):
            filtered_noise(wrong[0], 10, *wrong[1:])
    for wrong in (magnitudes[0], magnitudes[:, :1]):
        with pytest.raises(ShapeError, match="2 bands or more"):
            noise_filters(wrong)


def test_who_only_listens_first_does_not_keep_others_from_learning():
    bands = 23  # that nobody else has
    with torch.inference_mode():
        _halves(torch.rand(1, bands, 4))
    magnitudes = torch.rand(1, bands, 4, requires_grad=True)
    _halves(magnitudes).sum().backward()
    assert magnitudes.grad.shape == magnitudes.shape
