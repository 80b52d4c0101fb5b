"""A library is what can be read of a folder, in one order; the rest is passed over or told."""

import os

import numpy as np
import pytest
import soundfile

from tonewright.audio import files
from tonewright.audio.library import OURS, TOLD, open_library
from tonewright.errors import AudioError

RATE = 8000


def put(path, seconds: float = 1.0, rate: int = RATE, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, 0.1 * np.ones(round(seconds * rate)), rate, **more)


def names(library) -> list[str]:
    return [str(sound.path.relative_to(library.path)) for sound in library.sounds]


@pytest.fixture
def told():
    return []


def test_all_kinds_are_found_in_all_folders_in_the_order_of_their_names(tmp_path, told):
    for name in ("d/y.wav", "b/z.ogg", "b/a/x.wav", "c.FLAC", "a.aiff", "B.mp3"):
        put(tmp_path / name)
    (tmp_path / "cover.jpg").write_bytes(b"no sound")
    (tmp_path / "notes").touch()
    library = open_library(tmp_path, told.append)
    assert names(library) == ["B.mp3", "a.aiff", "c.FLAC", "b/z.ogg", "b/a/x.wav", "d/y.wav"] and told == []
    assert library.seconds == pytest.approx(6, abs=0.2)


def test_hidden_files_are_passed_over(tmp_path, told):
    put(tmp_path / "a.wav")
    (tmp_path / "._a.wav").write_bytes(b"what another system leaves beside each file")
    put(tmp_path / ".trash/b.wav")
    assert names(open_library(tmp_path, told.append)) == ["a.wav"] and told == []


def test_what_we_made_is_passed_over_unless_it_is_named(tmp_path, told):
    put(tmp_path / "amp.wet.wav", comment=f"{OURS}the command 'x'")
    put(tmp_path / "a.wav", comment="made by somebody")
    assert names(open_library(tmp_path, told.append)) == ["a.wav"] and told == []
    assert len(open_library(tmp_path / "amp.wet.wav").sounds) == 1


def test_links_are_followed_and_circles_are_not(tmp_path):
    put(tmp_path / "elsewhere/a.wav")
    (tmp_path / "music").mkdir()
    (tmp_path / "music/more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "music")
    assert names(open_library(tmp_path / "music")) == ["more/a.wav"]


def test_what_cannot_be_read_is_told_and_left_out(tmp_path, told):
    put(tmp_path / "a.wav")
    (tmp_path / "b.m4a").write_bytes(b"sound of another kind" * 10)
    put(tmp_path / "c.wav")
    (tmp_path / "c.wav").write_bytes((tmp_path / "c.wav").read_bytes()[:-3000])
    (tmp_path / "d.wav").touch()
    os.mkfifo(tmp_path / "e.wav")
    assert names(open_library(tmp_path, told.append)) == ["a.wav"]
    assert [sentence.split(";")[0] for sentence in told] == [
        f"left out: {tmp_path}/b.m4a is damaged or not a sound file of a kind that can be read (WAV, FLAC, AIFF, "
        "OGG, MP3)",
        f"left out: {tmp_path}/c.wav is cut short: it holds 90 % of the sound that its header promises",
        f"left out: {tmp_path}/d.wav is empty (0 samples)",
        f"left out: {tmp_path}/e.wav is not an ordinary file",
    ]


def test_many_that_cannot_be_read_are_counted(tmp_path, told):
    put(tmp_path / "z.wav")
    for number in range(TOLD + 3):
        (tmp_path / f"{number}.wma").write_bytes(b"no")
    open_library(tmp_path, told.append)
    assert len(told) == TOLD + 1 and told[-1] == "left out: 3 more files that cannot be read"


def test_a_folder_that_may_not_be_read(tmp_path, told, monkeypatch):
    put(tmp_path / "a.wav")
    put(tmp_path / "closed/b.wav")
    scandir = os.scandir

    def guarded(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert names(open_library(tmp_path, told.append)) == ["a.wav"]
    words = (
        f"left out: {tmp_path}/closed cannot be read (Permission denied); copy it to where you may read it"
    )
    assert told == [words]


def test_nothing_to_draw_from(tmp_path):
    def refusal(path) -> str:
        with pytest.raises(AudioError) as refused:
            open_library(path)
        return str(refused.value)

    assert (
        refusal("nowhere") == "there is no file or folder nowhere; name a folder of sounds, or one sound file"
    )
    (tmp_path / "a.txt").write_text("no sound")
    words = "holds no sound file that can be read (WAV, FLAC, AIFF, OGG, MP3); name a folder that holds music"
    assert words in refusal(tmp_path)
    assert "is damaged or not a sound file" in refusal(tmp_path / "a.txt")


def test_the_usual_rate_is_that_of_most_seconds(tmp_path):
    for name, rate, seconds in (("a", 44100, 4), ("b", 48000, 1), ("c", 48000, 2), ("d", 8000, 3.5)):
        put(tmp_path / f"{name}.wav", seconds, rate)
    assert open_library(tmp_path).usual_rate == 44100
    put(tmp_path / "e.wav", 1, 48000)
    assert open_library(tmp_path).usual_rate == 48000  # as many seconds: the higher one


def test_one_file_of_any_name(tmp_path):
    soundfile.write(tmp_path / "sound", np.ones(100), RATE, format="WAV")
    assert len(open_library(tmp_path / "sound").sounds) == 1
