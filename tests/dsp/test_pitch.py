"""The pitch that is known is found, when it is there, whatever was believed before; and none where there is none."""

import math

import numpy as np
import pytest
import torch

from tonewright.dsp import pitch as module
from tonewright.dsp.pitch import first_track, framed_pitch, pitch
from tonewright.errors import ConfigError, ShapeError

needs_core = pytest.mark.skipif(module.native is None, reason="the native core was not built")
RATE, HOP = 16000, 160
SHAPES = {
    "saw": lambda k: 1 / k,
    "soft": lambda k: k**-2.5,
    "odd": lambda k: (k % 2) / k,
    "missing": lambda k: (k > 1) / k,
}


@pytest.fixture(params=[pytest.param("core", marks=needs_core), "torch"])
def way(request, monkeypatch):
    """Once by the native core, once without it."""
    if request.param == "torch":
        monkeypatch.setattr(module, "native", None)
    return request.param


def sound(f0_hz, rate: int = RATE, shape: str = "saw", noise_db: float = -60.0, seconds: float = 1.0):
    """[1, 1, T] with the pitch f0_hz, a number or one for each sample, and white noise so far below it."""
    f0_hz = np.broadcast_to(f0_hz, round(seconds * rate)) if np.ndim(f0_hz) == 0 else np.asarray(f0_hz)
    phase = 2 * np.pi * np.cumsum(f0_hz) / rate
    x = sum(
        SHAPES[shape](k) * np.where(k * f0_hz < 0.45 * rate, np.sin(k * phase + 0.7 * k * k), 0.0)
        for k in range(1, 31)
    )
    noise = np.random.default_rng(0).standard_normal(len(x))
    x = 0.1 * (x / np.sqrt(np.mean(x**2)) + 10 ** (noise_db / 20) * noise)
    return torch.from_numpy(x)[None, None]


def cents(f0_hz: torch.Tensor, truth) -> np.ndarray:
    return 1200 * np.log2(f0_hz[0, 0].numpy() / truth)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("f0_hz", [62.0, 98.0, 196.0, 440.0, 1047.0, 1950.0])
