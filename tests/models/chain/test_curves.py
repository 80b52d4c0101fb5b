"""The pictures of a chain against formulas from elsewhere, and what its processors make of sounds."""

import math

import numpy as np
import pytest
import torch
from scipy import signal

from tonewright.models.chain import Config, Model, spoken
from tonewright.models.chain.curves import response_db

RATE = 44100


def chain(words: str, settings: dict | None = None) -> Model:
    made = Model(Config(spoken(words), sample_rate=RATE)).eval()
    made.set(settings or {})
    return made


def only(made: Model):
    (curve,) = made.curves()
    return curve


def cookbook_peak(hz: float, q: float, gain_db: float):
    """Bristow-Johnson's peaking equaliser, as (b, a)."""
    a, w = 10 ** (gain_db / 40), 2 * math.pi * hz / RATE
    alpha = math.sin(w) / (2 * q)
    middle = -2 * math.cos(w)
    return [1 + alpha * a, middle, 1 - alpha * a], [1 + alpha / a, middle, 1 - alpha / a]


def test_the_tone_of_a_peak_is_the_cookbooks():
    curve = only(chain("peak", {"peak.centre_hz": 3000.0, "peak.gain_db": 9.0, "peak.q": 2.0}))
    _, h = signal.freqz(*cookbook_peak(3000.0, 2.0, 9.0), worN=curve.x, fs=RATE)
    assert list(curve.ys) == ["peak"] and curve.log_x
    np.testing.assert_allclose(curve.ys["peak"], 20 * np.log10(np.abs(h)), atol=1e-3)
    assert curve.x[0] == pytest.approx(20) and curve.x[-1] == pytest.approx(20000)


def test_all_filters_together_are_the_sum_of_each():
    made = chain("highpass,tanh,peak,response[64]", {"peak.gain_db": -6.0})
    made.set({"response.taps": [0.5, *[0.0] * 63]})
    lines = made.curves()[0].ys
    assert list(lines) == ["all together", "highpass", "peak", "response"]
    np.testing.assert_allclose(lines["response"], 20 * math.log10(0.5), atol=1e-6)
    np.testing.assert_allclose(lines["all together"], lines["highpass"] + lines["peak"] + lines["response"])


def test_the_tone_of_a_response_is_that_of_its_taps():
    taps = signal.firwin(255, 3000, fs=RATE)
    hz = np.geomspace(50, 2500, 50)
    _, h = signal.freqz(taps, worN=hz, fs=RATE)
    np.testing.assert_allclose(response_db(taps, hz, RATE), 20 * np.log10(np.abs(h)), atol=0.1)


def test_a_low_rate_ends_below_its_half():
    low = Model(Config(spoken("eq"), sample_rate=8000))
    assert only(low).x[-1] < 4000


def test_the_levels_of_a_compressor_at_three_levels():
    settings = {"threshold_db": -30.0, "ratio": 4.0, "knee_db": 6.0, "makeup_db": 5.0}
    curve = only(chain("compressor", {f"compressor.{name}": value for name, value in settings.items()}))
    line = curve.ys["compressor"]
    at = {level: float(np.interp(level, curve.x, line)) for level in (-60.0, -30.0, -10.0)}
    assert at[-60.0] == pytest.approx(-55.0, abs=1e-3)
    # in the middle of the knee: Giannoulis et al., equation 4
    assert at[-30.0] == pytest.approx(-25.0 + (1 / 4 - 1) * 3.0**2 / (2 * 6.0), abs=1e-3)
    assert at[-10.0] == pytest.approx(-30.0 + 20.0 / 4 + 5.0, abs=1e-3)
    assert np.array_equal(curve.ys["unchanged"], curve.x) and curve.faint == ("unchanged",)


def test_each_of_the_dynamics_has_its_line():
    curve = only(chain("gate,limiter,expander"))
    assert list(curve.ys) == ["unchanged", "gate", "limiter", "expander"]
    assert curve.ys["limiter"][-1] == pytest.approx(-6.0, abs=1e-3)
    assert curve.ys["gate"][0] == pytest.approx(-80.0 - 60.0, abs=1e-3)


@pytest.mark.parametrize(
    "kind,settings,law",
    [
        ("tanh", {"drive_db": 20.0}, lambda x: np.tanh(10 * x) / 10),
        ("clip", {"ceiling_db": -20.0}, lambda x: np.clip(x, -0.1, 0.1)),
        (
            "asymmetric",
            {"drive_db": 0.0, "bias": 0.5},
            lambda x: (np.tanh(x + 0.5) - np.tanh(0.5)) / (1 - np.tanh(0.5) ** 2),
        ),
        ("curve[2]", {"drive_db": 0.0, "weights": (0.0, 1.0)}, lambda x: 2 * np.tanh(x) ** 2),
    ],
)
def test_the_bend_of_a_shaper(kind, settings, law):
    name = kind.partition("[")[0]
    curve = only(chain(kind, {f"{name}.{setting}": value for setting, value in settings.items()}))
    np.testing.assert_allclose(curve.ys[name], law(curve.x), atol=1e-5)
    assert curve.x[0] == -1 and curve.x[-1] == 1 and curve.title == f"The bend of {name}"


def test_two_of_a_kind_have_a_picture_each():
    assert [c.title for c in chain("tanh,tanh").curves()] == ["The bend of tanh1", "The bend of tanh2"]


def test_the_swing_of_a_tremolo_is_what_it_does_to_a_constant():
    made = chain("tremolo", {"tremolo.depth": 0.6, "tremolo.rate_hz": 5.0, "tremolo.phase": 0.3})
    curve = only(made)
    heard, _ = made(torch.ones(1, 1, RATE), made.initial_state(1))
    seconds = np.arange(RATE) / RATE
    assert curve.x[-1] == pytest.approx(0.4, abs=0.001)
    np.testing.assert_allclose(
        np.interp(curve.x[:-1], seconds, heard[0, 0].detach().numpy()), curve.ys["tremolo"][:-1], atol=5e-3
    )


