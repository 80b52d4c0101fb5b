"""The bank of harmonics is the sum of sines that it says, in tune for hours, with the right gradients, both ways."""

import numpy as np
import pytest
import torch

from tonewright.dsp import oscillators as module
from tonewright.dsp.oscillators import advances, harmonic_amplitudes, harmonic_bank, pitch_ends
from tonewright.errors import ShapeError

needs_core = pytest.mark.skipif(module.native is None, reason="the native core was not built")
CASES = [(16000, 160, 100), (44100, 441, 30), (48000, 480, 7), (16000, 37, 5), (16000, 1, 3)]


@pytest.fixture(params=[pytest.param("core", marks=needs_core), "torch"])
def way(request, monkeypatch):
    """Once by the native core, once without it."""
    if request.param == "torch":
        monkeypatch.setattr(module, "native", None)
    return request.param


def some(
    harmonics: int, frames: int = 12, items: int = 2, low: float = 40.0, high: float = 900.0, seed: int = 0
):
    """f0_hz, amplitudes, the f0 and the amplitudes of the frame before, and a phase."""
    rng = np.random.default_rng(seed)
    f0_hz = torch.from_numpy(rng.uniform(low, high, (items, 1, frames)).astype(np.float32))
    amplitudes = (
        torch.from_numpy(rng.uniform(0, 1, (items, harmonics, frames)).astype(np.float32)) / harmonics
    )
    last = torch.from_numpy(rng.uniform(0, 1, (items, harmonics)).astype(np.float32)) / harmonics
    phase = torch.from_numpy(rng.integers(-(2**63), 2**63, items))
    return f0_hz, amplitudes, torch.full((items, 1), 100.0), last, phase


def plainly(f0_hz, amplitudes, hop, sample_rate, last_f0_hz, last, phase) -> np.ndarray:
    """Sample by sample in float64: the phase is the sum of the mean frequency between neighbours."""
    f0_hz, amplitudes = f0_hz.double().numpy()[:, 0], amplitudes.double().numpy()
    y = np.zeros((len(f0_hz), f0_hz.shape[1] * hop))
    k = np.arange(1, amplitudes.shape[1] + 1)
    for b in range(len(y)):
        turns, before, a = int(phase[b]) / 2**64, float(last_f0_hz[b]), last[b].double().numpy()
        for m, own in enumerate(f0_hz[b]):
            before = before or own
            heard = k * min(before, own) < sample_rate / 2
            for j in range(hop):
                now, then = (before + (own - before) * i / hop for i in (j, j + 1))
                level = heard * (a + (amplitudes[b, :, m] - a) * j / hop)
                y[b, m * hop + j] = level @ np.sin(2 * np.pi * k * turns)
                turns = (turns + (now + then) / 2 / sample_rate) % 1.0
            before, a = own, amplitudes[b, :, m]
    return y


@pytest.mark.parametrize("sample_rate,hop,harmonics", CASES)
def test_equals_the_sum_of_sines(way, sample_rate, hop, harmonics):
    f0_hz, amplitudes, *memory = some(harmonics)
    y, _ = harmonic_bank(f0_hz, amplitudes, hop, sample_rate, *memory)
    expected = plainly(f0_hz, amplitudes, hop, sample_rate, *memory)
    assert y.dtype == torch.float32 and y.shape == (2, 1, 12 * hop)
    np.testing.assert_allclose(y[:, 0].numpy(), expected, rtol=0, atol=3e-6)


def test_no_frame_before_is_the_own_pitch(way):
    f0_hz, amplitudes, _, last, phase = some(10)
    none = torch.zeros(2, 1)
    y, after = harmonic_bank(f0_hz, amplitudes, 50, 16000, none, last, phase)
    np.testing.assert_allclose(
        y[:, 0].numpy(), plainly(f0_hz, amplitudes, 50, 16000, none, last, phase), rtol=0, atol=3e-6
    )
    again, same = harmonic_bank(f0_hz, amplitudes, 50, 16000, f0_hz[..., 0], last, phase)
    assert torch.equal(y, again) and torch.equal(after, same)


