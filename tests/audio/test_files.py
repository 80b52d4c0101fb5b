"""What goes into a sound file comes out of it, in every format, and in memory that does not grow."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from tonewright.audio import files, wav

FLAC_STEP = 2.0**-23  # one step of 24 bits
SHAPES = [(8000, 1), (44100, 2), (48000, 1)]  # rate and channels that every format knows
WIDE = [(37123, 3), (192000, 8)]  # and some that MP3 does not


def music(sample_rate: int, channels: int, seconds: float = 0.5) -> np.ndarray:
    """A few partials within the band of every codec, another set in each channel, float32 [C, T]."""
    t = np.arange(round(sample_rate * seconds)) / sample_rate
    pitch_hz = 110.0 * (1 + np.arange(channels))[:, None]
    x = sum(np.sin(2 * np.pi * pitch_hz * k * t) / k for k in (1, 2, 3))
    return (0.25 * x).astype(np.float32)


@pytest.mark.parametrize(("sample_rate", "channels"), SHAPES + WIDE)
@pytest.mark.parametrize(
    ("suffix", "tolerance"), [(".wav", 0.0), (".flac", FLAC_STEP), (".aiff", FLAC_STEP), (".AIF", FLAC_STEP)]
)
def test_round_trip_of_samples(tmp_path, suffix, tolerance, sample_rate, channels):
    x = music(sample_rate, channels)
    path = tmp_path / f"x{suffix}"
    assert files.write(path, x, sample_rate) == 0
    y, rate = files.read(path)
    assert files.info(path) == files.SoundInfo(path, sample_rate, channels, x.shape[1])
    assert rate == sample_rate and y.dtype == np.float32 and y.flags.c_contiguous
    assert y.shape == x.shape
    assert np.abs(y - x).max() <= tolerance


@pytest.mark.parametrize(("sample_rate", "channels"), SHAPES + WIDE)
@pytest.mark.parametrize("suffix", [".ogg", ".mp3"])
def test_round_trip_of_lossy_sound(tmp_path, suffix, sample_rate, channels):
    if suffix == ".mp3" and (sample_rate, channels) in WIDE:
        pytest.skip("MP3 has no such rate or so many channels; test_writer.py reads the sentence")
    x = music(sample_rate, channels, 2.0)
    path = tmp_path / f"x{suffix}"
    assert files.write(path, x, sample_rate) == 0
    y, rate = files.read(path)
    assert rate == sample_rate and y.shape == x.shape
    middle = slice(sample_rate // 2, -sample_rate // 2)
    error = np.square(y - x)[:, middle].sum() / np.square(x)[:, middle].sum()
    assert error < 10 ** (-20 / 10)  # in step with the original to 20 dB, so neither late nor another sound


def test_float_wav_is_exact_beyond_full_scale(tmp_path):
    x = np.array([[0.0, 1.5, -3e38, 1e-40, 1.0, -1.0]], dtype=np.float32)
    files.write(tmp_path / "x.wav", x, 44100)
    assert np.array_equal(files.read(tmp_path / "x.wav")[0], x)
    theirs_rate, theirs = wavfile.read(tmp_path / "x.wav")
    assert theirs_rate == 44100 and np.array_equal(theirs, x[0])


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".ogg"])
@pytest.mark.parametrize("comment", ["", "odd", "even", "Müller's amp, 'drive 7'", "ü" * 3000])
def test_a_comment_travels_with_the_sound(tmp_path, suffix, comment):
    x = music(44100, 2)
    files.write(tmp_path / f"x{suffix}", x, 44100, comment)
    assert files.info(tmp_path / f"x{suffix}").comment == comment[:1000]
    assert np.abs(files.read(tmp_path / f"x{suffix}")[0] - x).max() < (0.1 if suffix == ".ogg" else 2e-7)


def test_a_wav_with_a_comment_is_as_long_as_it_says(tmp_path, monkeypatch):
    for limit in (wav.LIMIT_BYTES, 1000):  # a RIFF file and an RF64 file
        monkeypatch.setattr(wav, "LIMIT_BYTES", limit)
        files.write(tmp_path / "x.wav", music(8000, 1), 8000, "a comment")
        data = (tmp_path / "x.wav").read_bytes()
        size = int.from_bytes(data[4:8] if data[:4] == b"RIFF" else data[20:28], "little")
        assert size == len(data) - 8 and files.info(tmp_path / "x.wav").comment == "a comment"


def test_the_same_sound_gives_the_same_bytes(tmp_path):
    for name in ("a.wav", "b.wav"):
        files.write(tmp_path / name, music(44100, 2), 44100)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_a_wav_header_is_plain_and_becomes_rf64_beyond_the_limit(tmp_path, monkeypatch):
    x = music(44100, 2)
    files.write(tmp_path / "x.wav", x, 44100)
    with soundfile.SoundFile(tmp_path / "x.wav") as sound:
        assert (sound.format, sound.subtype) == ("WAV", "FLOAT")
    monkeypatch.setattr(wav, "LIMIT_BYTES", 1000)
    files.write(tmp_path / "long.wav", x, 44100)
    with soundfile.SoundFile(tmp_path / "long.wav") as sound:
        assert (sound.format, sound.subtype, sound.frames) == ("RF64", "FLOAT", x.shape[1])
    assert np.array_equal(files.read(tmp_path / "long.wav")[0], x)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".ogg", ".mp3"])
def test_blocks_and_parts_are_the_whole(tmp_path, suffix):
    rng = np.random.default_rng(0)
    path = tmp_path / f"x{suffix}"
    files.write(path, 0.1 * rng.standard_normal((2, 50000)), 48000)
    whole, _ = files.read(path)
    for frames in (777, 4096, 16384, 10**6):
        got = list(files.blocks(path, frames))
        assert all(block.shape[1] == frames for block in got[:-1])
        assert np.array_equal(np.concatenate(got, axis=1), whole)
    part, rate = files.read(path, start=12345, frames=2000)
    assert rate == 48000 and np.allclose(part, whole[:, 12345:14345], atol=1e-6)
    assert files.read(path, start=49000, frames=5000)[0].shape == (2, 1000)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".ogg", ".mp3"])
def test_where_the_blocks_are_cut_makes_no_difference(tmp_path, suffix):
    x = music(44100, 2)
    with files.Writer(tmp_path / f"cut{suffix}", 44100, 2) as writer:
        for block in np.array_split(x, [1, 1, 100, 5000, 20000], axis=1):
            writer.write(block)
    files.write(tmp_path / f"whole{suffix}", x, 44100)
    assert writer.frames == x.shape[1]
    assert np.array_equal(
        files.read(tmp_path / f"cut{suffix}")[0], files.read(tmp_path / f"whole{suffix}")[0]
    )


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".ogg", ".mp3"])
def test_one_sample_is_a_file(tmp_path, suffix):
    files.write(tmp_path / f"x{suffix}", np.array([0.25]), 48000)
    assert files.read(tmp_path / f"x{suffix}")[0].shape == (1, 1)


def test_the_limits_of_ogg_do_not_crash(tmp_path):
    files.write(tmp_path / "wide.ogg", np.zeros((255, 2000)), 200000)
    assert files.info(tmp_path / "wide.ogg").channels == 255
    files.write(tmp_path / "long.ogg", np.zeros((1, 4_000_000)), 8000)  # in one call libvorbis crashes
    assert files.info(tmp_path / "long.ogg").seconds == 500.0


TEN_MINUTES = """
import sys
from pathlib import Path
import numpy as np
from tonewright.audio import files

def convert(source, target):
    with files.Writer(target, 48000, 2) as writer:
        for block in files.blocks(source):
            writer.write(block)

def generate(path, seconds):
    second = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 48000)).astype(np.float32)
    with files.Writer(path, 48000, 2) as writer:
        for _ in range(seconds):
            writer.write(second)

def peak_kb():  # not ru_maxrss, which a process inherits from the one that started it
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

folder = sys.argv[1]
generate(folder + "/warm.wav", 2)
convert(folder + "/warm.wav", folder + "/warm.flac")
before = peak_kb()
generate(folder + "/long.wav", 600)
convert(folder + "/long.wav", folder + "/long.flac")
print(peak_kb() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_ten_minutes_go_through_in_constant_memory(tmp_path):
    source = Path(files.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", TEN_MINUTES, str(tmp_path)],
        env={"PYTHONPATH": str(source), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert files.info(tmp_path / "long.flac").frames == 600 * 48000
    grown_mb = int(done.stdout) / 1024
    assert grown_mb < 16  # the sound is 230 MB