def test_the_swing_of_a_lamp_is_what_it_does_once_it_is_warm():
    made = chain("optical-tremolo", {"optical-tremolo.rate_hz": 5.0})
    curve = only(made)
    begins = RATE + made.settle  # its oscillator is at its phase after it has settled, and a second later
    heard, _ = made(torch.ones(1, 1, begins + RATE), made.initial_state(1))
    late = heard[0, 0, begins:].detach().numpy()
    line = curve.ys["optical-tremolo"]
    np.testing.assert_allclose(np.interp(curve.x[:-1], np.arange(RATE) / RATE, late), line[:-1], atol=0.02)


def test_the_swing_of_a_chorus_is_in_milliseconds():
    made = chain("chorus", {"chorus.delay_ms": 10.0, "chorus.depth_ms": 4.0, "chorus.rate_hz": 0.5})
    curve = only(made)
    expected = 10.0 + 4.0 * np.cos(2 * np.pi * 0.5 * curve.x)
    np.testing.assert_allclose(curve.ys["chorus"], expected, atol=0.01)
    assert curve.y_label == "delay, ms" and curve.x[-1] == pytest.approx(4.0, abs=0.01)


def test_no_delay_is_shown_below_what_the_line_can():
    line = only(chain("flanger", {"flanger.delay_ms": 1.0, "flanger.depth_ms": 8.0})).ys["flanger"]
    assert line.min() == pytest.approx(1000 * 2 / RATE, rel=0.01) and line.max() == pytest.approx(
        9.0, abs=0.01
    )


def test_the_corner_of_a_phaser_swings_in_octaves():
    made = chain("phaser", {"phaser.centre_hz": 400.0, "phaser.depth_octaves": 1.0, "phaser.rate_hz": 2.0})
    curve = only(made)
    assert curve.log_y and curve.y_label == "corner, Hz"
    line = curve.ys["phaser"]
    assert line.max() == pytest.approx(800, rel=0.01) and line.min() == pytest.approx(200, rel=0.01)


def peaks(curve, name: str) -> dict[float, float]:
    """Where a tail is louder than around, and how loud."""
    line = curve.ys[name]
    found = [i for i in range(len(line)) if line[i] > -70 and line[i] == line[max(0, i - 5) : i + 6].max()]
    return {float(curve.x[i]): float(line[i]) for i in found}


def test_the_tail_of_an_echo_is_its_repeats():
    curve = only(chain("echo", {"echo.delay_ms": 500.0, "echo.feedback": 0.5, "echo.mix": 0.5}))
    found = peaks(curve, "echo")
    step = curve.x[1]
    for number, (seconds, db) in enumerate(list(found.items())[:6]):
        assert seconds == pytest.approx(0.5 * number, abs=2 * step)
        assert db == pytest.approx(-6.02 * max(number, 1), abs=0.1)
    assert len(found) > 6


def test_the_tail_of_a_hall_falls_by_sixty_decibels_in_its_time():
    curve = only(chain("hall", {"hall.t60_s": 2.0, "hall.damping": 0.0, "hall.mix": 1.0}))
    line, late = curve.ys["hall"], (curve.x > 0.3) & (curve.x < 1.8)
    slope = np.polyfit(curve.x[late], line[late], 1)[0]
    assert slope == pytest.approx(-30, rel=0.1)


def test_the_tail_of_a_response_ends_with_it():
    made = chain("response[4000]")
    made.set({"response.taps": np.exp(-np.arange(4000) / 200.0)})
    tail = made.curves()[-1]
    assert tail.x_label == "milliseconds" and tail.title == "The tail of response"
    db = np.interp(10.0, tail.x, tail.ys["response"])
    assert db == pytest.approx(-20 * math.log10(math.e) * 441 / 200, abs=0.5)


def test_what_has_no_curve_has_none():
    assert chain("gain,delay,polarity,pan").curves() == []


def test_every_processor_is_drawn_without_complaint():
    from tonewright.models.chain.processors import PROCESSORS

    for kind in PROCESSORS:
        channels = 2 if kind == "width" else 1
        for curve in Model(Config(spoken(kind), channels=channels)).curves():
            for line in curve.ys.values():
                assert line.shape == curve.x.shape and np.isfinite(line).all()


def test_a_table_has_every_setting_in_its_unit():
    made = chain("gain,compressor,room", {"gain.gain_db": -6.0})
    rows = {row.place: row for row in made.table()}
    assert list(rows)[:2] == ["gain.gain_db", "compressor.threshold_db"]
    assert rows["gain.gain_db"].value == -6.0 and rows["gain.gain_db"].unit == "dB"
    assert rows["gain.gain_db"].position(-6.0) == pytest.approx(54 / 120)
    assert rows["compressor.ratio"].logarithmic and rows["compressor.ratio"].low == 1.0
    assert [place for place in rows if "t60_s" in place] == [f"room.t60_s[{i}]" for i in range(8)]
    assert all(math.isnan(row.uncertainty) for row in rows.values())


def test_a_table_is_named_as_a_fit_names_what_it_moves():
    from tonewright.models.chain.fitting.knobs import Knobs

    made = chain("gain,eq,curve,room,hall")
    assert [row.place for row in made.table()] == [str(place) for place in Knobs(made).places]


def test_a_long_response_is_one_row():
    made = chain("response[88200]")
    (row,) = made.table()
    assert math.isnan(row.value) and row.note.startswith("88,200 samples (2000.0 ms)")
