"""Processors give what scipy gives, or what their formula does when it is written down sample by sample."""

import math

import numpy as np
import pytest
import torch
from numpy.polynomial.chebyshev import chebval
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

from tests.dsp.test_filters import RATE as FILTERED
from tests.dsp.test_filters import cookbook
from tests.models.chain.made import RATE, made, played

NOISE = np.random.default_rng(0).uniform(-0.9, 0.9, 3000)
CLOSE = {"rtol": 0, "atol": 1e-6}  # settings are kept in float32


def of(kind: str, x: np.ndarray = NOISE, size: int | None = None, channels: int = 1, rate=RATE, **settings):
    processor = made(kind, channels, size, rate)
    processor.set(**settings)
    return played(processor, x)


def tone(hz: float, samples: int = 3000, at: float = 0.0) -> np.ndarray:
    return 0.8 * np.sin(2 * math.pi * hz * (np.arange(samples) - at) / RATE)


# Level.


def test_gain_polarity_and_offset():
    np.testing.assert_allclose(of("gain", gain_db=-6.0), NOISE * 10 ** (-6 / 20), **CLOSE)
    np.testing.assert_allclose(of("gain", gain_db=60.0) / 1000, NOISE, **CLOSE)
    np.testing.assert_array_equal(of("polarity", sign=-1.0), -NOISE)
    np.testing.assert_array_equal(of("polarity"), NOISE)
    np.testing.assert_array_equal(of("offset", level=0.25), NOISE + 0.25)


@pytest.mark.parametrize("hz", [0.5, 10.0, 100.0])
def test_dc_blocker(hz):
    x = NOISE + 0.5
    expect = sosfilt(butter(1, hz, "highpass", fs=RATE, output="sos"), x)
    np.testing.assert_allclose(of("dc-blocker", x, cutoff_hz=hz), expect, **CLOSE)


@pytest.mark.parametrize("samples", [0, 1, 50, 441])
def test_a_delay_of_whole_samples(samples):
    late = np.concatenate([np.zeros(samples + 2), NOISE])[: len(NOISE)]
    assert made("delay").latency == 2
    np.testing.assert_allclose(of("delay", delay_ms=1000 * samples / RATE), late, rtol=0, atol=2e-5)


@pytest.mark.parametrize("samples", [0.25, 7.5, 100.9])
def test_a_delay_between_samples(samples):
    got = of("delay", tone(500.0), delay_ms=1000 * samples / RATE)
    np.testing.assert_allclose(got[200:], tone(500.0, at=samples + 2)[200:], rtol=0, atol=2e-5)


def test_the_longest_delay():
    x = np.zeros(RATE + 10)
    x[0] = 1.0
    y = of("delay", x, delay_ms=1000.0)
    assert y[RATE + 2] == pytest.approx(1.0) and np.abs(np.delete(y, RATE + 2)).max() < 1e-6


# Filters.

PASSES = [("highpass", "high_pass", 90.0), ("highpass", "high_pass", 7000.0)]
PASSES += [("lowpass", "low_pass", 300.0), ("lowpass", "low_pass", 19000.0)]
BENDS = [("lowshelf", "low_shelf", 200.0), ("highshelf", "high_shelf", 3000.0), ("peak", "bell", 1000.0)]


