"""Brightness against numpy's own spectrum, and where there is nothing to measure."""

import numpy as np
import pytest
import torch

from tonewright.errors import ConfigError, ShapeError
from tonewright.measure.brightness import TOGETHER, brightness


def noise(samples: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(1, 1, samples, generator=torch.Generator().manual_seed(seed)).double()


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_is_the_centroid_of_each_window(rate):
    hop, half = 777, round(0.016 * rate)
    x = noise(8000)
    padded = np.pad(x[0, 0].numpy(), half)
    window = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * half) / half)
    hz = np.fft.rfftfreq(2 * half, 1 / rate)
    expected = []
    for first in range(0, 8000 // hop * hop, hop):
        magnitude = np.abs(np.fft.rfft(window * padded[first : first + 2 * half]))
        expected.append(np.log2(np.sum(magnitude * hz) / np.sum(magnitude)))
    np.testing.assert_allclose(brightness(x, rate, hop)[0, 0], expected, rtol=1e-9)


def test_many_windows_are_as_few():
    x = noise(16000)
    many = brightness(x, 16000, 2)
    assert many.shape[-1] > TOGETHER
    torch.testing.assert_close(many[..., ::50], brightness(x, 16000, 100))


def test_does_not_depend_on_the_level_and_silence_has_none():
    x = noise(8000).float()
    torch.testing.assert_close(brightness(x, 16000, 400), brightness(5 * x, 16000, 400))
    assert brightness(torch.zeros(2, 1, 4000), 16000, 1000).isnan().all()
    x[..., 4000] = torch.nan
    assert brightness(x, 16000, 400)[0, 0].isnan().tolist() == [n == 10 for n in range(20)]


def test_what_is_shorter_than_a_frame_has_none():
    assert brightness(torch.zeros(1, 1, 3), 16000, 4).shape == (1, 1, 0)
    assert brightness(torch.zeros(0, 1, 8), 16000, 4).shape == (0, 1, 2)


def test_what_is_no_sound_is_refused():
    with pytest.raises(ShapeError):
        brightness(torch.zeros(1, 8), 16000, 4)
    for rate, hop in ((16000, 0), (999, 4)):
        with pytest.raises(ConfigError):
            brightness(torch.zeros(1, 1, 8), rate, hop)
