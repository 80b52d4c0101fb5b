"""Figures are images, equal when drawn again, and show what they say."""

import base64
import io
import sys
import xml.etree.ElementTree as ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread

from tests.report.takes import HISTORY, take
from tonewright.report import figures, views


def drawn(listening):
    dry, target, estimate, rate = listening.dry, listening.target, listening.estimate, listening.sample_rate
    return [
        figures.waveform(target, estimate, rate),
        figures.spectrograms(target, estimate, rate),
        figures.band_errors(target, estimate, rate),
        figures.transfer(dry, target, estimate),
        figures.training(HISTORY),
    ]


def check_image(uri):
    kind, _, text = uri.partition(";base64,")
    content = base64.b64decode(text)
    if kind == "data:image/svg+xml":
        assert ElementTree.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg"
    else:
        assert kind == "data:image/png"
        assert imread(io.BytesIO(content)).std() > 0.01


@pytest.mark.parametrize("rate", [44100, 96000])
def test_all_are_images(rate):
    for uri in drawn(take(0.2, rate)):
        check_image(uri)


def test_silence_is_drawn_too():
    nothing = np.zeros(2205, np.float32)
    for uri in drawn(take(dry=nothing, target=nothing, estimate=nothing)):
        check_image(uri)


def test_the_same_take_gives_the_same_bytes():
    assert drawn(take(0.05)) == drawn(take(0.05))


def test_leaves_the_settings_of_matplotlib_and_pyplot_alone():
    before = dict(matplotlib.rcParams)
    drawn(take(0.05))
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_a_history_without_numbers_draws_nothing():
    rows = [{"seconds": 1.0, "step": 1, "loss": float("nan"), "error": None}, {"seconds": 2.0, "loss": 0.0}]
    assert figures.training(rows) is None


def test_an_attack_is_found_at_every_rate():
    for rate in (44100, 48000, 96000):
        x = 0.01 * np.ones(rate)
        x[rate // 2 :] = 0.5
        x[rate // 2 + rate // 4 :] = 0.6  # louder, and a smaller rise
        assert abs(views.loudest_attack(x, rate) / rate - 0.5) < 0.007


def test_the_spectrogram_of_a_late_tone_is_late_and_at_its_pitch():
    rate = 48000
    t = np.arange(rate) / rate
    power = views.spectrogram(np.sin(2 * np.pi * 440 * t) * (t > 0.5), rate)
    rows, columns = power.shape
    low, high = views.spectrogram_range_hz(rate)
    hz = np.geomspace(low, high, rows)[power.sum(axis=1).argmax()]
    assert abs(hz / 440 - 1) < 0.05
    assert power[:, : columns // 2 - 3].sum() < 0.01 * power.sum()


def test_a_long_recording_keeps_the_picture_small():
    assert views.spectrogram(np.zeros(48000 * 120), 48000).shape == (views.ROWS, views.COLUMNS)
