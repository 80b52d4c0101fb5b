"""Data checks: what must be found is found, and good pairs raise no false alarm."""

import numpy as np
import pytest
import soundfile
from scipy import signal

from tests.shared import SHARED
from tonewright.audio.align import Alignment, estimate
from tonewright.audio.checks import check_pair, check_rates
from tonewright.audio.noise import noise_floor
from tonewright.audio.regions import parse_mask
from tonewright.errors import PairError

RATE = 8000
WELL = Alignment(0, 1, 0.0, 1.0, 0.0, 0.0)


def read(name):
    path = SHARED / "data" / f"{name}.flac"
    if not path.is_file():
        pytest.skip("the shared recordings are not here")
    return soundfile.read(path, dtype="float32")


def sound(seconds=12.0, level=0.1, seed=0):
    return level * np.random.default_rng(seed).standard_normal(int(seconds * RATE))


def findings(dry, wet, rate=RATE, found=WELL, **more):
    return check_pair(dry, wet, rate, found, **more)


def of(found, level):
    return [str(finding) for finding in found if finding.level == level]


def checked(dry, wet, rate, mask=None):
    return check_pair(dry, wet, rate, estimate(dry, wet, rate, mask=mask), mask)


def test_a_good_pair_raises_nothing():
    assert findings(sound(), np.tanh(5 * sound())) == []


@pytest.mark.parametrize("silent", ["dry", "wet"])
def test_silence(silent):
    sides = {"dry": sound(), "wet": np.tanh(5 * sound())} | {silent: np.zeros(12 * RATE)}
    assert any(f"the {silent} side is silent" in text for text in of(findings(**sides), "error"))


@pytest.mark.parametrize("gain", [1.0, -1.0, 0.25])
def test_a_copy(gain):
    assert "the wet side is the dry side" in of(findings(sound(), gain * sound()), "error")[0]


def test_a_copy_with_a_little_noise_is_no_copy():
    assert not of(findings(sound(), sound() + 0.01 * sound(seed=1)), "error")


def test_unrelated():
    found = Alignment(0, 1, 0.0, 0.02, 0.0, 0.0)
    assert "do not belong together" in of(findings(sound(), sound(seed=1), found=found), "error")[0]


def test_a_clipped_dry_side_is_worse_the_more_it_clips():
    little, much = np.clip(sound(level=0.28), -1, 1), np.clip(sound(level=1.0), -1, 1)
    assert not any("clipped" in str(f) for f in findings(little, np.tanh(little)))  # single samples
    little[100:110] = 1.0
    assert "10 samples of the dry side are clipped" in of(findings(little, np.tanh(little)), "warning")[0]
    assert "clipped" in of(findings(much, np.tanh(much)), "error")[0]


def test_a_distortion_that_is_not_exactly_flat_is_not_clipped():
    tone = 0.5 * np.sin(2 * np.pi * 50 * np.arange(12 * RATE) / RATE)
    wet = np.tanh(4 * tone)
    assert not any("clipped" in str(f) for f in findings(tone + sound(level=1e-3), 0.99 * wet / wet.max()))


def test_a_clipped_wet_side_and_a_mask_over_it():
    wet = np.tanh(5 * sound())
    wet[1000:1100] = 1.0
    mask = np.zeros(len(wet), bool)
    assert "100 samples of the wet side are clipped" in of(findings(sound(), wet), "warning")[0]
    mask[900:1200] = True
    assert not findings(sound(), wet, mask=mask)


def test_offset():
    assert "constant offset of +0.360" in of(findings(sound(), np.tanh(sound()) + 0.36), "warning")[0]


@pytest.mark.parametrize("seconds, level", [(0.5, "error"), (5.0, "warning")])
def test_too_short(seconds, level):
    dry = sound(seconds)
    assert "can be used" in of(findings(dry, np.tanh(5 * dry), receptive_field=1000), level)[0]


def test_shorter_than_the_model_remembers_or_masked_away():
    dry = sound(2.0)
    assert of(findings(dry, np.tanh(5 * dry), receptive_field=20000), "error")
    mask = np.ones(12 * RATE, bool)
    mask[:1000] = False
    assert of(findings(sound(), np.tanh(5 * sound()), mask=mask), "error")


def test_quiet():
    dry = sound(level=1e-3)
    texts = of(findings(dry, np.tanh(5 * sound(level=0.1))), "warning")
    assert len(texts) == 1 and "the dry side is at -60 dB" in texts[0]


def test_different_lengths():
    wet = np.tanh(5 * np.concatenate([sound(), sound(3.0, seed=1)]))
    assert "3.0 s longer" in of(findings(sound(), wet), "note")[0]
    assert (
        "3.0 s shorter"
        in of(findings(np.concatenate([sound(), sound(3.0)]), np.tanh(5 * sound())), "note")[0]
    )
    assert findings(sound(), wet[: len(sound()) + 100]) == []


def test_latency_and_polarity_are_notes():
    wet = np.concatenate([np.zeros(80), -np.tanh(5 * sound())])
    notes = of(findings(sound(), wet, found=Alignment(80, -1, 0.0, 1.0, 0.0, 0.0)), "note")
    assert any("upside down" in note for note in notes)
    assert any("80 samples (10.0 ms) late" in note for note in notes)


def test_drift_and_wander_say_different_things():
    wet = np.tanh(5 * sound())
    drift = Alignment(0, 1, 0.0, 1.0, 100.0, 100e-6 * 0.9 * len(wet))
    assert "+100.0 ppm" in of(findings(sound(), wet, found=drift), "warning")[0]
    tape = Alignment(0, 1, 0.0, 1.0, 2.0, 6.0)
    assert "wow and flutter" in of(findings(sound(), wet, found=tape), "warning")[0]


