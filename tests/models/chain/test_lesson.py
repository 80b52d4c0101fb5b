"""The gain lesson: a gain is learned from a sine, by a loss that follows the waveform only when that is in phase."""

from functools import partial

import numpy as np
import pytest

from examples.gain_lesson import GAIN, fit, landscape, sine, waveform
from tonewright.measure.losses import spectral

GAINS = np.linspace(0.0, 1.0, 101)


def learned(degrees: float, loss) -> float:
    return fit(GAIN * sine(degrees), loss)[-1][0]


@pytest.mark.parametrize("loss", [waveform, spectral])
def test_in_phase_both_losses_find_the_gain(loss):
    assert learned(0, loss) == pytest.approx(GAIN, abs=0.001)


@pytest.mark.parametrize("degrees", [90, 180])
@pytest.mark.parametrize("power", [1, 2])
def test_the_spectral_loss_finds_it_out_of_phase(degrees, power):
    assert learned(degrees, partial(spectral, power=power)) == pytest.approx(GAIN, abs=0.001)


@pytest.mark.parametrize("degrees", [90, 180])
def test_the_waveform_loss_leads_to_silence_out_of_phase(degrees):
    target = GAIN * sine(degrees)
    height = landscape(target, waveform, GAINS)
    assert np.all(np.diff(height) > 0)  # so its minimum is at a gain of 0, and there is no other
    assert learned(degrees, waveform) < 0.2 * GAIN


@pytest.mark.parametrize("degrees", [0, 90, 180])
def test_the_spectral_loss_has_one_minimum_and_that_at_the_gain(degrees):
    height = landscape(GAIN * sine(degrees), spectral, GAINS)
    at = height.argmin()
    assert GAINS[at] == pytest.approx(GAIN)
    assert np.all(np.diff(height[: at + 1]) < 0) and np.all(np.diff(height[at:]) > 0)
    assert height[at] < 0.02 * height[0]


def test_the_fit_begins_at_one_and_ends_lower():
    path = fit(GAIN * sine(), waveform, steps=10)
    assert len(path) == 11 and path[0][0] == 1.0 and path[-1][1] < path[0][1]


def test_the_gain_stays_within_its_range():
    gain, _ = fit(1e-4 * sine(), waveform, steps=1000)[-1]
    assert gain == pytest.approx(0.001)  # -60 dB