def test_a_steady_pitch(way, rate, shape, f0_hz):
    if shape == "missing" and 2 * f0_hz > 2000:
        pytest.skip("what is left of it is a tone of its own")
    x = sound(f0_hz, rate, shape, noise_db=-20.0, seconds=0.3)
    found, clarity = pitch(x, rate, rate // 100)
    assert found.shape == clarity.shape == (1, 1, 30)
    assert np.abs(cents(found, f0_hz)[3:-3]).max() < 15 and (clarity[..., 3:-3] > 0.7).all()


@pytest.mark.parametrize("f0_hz", [100.3, 777.7, 1234.5, 1999.0])
def test_to_a_cent_where_nothing_disturbs(way, f0_hz):
    assert np.abs(cents(pitch(sound(f0_hz, noise_db=-100.0), RATE, HOP)[0], f0_hz)[3:-3]).max() < 1.0


def test_a_glide_without_delay(way):
    """Up and down by two octaves a second: a frame of delay would be 24 cents."""
    t = np.arange(2 * RATE) / RATE
    truth = 150 * 2 ** (2 * np.minimum(t, 2 - t))
    off = cents(pitch(sound(truth), RATE, HOP)[0], truth[::HOP])
    assert abs(np.median(off[10:90]) - np.median(off[110:190])) / 2 < 1.0
    assert np.abs(off[5:95]).max() < 5 and np.abs(off[105:195]).max() < 5


def test_vibrato_and_steps(way):
    t = np.arange(2 * RATE) / RATE
    vibrato = 440 * 2 ** (0.5 / 12 * np.sin(2 * np.pi * 5.5 * t))
    assert np.abs(cents(pitch(sound(vibrato), RATE, HOP)[0], vibrato[::HOP])[3:-3]).max() < 10
    steps = np.repeat([220.0, 440.0, 110.0, 330.0, 165.0, 660.0, 82.4, 1318.0], RATE // 4)
    off = np.abs(cents(pitch(sound(steps, noise_db=-30.0), RATE, HOP)[0], steps[::HOP]))
    at = np.arange(200) % 25
    assert off[(at >= 3) & (at < 23)].max() < 10


@pytest.mark.parametrize("noise_db,share", [(-10.0, 0.99), (0.0, 0.9)])
def test_in_noise(way, noise_db, share):
    found, _ = pitch(sound(220.0, noise_db=noise_db, seconds=4.0), RATE, HOP)
    assert np.mean(np.abs(cents(found, 220.0)[3:-3]) < 50) >= share


@pytest.mark.parametrize("wrong", [0.25, 0.5, 2.0, 3.0, 4.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_wrong_octave_is_left_at_once(way, wrong, shape):
    track = torch.tensor([[220.0 * wrong, 1.0, 1.0]], dtype=torch.float64)
    y, after = framed_pitch(sound(220.0, shape=shape, seconds=0.04), track, RATE, HOP, 60.0, 2000.0)
    assert y.shape == (1, 2, 1) and abs(1200 * math.log2(float(y[0, 0, 0]) / 220)) < 10
    assert float(after[0, 0]) == float(y[0, 0, 0])


def test_no_pitch_in_silence_noise_and_rumble(way):
    t, rng = np.arange(RATE) / RATE, np.random.default_rng(0)
    note, still = sound(330.0)[0, 0].numpy(), np.zeros(RATE)
    hiss, rumble = (
        0.05 * rng.standard_normal(RATE),
        0.3 * np.sin(2 * np.pi * 15 * t) + 1e-4 * np.sin(2070 * t),
    )
    x = torch.from_numpy(np.concatenate([still, note, hiss, rumble, 1e-5 * note, still]))[None, None]
    f0_hz, clarity = (y[0, 0] for y in pitch(x, RATE, HOP))
    assert (f0_hz[:97] == math.sqrt(60 * 2000)).all() and not clarity[:97].any()
    assert (clarity[103:197] > 0.9).all()
    assert np.mean(clarity[203:297].numpy() > 0) < 0.02
    assert not clarity[303:].any() and len(set(f0_hz[303:].tolist())) == 1


@needs_core
@pytest.mark.parametrize(
    "rate,hop,lowest_hz", [(16000, 160, 60.0), (44100, 441, 180.0), (48000, 480, 55.0), (11025, 100, 80.0)]
)
def test_the_core_equals_torch(monkeypatch, rate, hop, lowest_hz):
    t = np.arange(rate) / rate
    glide = sound(100 * 8**t, rate, noise_db=-15.0)
    x = torch.cat([glide, torch.from_numpy(np.random.default_rng(3).standard_normal((1, 1, rate)))])
    highest_hz = min(1300.0, rate / 8)
    core = pitch(x, rate, hop, lowest_hz, highest_hz)
    monkeypatch.setattr(module, "native", None)
    for ours, plain in zip(core, pitch(x, rate, hop, lowest_hz, highest_hz), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-8, atol=1e-9)


def test_what_is_no_number_is_forgotten(way):
    x = sound(220.0)
    clean, _ = pitch(x, RATE, HOP)
    x[..., 4000] = torch.nan
    f0_hz, clarity = pitch(x, RATE, HOP)
    assert f0_hz.isfinite().all() and clarity.isfinite().all() and not clarity[..., 25].any()
    torch.testing.assert_close(f0_hz[..., 40:], clean[..., 40:])


def test_each_sound_by_itself_and_no_sound(way):
    x = torch.cat([sound(220.0), sound(500.0)])
    both, _ = pitch(x, RATE, HOP)
    assert torch.equal(both[1:], pitch(x[1:], RATE, HOP)[0])
    assert pitch(x[..., :159], RATE, HOP)[0].shape == (2, 1, 0)
    assert pitch(x[:0], RATE, HOP)[1].shape == (0, 1, 100)
    assert pitch(x.float(), RATE, HOP)[0].dtype == torch.float32


def test_it_goes_on_where_it_was(way):
    x, track = sound(220.0, noise_db=-6.0), first_track(1, 60.0, 2000.0)
    whole, end = framed_pitch(x, track, RATE, HOP, 60.0, 2000.0)
    first, between = framed_pitch(x[..., : 43 * HOP], track, RATE, HOP, 60.0, 2000.0)
    rest, after = framed_pitch(x[..., 40 * HOP :], between, RATE, HOP, 60.0, 2000.0)
    assert torch.equal(torch.cat([first, rest], dim=-1), whole) and torch.equal(after, end)


def test_mistakes_are_told():
    with pytest.raises(ShapeError, match=r"pitch wants x as \[B, 1, T\], and got \[1, 2, 10\]"):
        pitch(torch.zeros(1, 2, 10), RATE, HOP)
    x = torch.zeros(1, 1, 1000)
    for wrong, told in {
        (0, 160, 60, 2000): "at rates of 1 Hz to 384 kHz, and not at 0 Hz",
        (16000, 15, 60, 2000): "a hop of 16 to 320 samples, and not 15",
        (
            16000,
            160,
            49,
            2000,
        ): "49 Hz, and with a hop of 160 samples at 16000 Hz the lowest that can be tracked is 50",
        (16000, 160, math.nan, 2000): "the lowest pitch to track is nan",
        (16000, 160, 60, 2500): "up to 2000 Hz and above the lowest, 60 Hz, and the highest is to be 2500 Hz",
        (48000, 480, 60, 61): "above the lowest, 60 Hz, and the highest is to be 61 Hz",
    }.items():
        with pytest.raises(ConfigError, match=told):
            pitch(x, *wrong)