def test_cut_between_frames_it_is_the_same_to_the_bit(way):
    f0_hz, amplitudes, last_f0, last, phase = some(40, frames=20)
    whole, end = harmonic_bank(f0_hz, amplitudes, 160, 16000, last_f0, last, phase)
    for cut in (0, 1, 7, 20):
        first = harmonic_bank(f0_hz[..., :cut], amplitudes[..., :cut], 160, 16000, last_f0, last, phase)
        memory = (f0_hz[..., cut - 1], amplitudes[..., cut - 1]) if cut else (last_f0, last)
        second = harmonic_bank(f0_hz[..., cut:], amplitudes[..., cut:], 160, 16000, *memory, first[1])
        both = torch.cat([first[0], second[0]], dim=-1)
        assert torch.equal(second[1], end)
        if way == "core":
            assert torch.equal(both, whole)
        torch.testing.assert_close(both, whole, rtol=0, atol=1e-6)


def test_in_tune_after_an_hour():
    """Against whole numbers: f0 in float32 is a whole number of 2^-20 Hz."""
    rng = np.random.default_rng(5)
    for sample_rate in (16000, 44100, 48000):
        hop, frames = sample_rate // 100, 360_000
        f0_hz = torch.from_numpy((440 + 10 * rng.standard_normal((1, frames))).astype(np.float32))
        ends = pitch_ends(f0_hz, torch.zeros(1), sample_rate)
        phase = int(advances(ends, hop, sample_rate).sum())
        units = [int(f) for f in (f0_hz[0].double() * 2**20).tolist()]
        total = 2 * sum(units) + units[0] - units[-1]  # of both ends of all frames
        exact = total * hop % (2 * sample_rate * 2**20) / (2 * sample_rate * 2**20)
        error = (phase / 2**64 - exact + 0.5) % 1.0 - 0.5
        assert abs(error) < 1e-9


def test_an_hour_long_note_sounds_as_its_first_second(way):
    f0_hz, one = torch.full((1, 1, 3), 441.0), torch.ones(1, 1, 3)
    start = torch.tensor([0])
    hour = 360_000 * advances(torch.full((1, 2, 1), 441.0, dtype=torch.float64), 160, 16000).sum()
    first, _ = harmonic_bank(f0_hz, one, 160, 16000, f0_hz[..., 0], one[..., 0], start)
    last, _ = harmonic_bank(f0_hz, one, 160, 16000, f0_hz[..., 0], one[..., 0], start + hour)
    torch.testing.assert_close(first, last, rtol=0, atol=1e-6)  # an hour is a whole number of turns


@pytest.mark.parametrize("f0", [0.0, 20.0, 55.0, 7999.0, 8000.0, 9e9, -5.0, float("nan"), float("inf")])
def test_any_pitch_is_held_within_what_can_be_heard(way, f0):
    f0_hz, amplitudes, last_f0, last, phase = some(100)
    y, after = harmonic_bank(torch.full_like(f0_hz, f0), amplitudes, 160, 16000, last_f0, last, phase)
    held = torch.full_like(f0_hz, min(max(f0, 0.0), 8000.0) if f0 == f0 else 0.0)
    other, same = harmonic_bank(held, amplitudes, 160, 16000, last_f0, last, phase)
    assert torch.isfinite(y).all() and torch.equal(y, other) and torch.equal(after, same)


def test_gradients_by_torch():
    f0_hz, amplitudes, last_f0, last, phase = some(6, frames=4, high=4000.0)
    wanted = [t.double().requires_grad_() for t in (amplitudes, last)]
    assert torch.autograd.gradcheck(
        lambda a, b: harmonic_bank(f0_hz, a, 7, 16000, last_f0, b, phase)[0], wanted
    )


@needs_core
@pytest.mark.parametrize("sample_rate,hop,harmonics", CASES)
def test_the_core_equals_float64(sample_rate, hop, harmonics):
    f0_hz, amplitudes, last_f0, last, phase = some(harmonics, high=3000.0)

    def answer(dtype):
        wanted = [t.to(dtype).requires_grad_() for t in (amplitudes, last)]
        y, after = harmonic_bank(f0_hz, wanted[0], hop, sample_rate, last_f0, wanted[1], phase)
        weight = torch.from_numpy(np.random.default_rng(4).standard_normal(y.shape)).to(dtype)
        return after, y, *torch.autograd.grad((y * weight).sum(), wanted)

    (after, *ours), (exact_after, *exact) = answer(torch.float32), answer(torch.float64)
    assert torch.equal(after, exact_after)
    for a, b in zip(ours, exact, strict=True):
        torch.testing.assert_close(a.double(), b, rtol=0, atol=1e-5 * max(1.0, float(b.detach().abs().max())))


