"""Recordings become performances: of any kind of file, lined up, and only what can be learned from."""

import os
import re

import numpy as np
import pytest
import soundfile

from tests.audio.tones import HOP, RATE, melody, scale, tone
from tests.shared import SHARED, needs_shared
from tonewright.audio import files
from tonewright.audio.performances import open_performances, perform
from tonewright.errors import AudioError

NOTES = scale(220.0, 12)


def put(path, sound=None, rate=RATE, **more):
    os.makedirs(path.parent, exist_ok=True)
    files.write(path, melody(NOTES) if sound is None else sound, rate, **more)
    return path


def heard(path, rate=RATE, hop=HOP):
    (found,) = open_performances(path, rate, hop)
    return found


def test_pitch_and_sound_line_up(tmp_path):
    found = heard(put(tmp_path / "scale.wav"))
    assert (found.sample_rate, found.hop, found.name, found.clipped) == (RATE, HOP, "scale", 0)
    assert found.frames == len(melody(NOTES)) // HOP and len(found.sound) == found.frames * HOP
    middles = (np.arange(len(NOTES)) * 25) + 12
    semitones = 12 * np.log2(found.f0_hz[middles] / NOTES)
    assert np.abs(semitones).max() < 0.2 and found.voiced[middles].all()
    assert (
        found.sound.dtype
        == found.f0_hz.dtype
        == found.live_f0_hz.dtype
        == found.loudness_db.dtype
        == np.float32
    )
    assert np.abs(found.sound - melody(NOTES)[: len(found.sound)]).max() < 1e-3


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "ogg", "mp3"])
@pytest.mark.parametrize("rate", [22050, 48000])
def test_any_file_at_any_rate(tmp_path, suffix, rate):
    sound = np.stack([melody(NOTES, rate=rate)] * 2)
    found = heard(put(tmp_path / f"a.{suffix}", sound, rate))
    plain = heard(put(tmp_path / "plain.wav"))
    frames = min(found.frames, plain.frames)
    voiced = found.voiced[:frames] & plain.voiced[:frames]
    off = np.abs(12 * np.log2(found.f0_hz[:frames] / plain.f0_hz[:frames]))[voiced]
    assert voiced.mean() > 0.8 and np.percentile(off, 90) < 0.1
    assert np.median(np.abs(found.loudness_db[:frames] - plain.loudness_db[:frames])) < 0.5


def test_the_rates_of_a_model(tmp_path):
    path = put(tmp_path / "a.wav", melody(NOTES, rate=48000), 48000)
    for rate in (8000, 16000, 44100, 48000, 96000):
        found = heard(path, rate, rate // 100)
        assert found.frames == 25 * len(NOTES)
        for f0_hz in (found.f0_hz, found.live_f0_hz):
            assert 12 * abs(np.log2(f0_hz[12] / NOTES[0])) < 0.2


def test_a_folder_with_folders(tmp_path):
    for name in ("b.wav", "more/a.wav", "more/c.flac"):
        put(tmp_path / name)
    (tmp_path / "notes.txt").write_text("a violin")
    seen = []
    found = open_performances(tmp_path, RATE, HOP, progress=seen.append)
    assert [one.name for one in found] == ["b", "a", "c"]
    assert seen == sorted(seen) and seen[-1] == 1.0 and len(seen) >= 3


def test_what_cannot_be_learned_from_is_left_out(tmp_path):
    put(tmp_path / "good.wav")
    put(tmp_path / "short.wav", tone(220.0, 0.5))
    put(tmp_path / "silent.wav", np.zeros(2 * RATE))
    nan = np.full(2 * RATE, np.nan)
    soundfile.write(tmp_path / "nan.wav", nan, RATE, subtype="FLOAT")
    said = []
    found = open_performances(tmp_path, RATE, HOP, said.append)
    assert [one.name for one in found] == ["good"] and len(said) == 3
    assert all(sentence.startswith("left out: ") and "\n" not in sentence for sentence in said)


@pytest.mark.parametrize(
    ("sound", "words"),
    [
        (tone(220.0, 0.5), "0.50 s long"),
        (np.zeros(2 * RATE), "silent"),
        (np.stack([tone(220.0, 2.0), -tone(220.0, 2.0)]), "cancel"),
    ],
)
def test_a_recording_of_nothing(tmp_path, sound, words):
    path = put(tmp_path / "a.wav", sound)
    with pytest.raises(AudioError, match=words):
        perform(path, RATE, HOP)
    with pytest.raises(AudioError, match=words):
        open_performances(path, RATE, HOP)
    put(tmp_path / "b.wav", sound)
    with pytest.raises(AudioError, match=f"none of the 2 recordings in {re.escape(str(tmp_path))} .*{words}"):
        open_performances(tmp_path, RATE, HOP)


def test_clipping_is_counted_in_the_file(tmp_path):
    loud = np.clip(8 * melody(NOTES, rate=44100), -1, 1)
    found = heard(put(tmp_path / "a.wav", loud, 44100))
    assert found.clipped > 1000


def test_silence_has_no_pitch_and_noise_little(tmp_path):
    rest = np.zeros(RATE)
    found = heard(put(tmp_path / "a.wav", np.concatenate([rest, tone(330.0, 1.0), rest])))
    assert not found.voiced[:95].any() and not found.voiced[205:].any()
    assert found.voiced[110:190].all()
    assert np.isfinite(found.f0_hz).all() and (found.f0_hz > 0).all()


@needs_shared
def test_a_violin():
    found = heard(SHARED / "data" / "violin" / "john-garner_bwv1002_mov8.flac")
    assert found.voiced.mean() > 0.9 and 140 < found.seconds < 141
    assert np.percentile(found.f0_hz, 1) > 190 and np.percentile(found.f0_hz, 99) < 1500
