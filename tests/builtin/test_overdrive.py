"""The pedal against its circuit: other solvers, Kirchhoff's equations, and the analytic transfer function."""

import importlib

import numpy as np
import pytest
from scipy import integrate, optimize, signal

from tonewright.builtin.guitar import _pickup
from tonewright.builtin.overdrive import clipping_stage, overdrive, tone_transfer
from tonewright.builtin.strings import pluck
from tonewright.errors import AudioError, ConfigError, ShapeError

pedal = importlib.import_module("tonewright.builtin.overdrive")  # the package's name for it is the function
RATE = 48000


def sine(f_hz: float, amplitude: float, seconds: float, rate: int = RATE) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * f_hz * np.arange(round(seconds * rate)) / rate)


def strum(seconds: float = 1.0, rate: int = RATE, peak: float = 0.5) -> np.ndarray:
    """Noise of a guitar's bandwidth that swells and fades, and starts from silence."""
    x = signal.lfilter(
        *signal.butter(2, 4000, fs=rate), np.random.RandomState(3).randn(round(seconds * rate))
    )
    x *= np.sin(np.linspace(0, 3 * np.pi, len(x))) ** 2
    return peak * x / np.abs(x).max()


@pytest.mark.parametrize("ohm", [51e3, 551e3])
@pytest.mark.parametrize("amperes", [1e-10, 1e-8, 3e-7, 1e-5, -2e-4])
def test_at_rest_the_currents_add_up(ohm, amperes):
    def kirchhoff(v):
        return v / ohm + 2 * 2.52e-9 * np.sinh(v / 45.3e-3) - amperes

    v = pedal._diode_voltage(np.full(4000, amperes), 768e3, ohm, 1)[-1]
    assert v == pytest.approx(optimize.brentq(kirchhoff, -1.0, 1.0, xtol=1e-14), abs=1e-9)


@pytest.mark.parametrize("ohm,error_db", [(51e3, -85.0), (551e3, -62.0)])
def test_clipping_equals_radau(ohm, error_db):
    """Two states, the capacitor to ground and the one across the diodes, by implicit Runge-Kutta."""

    def v_in(t):
        sound = 0.35 * np.sin(1200 * t) + 0.15 * np.sin(7000 * t) + 0.05 * np.sin(20000 * t)
        return sound * np.sin(np.pi * t / 0.01) ** 2

    def kirchhoff(t, v):
        current = (v_in(t) - v[0]) / 4.7e3
        through = v[1] / ohm + 2 * 2.52e-9 * np.sinh(v[1] / 45.3e-3)
        return [current / 47e-9, (current - through) / 51e-12]

    rate = 16 * RATE
    t = np.arange(round(0.01 * rate)) / rate
    ours = clipping_stage(v_in(t), rate, ohm)[::16]
    t = t[::16]
    radau = integrate.solve_ivp(kirchhoff, (0, t[-1]), [0, 0], "Radau", t, rtol=1e-8, atol=1e-11)
    true = v_in(t) + radau.y[1]
    assert np.abs(true).max() > 0.8  # it clips: a diode drop on top of the input
    assert 10 * np.log10(np.sum((ours - true) ** 2) / np.sum(true**2)) < error_db


@pytest.mark.parametrize("tone", [0.0, 0.3, 1.0])
def test_tone_stage_equals_nodal_analysis(tone):
    """The unknown: the amplifier's inputs, which are equal, the wiper, and the output."""
    numerator, denominator = tone_transfer(tone)
    for f_hz in (20.0, 500.0, 3000.0, 15000.0):
        s = 2j * np.pi * f_hz
        left, right = max(20e3 * tone, 1e-6), max(20e3 * (1 - tone), 1e-6)
        shunt = 1 / (220 + 1 / (s * 220e-9))
        nodes = [
            [1 / 1e3 + 1 / 10e3 + s * 220e-9 + 1 / left, -1 / left, 0],
            [-1 / left - 1 / right, 1 / left + 1 / right + shunt, 0],
            [1 / 1e3 + 1 / right, -1 / right, -1 / 1e3],
        ]
        v_out = np.linalg.solve(np.array(nodes), [1 / 1e3, 0, 0])[2]
        assert np.polyval(numerator, s) / np.polyval(denominator, s) == pytest.approx(v_out, rel=1e-5)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("drive,tone", [(0.0, 0.2), (1.0, 0.9)])
