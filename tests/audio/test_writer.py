"""A sound file is whole or not there, and a person hears why."""

import dataclasses
import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tonewright.audio import encoders, files, writer
from tonewright.errors import AudioError, ShapeError

RATE = 48000
SUFFIXES = [".wav", ".flac", ".aiff", ".ogg", ".mp3"]
CLIPPING = [".flac", ".aiff", ".ogg", ".mp3"]
SOUND = 0.1 * np.random.default_rng(0).standard_normal((2, 30000))


def refusal(path, samples=SOUND, sample_rate=RATE) -> str:
    with pytest.raises(AudioError) as refused:
        files.write(path, samples, sample_rate)
    return str(refused.value)


@pytest.mark.parametrize("suffix", CLIPPING)
def test_samples_beyond_full_scale_are_clipped_and_counted(tmp_path, suffix):
    x = np.full((1, 48000), 0.5)
    x[0, 10000:10100], x[0, 20000:20050] = 1.9, -1.9
    x[0, 30000:30010] = 1.0  # full scale is not beyond it
    assert files.write(tmp_path / f"x{suffix}", x, RATE) == 150
    y = files.read(tmp_path / f"x{suffix}")[0][0]
    assert y[10020:10080].min() > 0.9 and y[20010:20040].max() < -0.9  # nothing wrapped around
    assert np.abs(y).max() < 1.5  # what a codec adds to clipped sound


def test_wav_counts_no_clipping(tmp_path):
    assert files.write(tmp_path / "x.wav", np.full(100, 7.0), RATE) == 0


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_exception_leaves_nothing(tmp_path, suffix, failure):
    with pytest.raises(failure), files.Writer(tmp_path / f"x{suffix}", RATE, 2) as sound:
        sound.write(SOUND)
        assert len(list(tmp_path.iterdir())) == 1  # the temporary file, under another name
        raise failure
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_exception_leaves_the_old_file(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    files.write(path, SOUND, RATE)
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), files.Writer(path, RATE, 2) as sound:
        sound.write(SOUND[:, :5000])
        raise KeyboardInterrupt
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    files.write(path, SOUND[:, :5000], RATE)
    assert files.info(path).frames == 5000


