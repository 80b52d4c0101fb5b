"""A file through a model: as long, lined up, at its own rate, and in little memory."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile

from tests.runtime.models import Gain, Late, player
from tonewright.audio import files
from tonewright.audio.rates import resample
from tonewright.errors import AudioError, ConfigError
from tonewright.runtime.render import render_file


@pytest.fixture
def put(tmp_path):
    def write(samples, rate=48000, name="in.wav"):
        files.write(tmp_path / name, np.asarray(samples, np.float32), rate)
        return tmp_path / name

    return write


def noise(samples: int, channels: int = 1) -> np.ndarray:
    return 0.3 * np.random.default_rng(0).standard_normal((channels, samples)).astype(np.float32)


@pytest.mark.parametrize("samples", [1, 2, 3, 4, 5, 6, 16383, 16384, 16385, 40001])
def test_it_lines_up_and_is_as_long(put, tmp_path, samples):
    source, target = put(noise(samples)), tmp_path / "out.wav"
    assert render_file(player(Late()), source, target) == 0
    got, rate = files.read(target)
    assert rate == 48000 and np.array_equal(got, files.read(source)[0])


def test_stereo_is_played_side_by_side(put, tmp_path):
    x, made = noise(20000, 2), player()
    render_file(made, put(x), tmp_path / "out.wav")
    np.testing.assert_allclose(files.read(tmp_path / "out.wav")[0], made.render(x), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("rate,samples", [(44100, 30001), (88200, 30029), (192000, 30029), (192000, 1)])
def test_another_rate_there_and_back(put, tmp_path, rate, samples):
    t = np.arange(samples) / rate
    tone = 0.5 * np.sin(2 * np.pi * 1000 * t)
    render_file(player(Late()), put(tone, rate), tmp_path / "out.wav", resample=True)
    got, got_rate = files.read(tmp_path / "out.wav")
    assert got_rate == rate and got.shape == (1, samples)
    inside = slice(1000, samples - 1000)
    np.testing.assert_allclose(got[0, inside], tone[inside], atol=1e-3)


def test_at_another_rate_it_is_the_model_at_its_own(put, tmp_path):
    x, made = noise(30000), player()
    render_file(made, put(x, 44100), tmp_path / "out.wav", resample=True)
    wanted = resample(made.render(resample(x, 44100, 48000)), 48000, 44100)
    got = files.read(tmp_path / "out.wav")[0]
    np.testing.assert_allclose(got[:, :29000], wanted[:, :29000], atol=1e-5)


def test_another_rate_is_refused_with_what_to_do(put, tmp_path):
    source = put(noise(100), 44100)
    with pytest.raises(AudioError, match=r"44100 Hz and amp\.tone was learned at 48000 Hz; add --resample"):
        render_file(player(), source, tmp_path / "out.wav", model_name="amp.tone")
    assert [p.name for p in tmp_path.iterdir()] == ["in.wav"]


@pytest.mark.parametrize("suffix,clipped", [(".flac", 3), (".wav", 0)])
def test_what_a_format_clips_is_counted(put, tmp_path, suffix, clipped):
    x = np.array([0.1, 0.6, -0.7, 0.2, 0.9, 0.5])
    target = tmp_path / f"out{suffix}"
    assert render_file(player(Gain()), put(x), target, {"gain": 2.0}) == clipped
    assert files.read(target)[0].max() == pytest.approx(1.8 if suffix == ".wav" else 1.0, abs=1e-6)


def test_a_wrong_knob_leaves_no_file(put, tmp_path):
    with pytest.raises(ConfigError):
        render_file(player(Gain()), put(noise(100)), tmp_path / "out.wav", {"gian": 1.0})
    assert [p.name for p in tmp_path.iterdir()] == ["in.wav"]


def test_a_model_that_gives_no_numbers_leaves_no_file(put, tmp_path):
    with pytest.raises(AudioError, match="NaN or infinite"):
        render_file(player(Late(1e39)), put(noise(100)), tmp_path / "out.wav")
    assert [p.name for p in tmp_path.iterdir()] == ["in.wav"]


def test_a_source_may_be_its_own_target(put):
    source = put(np.full(50000, 0.25))
    render_file(player(Gain()), source, source, {"gain": 2.0})
    assert np.allclose(files.read(source)[0], 0.5)


def test_progress_ends_at_one(put, tmp_path):
    told = []
    render_file(player(), put(noise(40000)), tmp_path / "out.wav", progress=told.append)
    assert told == sorted(told) and told[-1] == 1.0


GROWTH = """
import resource, sys, torch
from pathlib import Path
from tests.runtime.models import player
from tonewright.runtime.render import render_file
torch.set_num_threads(1)
peaks = []
for path in sys.argv[1:]:
    render_file(player(), Path(path), Path(path).with_suffix(".flac"))
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
print(peaks[1] - peaks[0])
"""


def test_memory_does_not_grow_with_the_file(tmp_path):
    paths = [tmp_path / "short.wav", tmp_path / "long.wav"]
    for path, seconds in zip(paths, (10, 180), strict=True):
        soundfile.write(path, np.zeros((seconds * 48000, 2), np.int16), 48000)
    done = subprocess.run([sys.executable, "-c", GROWTH, *map(str, paths)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 30  # MB; the longer file alone has 69 of them as floats
