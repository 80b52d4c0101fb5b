"""Impulse responses as sound files: a chain that is written, and sounds that are played."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import fftconvolve

import tonewright as tw
from tests.export.chains import chain, ringing
from tests.runtime.instruments import tone as instrument
from tonewright.audio import files
from tonewright.errors import AudioError, ConfigError, FileError, TonewrightError
from tonewright.export import formats, impulse
from tonewright.export.playback import difference
from tonewright.models.wavenet import PRESETS
from tonewright.models.wavenet import Model as WaveNet
from tonewright.runtime.player import Player
from tonewright.storage import Tone

ROW = formats.named("impulse")
TAPS = ringing(700)


def exported(player: Player, path) -> tuple[np.ndarray, str]:
    """What was written of a model, as [C, N], and the words."""
    said = formats.write(formats.for_writing(player, path), player, path)
    return soundfile.read(path, dtype="float32", always_2d=True)[0].T, said


@pytest.mark.parametrize(
    "player,channels",
    [
        (chain("gain,polarity", gain={"gain_db": -3.0}, polarity={"sign": -1.0}), 1),
        (chain("response[700]", response={"taps": TAPS}), 1),
        (chain("highpass,eq,lowpass", eq={"mid_gain_db": 9.0, "high_gain_db": -6.0}), 1),
        (chain("echo,gain", 8000, echo={"feedback": 0.5, "delay_ms": 70.0}), 1),
        (chain("hall,dc-blocker", 8000, hall={"t60_s": 0.4}), 1),
        (chain("room[4000],delay", 8000, room={"t60_s": [0.3] * 8}, delay={"delay_ms": 1.3}), 1),
        (chain("response[300],pan", response={"taps": TAPS[:300]}, pan={"pan": -0.4}), 2),
        (chain("eq,pan,gain", 48000, 2, eq={"bass_gain_db": 5.0}, pan={"pan": 0.7}), 2),
    ],
    ids=lambda value: ",".join(value.settings) if isinstance(value, Player) else str(value),
)
def test_a_sound_convolved_with_the_file_is_what_the_chain_makes_of_it(player, channels, tmp_path):
    taps, said = exported(player, tmp_path / "a.wav")
    assert len(taps) == channels and f"{taps.shape[1]:,} sample" in said
    assert (f"of {channels} channels" in said) == (channels > 1)
    assert files.info(tmp_path / "a.wav").sample_rate == player.sample_rate
    assert difference(ROW, player, tmp_path / "a.wav") < 2e-6


def test_a_response_is_written_as_it_is_and_read_as_it_was_written(tmp_path):
    path = tmp_path / "a.wav"
    written, _ = exported(chain("response[700]", 44100, response={"taps": TAPS}), path)
    np.testing.assert_array_equal(written[0], TAPS)
    assert soundfile.info(path).subtype == "FLOAT"
    again = tw.load(path)
    np.testing.assert_array_equal(again.settings["response"]["taps"], TAPS)
    assert (again.sample_rate, again.tone.architecture, again.latency) == (44100, "chain", 0)
    first = path.read_bytes()
    exported(again, path)
    assert path.read_bytes() == first


@pytest.mark.parametrize("delay_ms,late", [(10.0, 0), (0.0, 0), (0.01, 2)])
def test_the_samples_by_which_a_delay_is_late_are_left_out_where_nothing_sounds(delay_ms, late, tmp_path):
    player = chain("delay", delay={"delay_ms": delay_ms})
    taps, said = exported(player, tmp_path / "a.wav")
    assert ("late by 2 samples" in said) == bool(late)
    assert abs(int(np.argmax(np.abs(taps[0]))) - late - 48 * delay_ms) < 0.5
    assert difference(ROW, player, tmp_path / "a.wav") < 1e-6


def test_what_rings_on_is_cut_where_it_has_died_away(tmp_path):
    player = chain("echo", 8000, echo={"delay_ms": 100.0, "feedback": 0.5, "mix": 1.0})
    taps, said = exported(player, tmp_path / "a.wav")
    assert "what rings on after it is 1" in said and "below all of it" in said
    kept = round(float(said.split("is ")[1].split(" dB")[0]))
    assert 140 <= kept <= 147  # the next repeat is 6 dB softer
    assert taps.shape[1] == 1 + 800 * (1 + int(np.log2(np.abs(taps[0, 800]) / np.abs(taps[0, -1])) + 0.5))


def test_what_rings_for_ever_is_cut_after_a_minute(tmp_path):
    player = chain("echo", 1000, echo={"delay_ms": 2000.0, "feedback": 0.98})
    taps, said = exported(player, tmp_path / "a.wav")
    assert 58_000 < taps.shape[1] <= 60_000 and "dB below all of it" in said


def test_formats_of_24_bits_refuse_what_they_would_clip(tmp_path):
    loud = chain("gain", gain={"gain_db": 6.0})
    for name in ("a.flac", "a.aiff", "a.AIF"):
        with pytest.raises(ConfigError, match=r"goes up to 2, and a .* file to 1; write a \.wav"):
            exported(loud, tmp_path / name)
        exported(chain("response[700]", response={"taps": TAPS / 8.0}), tmp_path / name)
        np.testing.assert_allclose(
            tw.load(tmp_path / name).settings["response"]["taps"], TAPS / 8.0, atol=1.3e-7
        )


@pytest.mark.parametrize(
    "player,words",
    [
        (chain("gain,compressor"), "for its compressor changes its gain with the level"),
        (chain("eq,tanh,gain"), "for its tanh bends loud sounds more than soft ones"),
        (chain("chorus"), "for its chorus moves, so that every click becomes something else"),
        (chain("offset,eq", offset={"level": 0.1}), "for it makes sound of silence"),
        (chain("width", 48000, 2, width={"width": 0.5}), "puts its channels on each other"),
        (chain("response[3]", response={"taps": [0.0] * 3}), "makes silence of every sound"),
        (Player(Tone("wavenet", WaveNet(PRESETS["nano"]), 48000)), "for it is no chain of linear effects"),
    ],
    ids=range(7),
)
def test_what_is_more_than_a_response_is_refused(player, words, tmp_path):
    with pytest.raises(ConfigError, match=words):
        formats.for_writing(player, tmp_path / "a.wav", "impulse")
    with pytest.raises(ConfigError, match=words):
        exported(player, tmp_path / "a.wav")
    assert not list(tmp_path.iterdir())


def test_an_offset_of_nothing_is_none(tmp_path):
    assert exported(chain("offset"), tmp_path / "a.wav")[0].tolist() == [[1.0]]


def test_sounds_of_one_kind_are_told_apart_by_the_model():
    assert formats.for_writing(chain("gain"), Path("a.wav")).key == "impulse"
    room = Player(instrument(sample_rate=16000))
    assert formats.for_writing(room, Path("a.wav")).key == "room"


@pytest.mark.parametrize("rate", [8000, 44100, 96000, 192000])
@pytest.mark.parametrize("subtype", ["FLOAT", "PCM_16", "PCM_24", "DOUBLE"])
def test_a_sound_of_any_rate_and_kind_plays_as_its_convolution(rate, subtype, tmp_path):
    soundfile.write(tmp_path / "cab.wav", TAPS / 8.0, rate, subtype=subtype)
    taps = soundfile.read(tmp_path / "cab.wav", dtype="float32")[0]
    player = tw.load(tmp_path / "cab.wav")
    x = np.random.default_rng(0).normal(size=5000).astype(np.float32) * 0.1
    wanted = fftconvolve(x.astype(np.float64), taps.astype(np.float64))[:5000]
    assert player.sample_rate == rate
    np.testing.assert_allclose(player.render(x), wanted, rtol=0, atol=1e-6)


def test_two_seconds_at_96_khz_fit(tmp_path):
    taps = ringing(192000)
    files.write(tmp_path / "hall.wav", taps, 96000)
    player = tw.load(tmp_path / "hall.wav")
    np.testing.assert_array_equal(player.settings["response"]["taps"], taps)
    assert player.tone.model.config.links[0].size == 192000


def test_channels_that_are_the_same_count_as_one(tmp_path):
    files.write(tmp_path / "a.wav", np.stack([TAPS, TAPS]), 48000)
    np.testing.assert_array_equal(tw.load(tmp_path / "a.wav").settings["response"]["taps"], TAPS)


def refused(path, words: str) -> None:
    with pytest.raises(TonewrightError, match=words) as told:
        impulse.read(path)
    assert isinstance(told.value, (AudioError, FileError))
    assert "\n" not in str(told.value) and len(str(told.value)) < 600


def test_sounds_that_are_no_response(tmp_path):
    path = tmp_path / "a.wav"
    for sound, words in (
        (np.zeros(100), "a.wav is silent, and no impulse response"),
        (np.stack([TAPS, -TAPS]), "has 2 channels that differ, and an impulse response is read from one"),
        (np.full(10, 17.0), "response.taps goes from -16 to 16, and not to 17"),
    ):
        files.write(path, sound.astype(np.float32), 48000)
        refused(path, words)
    soundfile.write(path, np.array([1.0, np.nan]), 48000, subtype="FLOAT")
    refused(path, "NaN or infinite")
    soundfile.write(path, np.array([1.0, np.inf]), 48000, subtype="DOUBLE")
    refused(path, "NaN or infinite")
    soundfile.write(path, TAPS, 500, subtype="FLOAT")
    refused(path, "a chain is 1000 to 1000000 Hz, and not 500")
    soundfile.write(path, np.zeros(0), 48000)
    refused(path, "is empty")
    refused(tmp_path / "none.wav", "there is no file")
    refused(tmp_path, "is a folder")


def test_a_sound_that_is_too_long_is_refused_before_it_is_read(tmp_path, monkeypatch):
    files.write(tmp_path / "song.wav", np.full((1, (1 << 20) + 1), 0.1, np.float32), 48000)
    monkeypatch.setattr(files, "read", None)
    refused(tmp_path / "song.wav", "lasts 21.8 s, and an impulse response at 48000 Hz 21.8 s at most; cut it")


def test_a_file_cut_or_changed_anywhere_plays_or_is_refused(tmp_path):
    files.write(tmp_path / "a.wav", TAPS[:200], 48000)
    data, rng = (tmp_path / "a.wav").read_bytes(), np.random.default_rng(0)
    path, played = tmp_path / "b.wav", 0
    for case in range(300):
        changed = bytearray(data[: rng.integers(len(data))] if case % 3 == 0 else data)
        for _ in range(case % 4 if changed else 0):
            changed[rng.integers(min(len(changed), 120))] = rng.integers(256)
        path.write_bytes(bytes(changed))
        try:
            tone = impulse.read(path)
        except (AudioError, FileError) as error:
            assert "\n" not in str(error) and len(str(error)) < 600
        else:
            played += 1
            assert np.isfinite(Player(tone).render(np.ones(8, np.float32))).all()
    assert 0 < played < 300