@pytest.mark.parametrize("frames", [3000, 30000])  # libsndfile writes a short OGG only when it closes it
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_disk_that_is_full_from_the_start(tmp_path, monkeypatch, suffix, frames):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    monkeypatch.setattr(writer, "_create", lambda part: part.symlink_to("/dev/full"))
    assert refusal(tmp_path / f"x{suffix}", SOUND[:, :frames]) == (
        f"the disk of {tmp_path} is full, and {tmp_path}/x{suffix} was not written "
        "(no part of it was left behind); free some space and try again"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_disk_that_is_full_at_the_end(tmp_path, monkeypatch, suffix):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert refusal(tmp_path / f"x{suffix}").startswith(f"the disk of {tmp_path} is full")
    assert list(tmp_path.iterdir()) == []


LIMITED = """
import resource, sys
import numpy as np
from tonewright.audio import files
from tonewright.errors import AudioError

resource.setrlimit(resource.RLIMIT_FSIZE, (30000, 30000))
x = 0.5 * np.random.default_rng(0).standard_normal((2, 200000))
for suffix in (".wav", ".flac", ".aiff", ".ogg", ".mp3"):
    try:
        files.write(sys.argv[1] + "/x" + suffix, x, 48000)
    except AudioError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on file sizes behaves so on Linux")
def test_a_file_that_the_system_refuses_midway(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        env={"PYTHONPATH": str(Path(files.__file__).parents[2]), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        f"{tmp_path}/x{suffix} was not written (no part of it was left behind), for it is longer than a file "
        f"may be in {tmp_path}; choose another disk"
        for suffix in SUFFIXES
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_places_that_cannot_be_written(tmp_path, monkeypatch, suffix):
    name = f"x{suffix}"
    missing = tmp_path / "missing" / name
    assert refusal(missing) == (
        f"{missing} cannot be written, for there is no folder {missing.parent}; make it first"
    )
    (tmp_path / name).mkdir()
    assert refusal(tmp_path / name) == (
        f"{tmp_path / name} is a folder, and a file name was wanted; choose another name"
    )

    def closed(part):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(writer, "_create", closed)
    assert refusal(tmp_path / f"y{suffix}") == (
        f"{tmp_path}/y{suffix} cannot be written, for {tmp_path} does not allow it; choose another folder"
    )


def test_a_write_protected_file_stays(tmp_path, monkeypatch):
    files.write(tmp_path / "dry.wav", SOUND, RATE)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # for root nothing is protected
    assert refusal(tmp_path / "dry.wav").endswith("is there and write-protected; choose another name")
    assert files.info(tmp_path / "dry.wav").frames == SOUND.shape[1]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "x.wav").symlink_to(tmp_path / "far" / "y.wav")
    files.write(tmp_path / "x.wav", SOUND, RATE)
    assert (tmp_path / "x.wav").is_symlink() and files.info(tmp_path / "far" / "y.wav").channels == 2


def test_names_and_shapes_that_no_format_has(tmp_path):
    known = ".wav, .flac, .aiff, .aif, .ogg, .mp3"
    for name, came in (("x.m4a", "ends in .m4a"), ("x", "has no suffix")):
        assert refusal(tmp_path / name) == (
            f"a sound file is written as {known}, and {tmp_path / name} {came}; give it one of these names"
        )
    assert refusal("x.mp3", np.zeros((3, 10))) == (
        "x.mp3 would have 3 channels, and .mp3 holds 1 to 2; write a .wav, or fewer channels"
    )
    assert refusal("x.mp3", sample_rate=96000) == (
        "x.mp3 would be at 96000 Hz, and .mp3 cannot be; write a .wav, or convert the sound to 48000 Hz first"
    )
    for path, channels, rate in (("x.flac", 9, RATE), ("x.ogg", 256, RATE), ("x.ogg", 1, 200001)):
        refusal(path, np.zeros((channels, 10)), rate)
    assert "would be at 0 Hz" in refusal("x.wav", sample_rate=0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])  # the last is infinite in 32 bits
def test_bad_samples_are_not_written(tmp_path, bad):
    x = np.zeros((2, 100000))
    x[1, 59040] = bad
    assert refusal(tmp_path / "x.wav", x) == (
        f"{tmp_path}/x.wav was not written, for the sound has NaN or infinite samples (first at 1.23 s); "
        "check what it was made from"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_is_not_a_sound(tmp_path, suffix):
    assert refusal(tmp_path / f"x{suffix}", np.zeros((2, 0))).endswith("no sound to write (0 samples)")
    assert list(tmp_path.iterdir()) == []


def test_aiff_ends_at_4_gb(tmp_path, monkeypatch):
    short = dataclasses.replace(encoders.FORMATS[".aiff"], max_samples=1000)
    monkeypatch.setitem(encoders.FORMATS, ".aiff", short)
    files.write(tmp_path / "x.aiff", SOUND[:, :500], RATE)
    assert refusal(tmp_path / "y.aiff", SOUND[:, :501]).endswith(
        "was not written, for it would pass the 4 GB of its format; write a .wav or .flac"
    )


def test_blocks_of_another_shape_are_refused(tmp_path):
    with files.Writer(tmp_path / "x.wav", RATE, 2) as sound:
        sound.write(SOUND)
        with pytest.raises(ShapeError, match=r"wants floats \[2, n\], and got float64 \[3, 5\]"):
            sound.write(np.zeros((3, 5)))
        with pytest.raises(ShapeError, match=r"got int16 \[2, 5\]"):
            sound.write(np.zeros((2, 5), dtype=np.int16))
    assert sound.frames == SOUND.shape[1]