def test_small_signals_meet_the_transfer_function(rate, drive, tone):
    """In value and in phase, so the latency is 0 as well."""
    x = np.zeros(rate // 2)
    x[1000] = 1e-6
    f_hz = np.fft.rfftfreq(len(x), 1 / rate)
    band = (f_hz > 30) & (f_hz < 15000)
    response = np.fft.rfft(overdrive(x, rate, drive, tone, 1.0))[band] / np.fft.rfft(x)[band]
    s = 2j * np.pi * f_hz[band]
    siemens = 1 / (51e3 + 500e3 * drive) + 2 * 2.52e-9 / 45.3e-3 + s * 51e-12
    gain = 1 + 1 / siemens * s * 47e-9 / (1 + s * 4.7e3 * 47e-9)
    for seconds in (20e-9 * 510e3, 1e-6 * 10e3):
        gain *= s * seconds / (1 + s * seconds)
    gain *= np.polyval(tone_transfer(tone)[0], s) / np.polyval(tone_transfer(tone)[1], s)
    assert np.abs(response / gain - 1).max() < 0.008


def test_pieces_and_pages_do_not_show(monkeypatch):
    v_in = np.repeat(strum(0.03), 16)
    whole = clipping_stage(v_in, 16 * RATE, 551e3, 1)
    for segments in (2, 37, 1000):
        assert np.abs(clipping_stage(v_in, 16 * RATE, 551e3, segments) - whole).max() < 1e-9
    x = strum(0.5)
    at_once = overdrive(x, RATE, 1.0, 1.0, 1.0)
    monkeypatch.setattr(pedal, "PAGE", 3001)
    assert np.abs(overdrive(x, RATE, 1.0, 1.0, 1.0) - at_once).max() < 1e-6


def test_upside_down_is_upside_down():
    x = strum()
    assert np.array_equal(overdrive(-x, RATE), -overdrive(x, RATE))


@pytest.mark.parametrize("amplitude,floor_db", [(0.5, -80.0), (0.1, -110.0)])
def test_aliasing(amplitude, floor_db):
    """What of a hot 5 kHz sine lies outside its harmonics, drive and tone full."""
    y = overdrive(sine(5000, amplitude, 1.0), RATE, 1.0, 1.0, 1.0)[RATE // 2 :]
    power = np.abs(np.fft.rfft(y * signal.windows.blackmanharris(len(y)))) ** 2
    f_hz = np.fft.rfftfreq(len(y), 1 / RATE)
    harmonic = np.abs(f_hz - 5000 * np.round(f_hz / 5000)) < 20
    assert 10 * np.log10(power[~harmonic].sum() / power.sum()) < floor_db


def test_wet_does_not_come_before_dry():
    """The hardest pluck out of silence: what the symmetric resampling filters ring before it."""
    x = np.zeros(9600)
    x[4800:] = 0.5 * _pickup(pluck(82.4, 0, 0.1, RATE, force=1.0), RATE)
    y = np.abs(overdrive(x, RATE, 1.0, 1.0, 1.0))
    assert y[:4800].max() < 2e-4 * y.max()
    assert y[4800:4803].max() > 1e-3 * y.max()


@pytest.mark.parametrize("rate", [44100, 96000])
def test_one_sound_at_every_rate(rate):
    def level(rate):
        return np.std(overdrive(sine(300, 0.3, 0.5, rate), rate)[rate // 4 :])

    assert level(rate) == pytest.approx(level(48000), rel=1e-3)


def test_knobs_do_what_they_say():
    x = strum()
    level = [np.std(overdrive(x, RATE, drive=d)) for d in (0.0, 0.5, 1.0)]
    assert level[0] < level[1] < level[2]
    treble = [np.std(np.diff(overdrive(x, RATE, tone=t))) for t in (0.0, 0.5, 1.0)]
    assert treble[0] < treble[1] < treble[2]
    assert not overdrive(x, RATE, level=0.0).any()


@pytest.mark.parametrize("samples", [0, 1, 2, 100])
def test_short_and_silent(samples):
    y = overdrive(np.zeros(samples), RATE)
    assert y.shape == (samples,) and y.dtype == np.float32 and not y.any()


def test_far_too_loud_stays_finite():
    assert np.isfinite(overdrive(1e6 * strum(0.1), RATE)).all()


def test_refusals():
    with pytest.raises(AudioError, match="sample 3 is nan"):
        overdrive(np.array([0, 0, 0, np.nan]), RATE)
    with pytest.raises(ShapeError, match=r"\[2, 5\]"):
        overdrive(np.zeros((2, 5)), RATE)
    with pytest.raises(AudioError, match="8000"):
        overdrive(np.zeros(5), 8000)
    with pytest.raises(ConfigError, match=r"drive is a knob from 0 to 1, and is 1\.5"):
        overdrive(np.zeros(5), RATE, drive=1.5)
