"""Latency: whole samples are found back exactly, and the absolute value is what a causal model needs."""

import numpy as np
import pytest
import soundfile
from scipy import signal

from tests.shared import SHARED
from tonewright.audio.align import apply, estimate
from tonewright.errors import PairError

KNOBS = [f"ts9_knobs_drive{d}_tone{t}" for d in ("0.00", "0.50", "1.00") for t in ("0.15", "0.85")]
TAPES = ["akai_1", "akai_2", "akai_3", "akai_exp2_70", "akai_exp2_84", "akai_exp2_98"]


def read(name):
    path = SHARED / "data" / f"{name}.flac"
    if not path.is_file():
        pytest.skip("the shared recordings are not here")
    return soundfile.read(path, dtype="float32")


def rendered(device):
    dry = "di_knobs" if "knobs" in device else "di_test"
    wet = device if "knobs" in device else f"{device}_test"
    return read(f"devices/{dry}")[0], *read(f"devices/{wet}")


def delayed(x, n):
    return np.concatenate([np.zeros(n, x.dtype), x]) if n >= 0 else x[-n:]


def noise(seconds=3.0, rate=44100, seed=0):
    return np.random.default_rng(seed).standard_normal(int(seconds * rate))


@pytest.mark.parametrize("device", ["ts9", "chump", "comp", "trem", "phaser", *KNOBS])
def test_rendered_pairs_start_at_zero_and_shift_by_what_they_are_delayed(device):
    dry, wet, rate = rendered(device)
    plain = estimate(dry, wet, rate)
    assert -3 <= plain.latency_samples <= 1
    assert plain.polarity == 1 and plain.wander_samples == 0.0 and plain.drift_ppm == 0.0
    n = int(np.random.default_rng(len(device)).integers(-22049, 22050))
    moved = estimate(dry, delayed(wet, n), rate)
    assert abs(moved.latency_samples - plain.latency_samples - n) <= 1


@pytest.mark.parametrize("n", [-22050, 22050])
def test_the_ends_of_the_range_are_found(n):
    dry = noise()
    assert estimate(dry, delayed(dry, n), 44100).latency_samples == n


def test_the_peak_of_a_cross_correlation_would_have_been_wrong():
    dry, wet, rate = rendered("chump")
    peak = np.argmax(np.abs(signal.correlate(wet, dry, method="fft"))) - (len(dry) - 1)
    assert abs(peak) > 5
    assert abs(estimate(dry, wet, rate).latency_samples) <= 1


@pytest.mark.parametrize("device", ["ts9", "chump", "phaser"])
def test_noise_at_minus_40_db_changes_nothing(device):
    dry, wet, rate = rendered(device)
    wet = wet + 0.01 * np.sqrt(np.mean(wet**2)) * noise(len(wet) / rate + 1, rate)[: len(wet)]
    assert -3 <= estimate(dry, delayed(wet, 300), rate).latency_samples - 300 <= 2


@pytest.mark.parametrize("gain", ["gain0", "gain50", "gain100"])
def test_a_mask_leaves_the_start_up_of_a_simulation_out_and_the_polarity_is_inverted(gain):
    dry, rate = read("capture_spice_klon/dry")
    wet, _ = read(f"capture_spice_klon/{gain}")
    dry, wet = dry[: 22050 * 60], wet[: 22050 * 60]
    found = estimate(dry, wet, rate, mask=np.arange(len(dry)) % 22050 < 11025)
    assert found.polarity == -1 and found.confidence > 0.5
    assert 0 <= found.latency_samples <= 5  # a causal FIR loses nothing up to 5