@pytest.mark.parametrize("kind,name,hz", PASSES)
@pytest.mark.parametrize("q", [0.4, 0.7071, 7.0])
def test_passes_are_the_cookbooks(kind, name, hz, q):
    b, a = cookbook(name, hz, q, 0.0)
    got = of(kind, rate=FILTERED, cutoff_hz=hz, q=q)
    np.testing.assert_allclose(got, sosfilt([[*b, *a]] / np.array(a[0]), NOISE), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind,name,hz", BENDS)
@pytest.mark.parametrize("q", [0.4, 0.7071, 1.9])
@pytest.mark.parametrize("gain_db", [-20.0, 0.0, 3.0, 24.0])
def test_shelves_and_bells_are_the_cookbooks(kind, name, hz, q, gain_db):
    b, a = cookbook(name, hz, q, gain_db)
    turned = {made(kind).settings[0].name: hz, "q": q, "gain_db": gain_db}
    expect = sosfilt([[*b, *a]] / np.array(a[0]), NOISE)
    np.testing.assert_allclose(
        of(kind, rate=FILTERED, **turned), expect, rtol=0, atol=1e-5 * np.abs(expect).max()
    )


def test_eq_is_five_of_them():
    turned = {"low_hz": 100.0, "low_gain_db": 4.0, "bass_hz": 200.0, "bass_gain_db": -5.0, "bass_q": 2.0}
    turned |= {"mid_hz": 1000.0, "mid_gain_db": 6.0, "mid_q": 0.5, "presence_hz": 4000.0}
    turned |= {"presence_gain_db": -8.0, "presence_q": 3.0, "high_hz": 9000.0, "high_gain_db": 10.0}
    rows = [("low_shelf", 100, 0.70710678, 4), ("bell", 200, 2, -5), ("bell", 1000, 0.5, 6)]
    rows += [("bell", 4000, 3, -8), ("high_shelf", 9000, 0.70710678, 10)]
    sections = [np.concatenate([b, a]) / a[0] for b, a in (cookbook(*row) for row in rows)]
    np.testing.assert_allclose(of("eq", rate=FILTERED, **turned), sosfilt(sections, NOISE), rtol=0, atol=2e-5)


# Shapers.


def test_tanh_clip_and_asymmetric():
    d = 10 ** (12 / 20)
    np.testing.assert_allclose(of("tanh", drive_db=12.0), np.tanh(d * NOISE) / d, **CLOSE)
    ceiling = 10 ** (-6 / 20)
    np.testing.assert_allclose(of("clip", ceiling_db=-6.0), np.clip(NOISE, -ceiling, ceiling), **CLOSE)
    b = 0.5
    expect = (np.tanh(d * NOISE + b) - np.tanh(b)) / (d * (1 - np.tanh(b) ** 2))
    np.testing.assert_allclose(of("asymmetric", drive_db=12.0, bias=b), expect, **CLOSE)


@pytest.mark.parametrize("kind", ["tanh", "clip", "asymmetric"])
def test_quiet_sounds_pass_a_shaper_as_they_are(kind):
    quiet = NOISE * 1e-5
    np.testing.assert_allclose(of(kind, quiet), quiet, rtol=1e-3, atol=1e-9)


@pytest.mark.parametrize("size", [1, 2, 9, 32])
def test_a_curve_is_of_chebyshev_and_through_nothing(size):
    weights = np.random.default_rng(size).uniform(-0.5, 0.5, size)
    whole = np.concatenate([[0.0], weights])
    expect = chebval(np.tanh(NOISE * 2), whole) - chebval(0.0, whole)
    got = of("curve", size=size, drive_db=20 * math.log10(2), weights=weights)
    np.testing.assert_allclose(got, expect, rtol=0, atol=1e-5)
    assert np.abs(of("curve", np.zeros(5), size=size, weights=weights)).max() < 1e-12


# Dynamics, of which levels and gains are read off at the end of a long constant.


def above(level: float, threshold: float, knee: float, ratio: float) -> float:
    """Giannoulis, Massberg and Reiss, 2012, equation 4: the level that comes out, in dB."""
    over = level - threshold
    if 2 * over < -knee:
        return level
    if 2 * abs(over) <= knee and knee:
        return level + (1 / ratio - 1) * (over + knee / 2) ** 2 / (2 * knee)
    return threshold + over / ratio


def below(level: float, threshold: float, knee: float, ratio: float, most: float) -> float:
    """The same of an expander: what is under the threshold is turned down, by at most so much."""
    under = threshold - level
    if 2 * under < -knee:
        return level
    if 2 * abs(under) <= knee and knee:
        turned = (ratio - 1) * (under + knee / 2) ** 2 / (2 * knee)
    else:
        turned = (ratio - 1) * under
    return level - min(turned, -most)


def settled(kind: str, level_db: float, **settings) -> float:
    y = of(kind, np.full(4000, -(10 ** (level_db / 20))), attack_ms=0.02, release_ms=1.0, **settings)
    return 20 * math.log10(-y[-1])


@pytest.mark.parametrize("level", [-60.0, -33.0, -30.0, -27.5, -24.0, -12.0, 0.0])
@pytest.mark.parametrize("knee", [0.0, 6.0, 18.0])
def test_static_curves(level, knee):
    near = {"abs": 0.02}  # dB; a level counts from -120 dB on
    got = settled("compressor", level, threshold_db=-30.0, ratio=4.0, knee_db=knee, makeup_db=3.0)
    assert got == pytest.approx(above(level, -30.0, knee, 4.0) + 3.0, **near)
    got = settled("limiter", level, threshold_db=-30.0, knee_db=knee, makeup_db=-2.0)
    assert got == pytest.approx(above(level, -30.0, knee, math.inf) - 2.0, **near)
    for kind in ("expander", "gate"):
        for ratio, most in ((2.0, -60.0), (2.0, -10.0), (20.0, -50.0), (1.0, -60.0)):
            got = settled(kind, level, threshold_db=-30.0, ratio=ratio, knee_db=knee, range_db=most)
            assert got == pytest.approx(below(level, -30.0, knee, ratio, most), abs=0.02 * ratio)


def gain_db(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return 20 * np.log10(y / x)


@pytest.mark.parametrize("kind,turned", [("limiter", {}), ("compressor", {"ratio": 5.0, "average_ms": 0.01})])
def test_the_gain_falls_by_the_attack_and_rises_by_the_release(kind, turned):
    """63 % of the way in that time, and the rest of the exponential."""
    attack, release, step = 8.0, 30.0, 4000
    x = np.concatenate([np.full(step, 0.5), np.full(step, 0.001)])
    got = gain_db(of(kind, x, threshold_db=-30.0, attack_ms=attack, release_ms=release, **turned), x)
    down = above(20 * math.log10(0.5), -30.0, 6.0, turned.get("ratio", math.inf)) - 20 * math.log10(0.5)
    n = np.arange(1, step + 1) / (RATE / 1000)
    near = 0.001 if kind == "limiter" else 0.05  # dB: the compressor hears a level that is rising itself
    np.testing.assert_allclose(got[:step], down * (1 - np.exp(-n / attack)), rtol=0, atol=near)
    np.testing.assert_allclose(got[step:], down * np.exp(-n / release), rtol=0, atol=near * 4)


@pytest.mark.parametrize("kind", ["expander", "gate"])
def test_a_gate_begins_shut_and_opens_by_the_attack(kind):
    attack, release, step = 8.0, 30.0, 4000
    x = np.concatenate([np.full(step, 0.5), np.full(step, 1e-5)])
    turned = {"threshold_db": -20.0, "ratio": 10.0, "range_db": -40.0}
    got = gain_db(of(kind, x, attack_ms=attack, release_ms=release, **turned), x)
    n = np.arange(1, step + 1) / (RATE / 1000)
    np.testing.assert_allclose(got[:step], -40.0 * np.exp(-n / attack), rtol=0, atol=0.01)
    np.testing.assert_allclose(got[step:], -40.0 * (1 - np.exp(-n / release)), rtol=0, atol=0.01)


def test_a_compressor_hears_the_mean_of_a_tone():
    x = tone(2000.0, 60000) / 0.8
    turned = {"threshold_db": -40.0, "ratio": 3.0, "attack_ms": 50.0, "release_ms": 50.0, "knee_db": 0.0}
    y = of("compressor", x, average_ms=100.0, **turned)
    loud = 20 * math.log10(2 / math.pi)
    reduction = 20 * math.log10(np.abs(y[-2000:]).max())
    assert reduction == pytest.approx(above(loud, -40.0, 0.0, 3.0) - loud, abs=0.05)


# What moves.


def lfo(samples: int, rate_hz: float, phase: float, shape: float) -> np.ndarray:
    turns = (phase + rate_hz * np.arange(samples) / RATE) % 1.0
    return (1 - shape) * np.cos(2 * math.pi * turns) + shape * (np.abs(turns - 0.5) * 4 - 1)


SWINGS = [(0.7, 0.0, 0.0), (5.0, 0.3, 1.0), (20.0, 0.9, 0.4)]
SWING = pytest.mark.parametrize("rate_hz,phase,shape", SWINGS)


@SWING
def test_tremolo(rate_hz, phase, shape):
    swing = {"rate_hz": rate_hz, "phase": phase, "shape": shape}
    expect = NOISE * (1 - 0.8 * (1 - lfo(3000, **swing)) / 2)
    np.testing.assert_allclose(of("tremolo", depth=0.8, **swing), expect, **CLOSE)


@SWING
def test_optical_tremolo(rate_hz, phase, shape):
    swing = {"rate_hz": rate_hz, "phase": phase, "shape": shape}
    slow, fast = 90.0 * RATE / 1000, 4.0 * RATE / 1000
    lamp = (1 - 0.9 * (1 - lfo(3000, **swing)) / 2) ** 1.9
    light, expect = 1.0, []
    b = math.exp(math.log(1e6) / math.log(300.0)) - math.e
    for wanted, x in zip(lamp, NOISE, strict=True):
        light += (wanted - light) / (1 + slow ** (1 - light) * fast**light)
        resistance = math.exp(math.log(1e6) / math.log(math.e + b * light))
        expect.append(x * 2700 / (2700 + resistance))
    got = of("optical-tremolo", depth=0.9, dark_ms=90.0, bright_ms=4.0, **swing)
    np.testing.assert_allclose(got, expect, rtol=0, atol=1e-5)


def read(line: list[float], back: float) -> float:
    """What the line held so many samples before its next, by Lagrange's polynomial through four of them."""
    whole, value = math.floor(back), 0.0
    nodes = [whole - 1, whole, whole + 1, whole + 2]
    for node in nodes:
        others = [other for other in nodes if other != node]
        part = math.prod((back - other) / (node - other) for other in others)
        value += part * (line[len(line) - node] if node <= len(line) else 0.0)
    return value


def swept(delays: np.ndarray, feedback: float, mix: float) -> np.ndarray:
    line, expect = [], []
    for back, x in zip(delays, NOISE, strict=True):
        wet = read(line, back)
        line.append(x + feedback * wet)
        expect.append((1 - mix) * x + mix * wet)
    return np.array(expect)


@SWING
@pytest.mark.parametrize("kind,feedback", [("chorus", None), ("flanger", 0.0), ("flanger", -0.8)])
def test_chorus_and_flanger(kind, feedback, rate_hz, phase, shape):
    swing = {"rate_hz": rate_hz, "phase": phase, "shape": shape}
    turned = {"delay_ms": 5.0, "depth_ms": 2.5, "mix": 0.6, **swing}
    turned |= {} if feedback is None else {"feedback": feedback}
    delays = (5.0 + 2.5 * lfo(3000, **swing)) * RATE / 1000
    # settings are kept in float32, and a delay of hundreds of samples to a part of 1e-7 is not known to 1e-5 of one
    np.testing.assert_allclose(of(kind, **turned), swept(delays, feedback or 0.0, 0.6), rtol=0, atol=1e-4)


def test_a_delay_is_never_below_two_samples():
    got = of("flanger", delay_ms=0.1, depth_ms=8.0, mix=1.0)
    delays = np.maximum((0.1 + 8.0 * lfo(3000, 1.0, 0.0, 0.0)) * RATE / 1000, 2.0)
    np.testing.assert_allclose(got, swept(delays, 0.0, 1.0), rtol=0, atol=2e-5)


@SWING
@pytest.mark.parametrize("size,feedback", [(1, 0.0), (4, 0.7), (6, -0.9)])
def test_phaser(size, feedback, rate_hz, phase, shape):
    swing = {"rate_hz": rate_hz, "phase": phase, "shape": shape}
    g = math.tan(math.pi * 800.0 / RATE) * 2.0 ** (1.2 * lfo(3000, **swing))
    memory, last, expect = [0.0] * size, 0.0, []
    for a, x in zip((g - 1) / (g + 1), NOISE, strict=True):
        value = x + feedback * last
        for stage in range(size):
            out = a * value + memory[stage]
            memory[stage] = value - a * out
            value = out
        last = value
        expect.append(0.5 * x + 0.5 * value)
    turned = {"centre_hz": 800.0, "depth_octaves": 1.2, "feedback": feedback, "mix": 0.5}
    got = of("phaser", size=size, **turned, **swing)
    np.testing.assert_allclose(got, expect, rtol=0, atol=1e-5 * max(1, np.abs(expect).max()))


def test_a_phaser_sweeps_up_to_half_the_rate():
    """A centre above that is none; the tangent of it would be negative."""
    low, high = (of("phaser", rate=8000, centre_hz=hz, depth_octaves=1.0) for hz in (0.4999 * 8000, 7000.0))
    np.testing.assert_allclose(high, low, rtol=0, atol=1e-4)  # of a float32 tangent of thousands
    assert np.abs(high - NOISE * 0.5).max() > 0.1


# Space.


@pytest.mark.parametrize("feedback,damping", [(0.0, 0.0), (0.7, 0.0), (-0.9, 0.6)])
def test_echo(feedback, damping):
    samples = 441
    b, a = np.zeros(samples + 1), np.zeros(samples + 1)
    b[samples], a[0], a[1], a[samples] = 1 - damping, 1.0, -damping, -feedback * (1 - damping)
    expect = 0.6 * NOISE + 0.4 * lfilter(b, a, NOISE)
    got = of("echo", delay_ms=10.0, feedback=feedback, damping=damping, mix=0.4)
    np.testing.assert_allclose(got, expect, rtol=0, atol=1e-5)


def test_response():
    taps = np.random.default_rng(1).uniform(-1, 1, 700).astype(np.float32)
    got = of("response", size=700, taps=taps)
    np.testing.assert_allclose(got, fftconvolve(NOISE, taps.astype(float))[: len(NOISE)], rtol=0, atol=1e-9)
    np.testing.assert_allclose(of("response", size=50), NOISE, rtol=0, atol=1e-12)


def decay_s(sound: np.ndarray, rate: int, down: tuple[float, float] = (-5.0, -25.0)) -> float:
    """The time in which it dies away by 60 dB, of the slope of what energy is left (Schroeder, 1965)."""
    left = np.cumsum(sound[::-1] ** 2)[::-1]
    level = 10 * np.log10(left / left[0] + 1e-30)
    within = (level < down[0]) & (level > down[1])
    slope = np.polyfit(np.flatnonzero(within) / rate, level[within], 1)[0]
    return -60 / slope


def octave_of(sound: np.ndarray, hz: float, rate: int) -> np.ndarray:
    size = 2 * len(sound)  # or what rings before the beginning would come at the end
    spectrum, at = np.fft.rfft(sound, size), np.fft.rfftfreq(size, 1 / rate)
    return np.fft.irfft(spectrum * ((at > hz / 1.3) & (at < hz * 1.3)), size)[: len(sound)]


def test_a_room_dies_away_in_each_octave_as_it_is_told():
    times = [0.9, 0.7, 1.1, 0.8, 0.6, 0.5, 0.3, 0.25]
    levels = [0.0, -6.0, 3.0, 0.0, -12.0, 6.0, 0.0, -3.0]
    room = made("room", size=65536)
    room.set(t60_s=times, level_db=levels, mix=1.0)
    response = room.response().detach().double().numpy()
    for band in range(2, 8):  # the lowest have too little noise to tell
        hz = 62.5 * 2**band
        assert decay_s(octave_of(response, hz, RATE), RATE) == pytest.approx(times[band], rel=0.12)
    flat = made("room", size=65536)
    flat.set(t60_s=times)
    for band in range(1, 8):
        own, plain = (
            octave_of(made.response().detach().double().numpy(), 62.5 * 2**band, RATE)
            for made in (room, flat)
        )
        got = 10 * math.log10((own**2).sum() / (plain**2).sum())
        assert got == pytest.approx(levels[band], abs=0.5)
    got = played(room, NOISE)
    np.testing.assert_allclose(got, fftconvolve(NOISE, response)[: len(NOISE)], rtol=0, atol=1e-5)


def test_a_room_is_the_same_everywhere():
    response = made("room", size=4096).response().detach()
    fade = 10 ** (-6 * np.arange(4096) / RATE)  # of the energy, at the usual second
    assert float(response.square().sum()) == pytest.approx(fade.mean(), rel=0.05)
    torch.testing.assert_close(response, made("room", size=4096).response().detach())


@pytest.mark.parametrize("t60", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("size", [4, 8, 16])
def test_a_hall_dies_away_as_it_is_told(t60, size):
    rate = 16000
    x = np.zeros(round(1.2 * t60 * rate))
    x[0] = 1.0
    wet = of("hall", x, size=size, rate=rate, t60_s=t60, damping=0.0, mix=1.0)
    assert decay_s(wet, rate, (-5.0, -35.0)) == pytest.approx(t60, rel=0.1)


def test_damping_takes_the_treble_of_a_hall_first():
    rate = 16000
    x = np.zeros(2 * rate)
    x[0] = 1.0
    wet = of("hall", x, rate=rate, t60_s=1.5, damping=0.5, mix=1.0)
    low, high = (decay_s(octave_of(wet, hz, rate), rate) for hz in (250.0, 5000.0))
    assert low == pytest.approx(1.5, rel=0.15) and high < 0.5


@pytest.mark.parametrize("kind", ["echo", "room", "hall", "chorus", "flanger", "phaser"])
def test_a_mix_of_nothing_is_the_sound_itself(kind):
    np.testing.assert_allclose(of(kind, mix=0.0), NOISE, rtol=0, atol=1e-12)


# Left and right.

BOTH = np.stack([NOISE, NOISE[::-1]])


@pytest.mark.parametrize("pan", [-1.0, -0.4, 0.0, 0.7, 1.0])
def test_pan_keeps_the_power(pan):
    left, right = of("pan", pan=pan)
    np.testing.assert_allclose(left**2 + right**2, 2 * NOISE**2, rtol=0, atol=1e-6)
    angle = math.pi / 4 * (1 + pan)
    np.testing.assert_allclose(left, math.sqrt(2) * math.cos(angle) * NOISE, **CLOSE)
    a, b = of("pan", BOTH, channels=2, pan=pan)
    np.testing.assert_allclose(a, math.sqrt(2) * math.cos(angle) * BOTH[0], **CLOSE)
    np.testing.assert_allclose(b, math.sqrt(2) * math.sin(angle) * BOTH[1], **CLOSE)


def test_pan_in_the_middle_changes_nothing():
    np.testing.assert_allclose(of("pan", BOTH, channels=2), BOTH, **CLOSE)


@pytest.mark.parametrize("width", [0.0, 0.3, 1.0, 2.0])
def test_width_is_of_middle_and_side(width):
    left, right = of("width", BOTH, width=width)
    np.testing.assert_allclose(left + right, BOTH[0] + BOTH[1], **CLOSE)
    np.testing.assert_allclose(left - right, width * (BOTH[0] - BOTH[1]), **CLOSE)