def test_pieces_make_the_whole(monkeypatch):
    f0_hz, amplitudes, *memory = some(8)
    amplitudes, memory[1] = amplitudes.double(), memory[1].double()
    whole, _ = harmonic_bank(f0_hz, amplitudes, 20, 16000, *memory)
    monkeypatch.setattr(module, "PIECE", 2 * 8 * 20 * 5)
    torch.testing.assert_close(harmonic_bank(f0_hz, amplitudes, 20, 16000, *memory)[0], whole)


def test_a_tone_is_where_it_should_be(way):
    """Half a second of 200 Hz with a third harmonic of a tenth: two lines, and 100 dB below them nothing."""
    f0_hz, amplitudes = torch.full((1, 1, 50), 200.0), torch.zeros(1, 100, 50)
    amplitudes[:, 0], amplitudes[:, 2] = 1.0, 0.1
    y, _ = harmonic_bank(f0_hz, amplitudes, 160, 16000, f0_hz[..., 0], amplitudes[..., 0], torch.tensor([0]))
    levels = 2 * torch.fft.rfft(y[0, 0].double()).abs().numpy() / 8000
    assert levels[100] == pytest.approx(1.0, abs=1e-5) and levels[300] == pytest.approx(0.1, abs=1e-5)
    levels[[100, 300]] = 0.0
    assert levels.max() < 1e-5


def test_amplitudes_are_shares_of_what_can_be_heard():
    f0_hz = torch.tensor([[[100.0, 900.0, 3000.0, 7900.0, 8000.0]]])
    shares, level = torch.ones(1, 20, 5), torch.full((1, 1, 5), 0.5)
    made = harmonic_amplitudes(f0_hz, shares, level, 16000)
    torch.testing.assert_close(made.sum(1)[0, :4], torch.full((4,), 0.5))
    assert (made[0, :, 4] == 0).all()
    audible = torch.arange(1, 21)[:, None] * f0_hz[0] < 8000
    assert torch.equal(made[0] > 0, audible)
    assert made[0, 7, 1] == pytest.approx(float(made[0, 0, 1]))  # 7200 Hz: not yet fading
    assert 0 < made[0, 0, 3] == pytest.approx(0.5, abs=1e-4)


def test_amplitudes_have_the_right_gradients():
    f0_hz = torch.tensor([[[100.0, 1900.0]]], dtype=torch.float64, requires_grad=True)
    rng = np.random.default_rng(0)
    shares = torch.from_numpy(rng.uniform(0.1, 1, (1, 6, 2))).requires_grad_()
    level = torch.from_numpy(rng.uniform(0.1, 1, (1, 1, 2))).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda a, b: harmonic_amplitudes(f0_hz.detach(), a, b, 16000), (shares, level)
    )
    made = harmonic_amplitudes(f0_hz, shares, level, 16000)
    assert torch.autograd.grad(made.sum(), f0_hz, allow_unused=True) == (None,)


def test_mistakes_are_told():
    f0_hz, amplitudes, last_f0, last, phase = some(5)
    for wrong in [
        (f0_hz[:, 0], amplitudes, last_f0, last, phase),
        (f0_hz, amplitudes[0], last_f0, last, phase),
        (f0_hz, amplitudes[:, :0], last_f0, last[:, :0], phase),
        (f0_hz, amplitudes, last_f0[0], last, phase),
        (f0_hz, amplitudes, last_f0, last[:, :2], phase),
        (f0_hz, amplitudes, last_f0, last, phase.double()),
        (f0_hz, amplitudes, last_f0, last, phase[:1]),
    ]:
        with pytest.raises(ShapeError, match=r"a bank of harmonics wants f0_hz \[B, 1, F\]"):
            harmonic_bank(*wrong[:2], 10, 16000, *wrong[2:])
    for wrong in [(f0_hz[:1], amplitudes, f0_hz), (f0_hz, amplitudes, f0_hz[..., :3]), (f0_hz, last, f0_hz)]:
        with pytest.raises(ShapeError, match="harmonics want f0_hz and amplitude"):
            harmonic_amplitudes(*wrong, 16000)