def test_what_is_masked_has_no_influence():
    dry = noise()
    wet = delayed(dry, 50)[: len(dry)].copy()
    mask = np.zeros(len(dry), bool)
    mask[: len(dry) // 2] = True
    wet[: len(dry) // 2] = -3 * delayed(dry, 700)[: len(dry) // 2]
    found = estimate(dry, wet, 44100, mask=mask)
    assert (found.latency_samples, found.polarity) == (50, 1)
    assert abs(found.gain_db) < 0.1


@pytest.mark.parametrize("clip", TAPES)
def test_a_real_tape_agrees_with_the_median_of_framewise_correlations(clip):
    dry, rate = read(f"capture_real_tape/{clip}_input")
    wet, _ = read(f"capture_real_tape/{clip}_target")
    found = estimate(dry, wet, rate)
    assert found.confidence > 0.5  # every one of these clips correlates
    peaks = []
    for t in range(0, len(dry) - 16384 - 10000, 16384):
        c = signal.correlate(wet[t : t + 16384 + 10000], dry[t : t + 16384], mode="valid", method="fft")
        peaks.append(int(np.argmax(c)))
    reference = float(np.median(peaks))
    assert 7000 < reference < 7130
    assert abs(found.latency_samples - reference) < 30


def test_wow_and_flutter_are_reported():
    dry, rate = read("capture_real_tape/akai_1_input")
    wet, _ = read("capture_real_tape/akai_1_target")
    assert 3.0 < estimate(dry, wet, rate).wander_samples < 30.0


@pytest.mark.parametrize("ppm", [-60.0, 30.0])
def test_two_clocks_that_are_not_locked(ppm):
    dry, wet, rate = rendered("ts9")
    time = np.arange(int(len(wet) * 0.999)) * (1.0 + ppm * 1e-6)
    wet = delayed(np.interp(time, np.arange(len(wet)), wet), 3000)
    found = estimate(dry, wet, rate)
    assert found.drift_ppm == pytest.approx(-ppm, abs=3.0)
    assert found.wander_samples == pytest.approx(0.9 * abs(ppm) * 1e-6 * len(dry), rel=0.15)
    edge = 3000 - max(ppm, 0.0) * 1e-6 * len(dry)  # the early edge
    assert edge - 5 <= found.latency_samples <= edge + 0.1 * abs(ppm) * 1e-6 * len(dry) + 2


def test_recordings_that_do_not_belong_together_have_no_confidence():
    dry, rate = read("devices/di_knobs")
    assert estimate(dry, rendered("ts9")[1], rate).confidence < 0.05
    tape, _ = read("capture_real_tape/akai_1_input")
    assert estimate(tape, read("capture_real_tape/akai_2_target")[0], rate).confidence < 0.05


def test_another_take_of_the_same_note_does_not_belong_to_it():
    dry, rate = read("capture_real_egfx/6_dry")
    assert estimate(dry, read("capture_real_egfx/6_ph_wet")[0], rate).confidence < 0.05


def test_silence_around_and_within_is_no_obstacle():
    dry = np.concatenate([np.zeros(60000), noise(1.5), np.zeros(90000), noise(1.5, seed=1), np.zeros(30000)])
    found = estimate(dry, delayed(0.1 * np.tanh(dry), -321), 44100)
    assert (found.latency_samples, found.polarity) == (-321, 1)
    assert found.confidence > 0.9


@pytest.mark.parametrize("dry, wet", [(np.zeros(50000), noise()), (noise(), np.zeros(50000))])
def test_silence_alone_has_no_confidence(dry, wet):
    assert estimate(dry, wet, 44100).confidence == 0.0


@pytest.mark.parametrize("n", [7, 0, -7])
def test_apply_lines_both_sides_up(n):
    dry = noise(0.1)
    a, b = apply(dry, delayed(dry, n), n)
    assert len(a) == len(b) >= len(dry) - 7
    np.testing.assert_array_equal(a, b)


def test_bad_arguments_are_named():
    dry = noise(0.5)
    with pytest.raises(PairError, match="one channel"):
        estimate(np.zeros((2, 100)), dry, 44100)
    with pytest.raises(PairError, match="mask"):
        estimate(dry, dry, 44100, mask=np.zeros(3, bool))
    with pytest.raises(PairError, match="not numbers"):
        estimate(dry, np.where(np.arange(len(dry)) == 5, np.nan, dry), 44100)


def test_empty_recordings_have_no_confidence():
    assert estimate(np.zeros(0), noise(), 44100).confidence == 0.0
    assert estimate(noise(), np.zeros(0), 44100).confidence == 0.0


def test_very_short_recordings_do_not_crash():
    for frames in (1, 30, 500, 3000):
        x = noise()[:frames]
        estimate(x, x, 44100)
