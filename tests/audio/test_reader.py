"""Every file that cannot be used says so in one sentence; none is read short in silence."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tonewright.audio import files
from tonewright.errors import AudioError

RATE = 44100
SUFFIXES = [".wav", ".flac", ".aiff", ".ogg", ".mp3"]


def noise(frames: int, channels: int = 2) -> np.ndarray:
    return 0.1 * np.random.default_rng(0).standard_normal((channels, frames))


def refusal(path, use=files.read) -> str:
    with pytest.raises(AudioError) as refused:
        use(path)
    return str(refused.value)


def drain(path):
    for _ in files.blocks(path, 1000):
        pass


def test_info_reads_the_header(tmp_path):
    files.write(tmp_path / "x.flac", noise(22050), RATE)
    assert files.info(tmp_path / "x.flac") == files.SoundInfo(tmp_path / "x.flac", RATE, 2, 22050)
    assert files.info(str(tmp_path / "x.flac")).seconds == 0.5


@pytest.mark.parametrize("use", [files.info, files.read, drain])
def test_what_is_no_sound_file(tmp_path, use):
    (tmp_path / "zero.wav").touch()
    (tmp_path / "song.m4a").write_bytes(b"not a sound at all" * 100)
    (tmp_path / "x.raw").write_bytes(bytes(1000))
    os.mkfifo(tmp_path / "pipe.wav")
    assert (
        refusal("nowhere/dry.wav", use) == "there is no file nowhere/dry.wav; check its name and its folder"
    )
    assert refusal(tmp_path, use) == f"{tmp_path} is a folder, and a sound file was wanted; name a file in it"
    assert refusal(tmp_path / "zero.wav", use).endswith("zero.wav is empty (0 samples); export it again")
    assert refusal(tmp_path / "pipe.wav", use).endswith("is not an ordinary file; copy the sound into one")
    for name in ("song.m4a", "x.raw"):
        assert refusal(tmp_path / name, use) == (
            f"{tmp_path / name} is damaged or not a sound file of a kind that can be read "
            "(WAV, FLAC, AIFF, OGG, MP3); convert it to WAV"
        )


def test_a_part_is_read_without_another_look_at_the_file(tmp_path, monkeypatch):
    for suffix in SUFFIXES:
        files.write(tmp_path / f"x{suffix}", noise(3 * RATE), RATE)
        held = files.info(tmp_path / f"x{suffix}")
        whole = files.read(held)[0]
        with monkeypatch.context() as patched:
            patched.setattr("tonewright.audio.reader.info", lambda path: pytest.fail("it was looked at"))
            part, rate = files.read(held, start=RATE, frames=1000)
        assert rate == RATE and part.shape == (2, 1000)
        assert np.abs(part - whole[:, RATE : RATE + 1000]).max() < (1e-3 if suffix == ".mp3" else 1e-6)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    files.write(tmp_path / "x.wav", noise(100), RATE)

    def closed(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tonewright.audio.reader.check_whole", closed)
    assert refusal(tmp_path / "x.wav") == (
        f"{tmp_path}/x.wav cannot be read (Permission denied); copy it to where you may read it"
    )


def test_a_file_without_samples(tmp_path):
    soundfile.write(tmp_path / "x.wav", np.zeros((0, 2)), RATE)
    assert refusal(tmp_path / "x.wav") == f"{tmp_path}/x.wav is empty (0 samples); export it again"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("use", [files.read, drain])
def test_bad_samples_are_found_and_placed(tmp_path, bad, use):
    x = noise(2 * RATE).T
    x[54243, 1] = bad  # 1.23 s
    x[60000, 0] = bad
    soundfile.write(tmp_path / "dry.wav", x, RATE, "FLOAT")
    assert refusal(tmp_path / "dry.wav", use) == (
        f"{tmp_path}/dry.wav has NaN or infinite samples (first at 1.23 s); export it again"
    )
    assert files.read(tmp_path / "dry.wav", frames=54243)[0].shape == (2, 54243)


def test_a_start_beyond_the_end(tmp_path):
    files.write(tmp_path / "x.wav", noise(100), RATE)
    for start in (-1, 100):
        assert refusal(tmp_path / "x.wav", lambda path, start=start: files.read(path, start)).endswith(
            f"has 100 samples and was to be read from number {start}; start within it"
        )


@pytest.mark.parametrize("use", [files.read, drain])
@pytest.mark.parametrize("part", [0.055, 0.505, 0.905, 0.995])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_was_cut_short(tmp_path, suffix, part, use):
    files.write(tmp_path / f"x{suffix}", noise(5 * RATE), RATE)
    whole = (tmp_path / f"x{suffix}").read_bytes()
    (tmp_path / f"x{suffix}").write_bytes(whole[: int(len(whole) * part)])
    said = refusal(tmp_path / f"x{suffix}", use)
    assert said.startswith(f"{tmp_path}/x{suffix} is ") and said.endswith("; copy or export it again")
    if suffix in (".wav", ".aiff"):
        assert f"it holds {int(100 * part)} % of the sound" in said


@pytest.mark.parametrize(("container", "subtype"), [("RF64", "FLOAT"), ("WAV", "PCM_16"), ("AIFF", "FLOAT")])
def test_one_missing_byte_is_noticed(tmp_path, container, subtype):
    soundfile.write(tmp_path / "x", noise(1000).T, RATE, subtype, format=container)
    assert files.read(tmp_path / "x")[0].shape == (2, 1000)
    (tmp_path / "x").write_bytes((tmp_path / "x").read_bytes()[:-1])
    said = refusal(tmp_path / "x", files.info)
    assert said.endswith("it holds 99 % of the sound that its header promises; copy or export it again")


def test_an_ogg_that_lacks_its_last_page(tmp_path):
    files.write(tmp_path / "x.ogg", noise(5 * RATE), RATE)
    data = (tmp_path / "x.ogg").read_bytes()
    (tmp_path / "x.ogg").write_bytes(data[: data.rindex(b"OggS")])
    assert refusal(tmp_path / "x.ogg", files.info) == (
        f"{tmp_path}/x.ogg is cut short: its last page is missing; copy or export it again"
    )


@pytest.mark.parametrize("size", [2**32 - 1, 2**31 - 4096])
def test_a_wav_from_a_pipe_has_no_length_and_is_read_to_its_end(tmp_path, size):
    soundfile.write(tmp_path / "x.wav", noise(1000).T, RATE)
    data = (tmp_path / "x.wav").read_bytes()
    at = data.index(b"data") + 4
    (tmp_path / "x.wav").write_bytes(data[:at] + struct.pack("<I", size) + data[at + 4 :])
    assert files.read(tmp_path / "x.wav")[0].shape == (2, 1000)


def test_a_flac_from_a_pipe_has_no_length_and_is_read_to_its_end(tmp_path):
    files.write(tmp_path / "x.flac", noise(100000), RATE)
    data = bytearray((tmp_path / "x.flac").read_bytes())
    data[21] &= 0xF0  # the 36 bits that count the samples, in the STREAMINFO block
    data[22:26] = bytes(4)
    (tmp_path / "x.flac").write_bytes(data)
    assert files.info(tmp_path / "x.flac").frames == 100000
    assert files.read(tmp_path / "x.flac")[0].shape == (2, 100000)


def mp3_without_its_length(path, loudness: np.ndarray) -> None:
    """An MP3 of varying bit rate whose first frame, which tells the length, is taken away."""
    x = noise(len(loudness)).T * loudness[:, None]
    settings = {"format": "MP3", "compression_level": 0.5, "bitrate_mode": "VARIABLE"}
    with soundfile.SoundFile(path, "w", 48000, 2, "MPEG_LAYER_III", **settings) as sound:
        for start in range(0, len(x), 4096):
            sound.write(x[start : start + 4096])
    data = Path(path).read_bytes()
    Path(path).write_bytes(data[data.index(data[:2], 36) :])


def test_an_mp3_without_its_length(tmp_path):
    swell = np.linspace(0, 1, 10 * 48000) ** 4
    mp3_without_its_length(tmp_path / "swell.mp3", swell)  # libsndfile guesses 3 times too much
    frames = files.info(tmp_path / "swell.mp3").frames
    assert 0 <= frames - len(swell) <= 3 * 1152
    assert files.read(tmp_path / "swell.mp3")[0].shape == (2, frames)
    mp3_without_its_length(tmp_path / "decay.mp3", swell[::-1])  # and here a third of it
    assert refusal(tmp_path / "decay.mp3").endswith(
        "decay.mp3 is an MP3 of varying bit rate whose header does not tell its length, "
        "and could be read only in part; convert it to WAV"
    )


def test_real_recordings_are_whole():
    data = Path(__file__).parents[3] / "shared" / "data"
    if not data.is_dir():
        pytest.skip("the recordings of shared/data are not there")
    found = [path for kind in ("*.ogg", "*.flac") for path in sorted(data.rglob(kind))[:20]]
    assert found
    for path in found:
        held = files.info(path)
        assert files.read(path, start=held.frames - 1)[0].shape == (held.channels, 1)


def test_a_name_that_cannot_be_read(tmp_path):
    files.write(tmp_path / "a.wav", noise(100), 48000)
    name = os.fsencode(tmp_path) + b"/\xff.wav"
    try:
        os.rename(tmp_path / "a.wav", name)
    except OSError:
        pytest.skip("no file can have such a name here")
    for use in (files.info, files.read, drain):
        words = refusal(os.fsdecode(name), use)
        assert words.endswith("\\udcff.wav cannot be opened, for its name cannot be read here; rename it")
        assert words.encode()  # so that it can be written anywhere