@pytest.mark.parametrize("device", ["ts9", "chump", "comp"])
def test_devices_that_a_capture_can_learn_raise_no_warning(device):
    dry, rate = read("devices/di_test")
    wet, _ = read(f"devices/{device}_test")
    assert not [f for f in checked(dry, wet, rate) if f.level != "note"]


@pytest.mark.parametrize("knobs", ["drive0.00_tone0.15", "drive1.00_tone0.85"])
def test_settings_of_a_pedal_raise_no_warning(knobs):
    dry, rate = read("devices/di_knobs")
    assert checked(dry, read(f"devices/ts9_knobs_{knobs}")[0], rate) == []


def test_a_masked_simulation_is_upside_down_and_nothing_else():
    dry, rate = read("capture_spice_klon/dry")
    wet, _ = read("capture_spice_klon/gain0")
    dry, wet = dry[: 60 * rate], wet[: 60 * rate]
    found = checked(dry, wet, rate, parse_mask("every 22050:0-11025", rate, len(dry)))
    assert not [f for f in found if f.level != "note"]
    assert "upside down" in str(found[0])


@pytest.mark.parametrize("device, hz", [("trem", 4.0), ("phaser", 0.5)])
def test_modulation_is_recognised_with_its_rate_and_sent_to_match(device, hz):
    dry, rate = read("devices/di_test")
    (warning,) = of(checked(dry, read(f"devices/{device}_test")[0], rate), "warning")
    assert f"sways {hz:.1f}" in warning and "`tonewright match`" in warning


def test_a_long_feedback_echo_is_memory():
    dry, rate = read("devices/di_test")
    delay = int(0.32 * rate)
    echo = np.zeros(len(dry))
    for n in range(1, len(dry) // delay + 1):
        echo[n * delay :] += 0.45 ** (n - 1) * dry[: len(dry) - n * delay]
    (warning,) = of(checked(dry, dry + 0.4 * echo, rate), "warning")
    assert "320 ms (an echo)" in warning and "`tonewright match`" in warning


def test_a_reverb_is_memory():
    dry, rate = read("devices/di_test")
    frames = int(2 * rate)
    room = np.random.default_rng(0).standard_normal(frames) * 10 ** (-3 * np.arange(frames) / (1.5 * rate))
    wet = dry + 0.3 * signal.fftconvolve(dry, room / np.sqrt(np.sum(room**2)))[: len(dry)]
    (warning,) = of(checked(dry, wet, rate), "warning")
    assert "a reverb" in warning and "`tonewright match`" in warning


def test_noise_is_measured_in_the_silence_before_the_playing():
    dry, rate = read("devices/di_test")
    wet, _ = read("devices/ts9_test")
    noise = 10 ** (-30 / 20) * np.sqrt(np.mean(wet**2)) * np.random.default_rng(0).standard_normal(len(wet))
    floor = noise_floor(dry, wet + noise, rate)
    assert floor == pytest.approx(1e-3, rel=0.2)
    notes = of(checked(dry, wet + noise, rate), "note")
    assert any("no model can get below ESR ≈ 0.0" in note for note in notes)


def test_noise_is_measured_on_repeats():
    dry = np.tile(sound(4.0), 3)
    wet = np.tanh(5 * dry) + 0.01 * sound(12.0, level=1.0, seed=3)
    truth = 1e-4 / np.mean(wet**2)
    assert noise_floor(dry, wet, RATE, repeats=[(0, 4 * RATE, 4 * RATE)]) == pytest.approx(truth, rel=0.05)
    assert noise_floor(dry, wet, RATE) is None  # nothing is silent


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("1.5", "cannot read '1.5'"),
        ("2-1", "stops before it starts"),
        ("every 10:0-11", "stops after its period"),
        ("every 10", "cannot read"),
        ("-1-2", "cannot read"),
        ("", "cannot read ''"),
        ("0-100", "leaves nothing"),
    ],
)
def test_a_mask_that_cannot_be_read_is_named(text, complaint):
    with pytest.raises(PairError, match=complaint):
        parse_mask(text, 100, 1000)


def test_masks_in_seconds_and_in_samples():
    mask = parse_mask("1.5-2.0s, 3-3.25 , every 100:90-100", 100, 400)
    expected = np.arange(400) % 100 >= 90
    expected[150:200] = expected[300:325] = True
    np.testing.assert_array_equal(mask, expected)


def test_rates():
    check_rates("a.wav", 48000, "b.wav", 48000)
    with pytest.raises(PairError, match=r"a.wav is 48000 Hz and b.wav is 44100 Hz"):
        check_rates("a.wav", 48000, "b.wav", 44100)


def test_a_riff_that_repeats_is_no_echo():
    riff = np.tile(sound(0.5), 24)
    assert findings(riff, np.tanh(5 * riff), receptive_field=1000) == []


def test_an_echo_that_still_sounds_in_a_silence_is_not_taken_for_noise():
    dry = np.concatenate([np.zeros(RATE), sound(6.0), np.zeros(RATE), sound(6.0, seed=1)])
    wet = (
        dry
        + 0.5 * np.concatenate([np.zeros(RATE // 2), dry[: -RATE // 2]])
        + 1e-3 * sound(14.0, level=1.0, seed=2)
    )
    assert noise_floor(dry, wet, RATE) == pytest.approx(1e-6 / np.mean(wet**2), rel=0.3)


def test_without_a_model_in_mind_nothing_is_beyond_it():
    dry = sound(12.0)
    echo = dry + 0.5 * np.roll(dry, 4000)
    assert "echo" in of(findings(dry, echo, receptive_field=1000), "warning")[0]
    assert findings(dry, echo, receptive_field=0) == []
