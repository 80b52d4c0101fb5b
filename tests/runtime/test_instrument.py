"""An instrument played from frames: lined up, the same in any blocks, and hard to break."""

import numpy as np
import pytest
import torch

from tests.runtime.instruments import HOP, RATE, instrument
from tests.runtime.models import player as amp
from tonewright.errors import ConfigError
from tonewright.runtime import instrument as module
from tonewright.runtime import native
from tonewright.runtime.instrument import play, sounds, voice_of, voice_stream
from tonewright.runtime.phrase import Phrase


def phrase(frames: int = 90) -> Phrase:
    n = np.arange(frames)
    return Phrase(220 * 2 ** (n / 120), -30 + 10 * np.sin(n / 7))


@pytest.fixture(params=["native", "torch"])
def engine(request, monkeypatch):
    if request.param == "torch":
        monkeypatch.setattr(native, "playable", lambda tone: None)
    elif native.why_not():
        pytest.skip(native.why_not())
    return request.param


def test_the_voice_is_played_by_the_core():
    if native.why_not():
        pytest.skip(native.why_not())
    assert isinstance(voice_stream(instrument()), native.NativeStream)


@torch.no_grad()
def by_the_model(player, frames: np.ndarray) -> np.ndarray:
    """Voice and room in one call, without what it is late by."""
    voice, room = player.model.voice, player.model.room
    x = torch.from_numpy(np.concatenate([frames, frames[:, -1:]], axis=1).astype(np.float32))[None]
    y, _ = voice(x, voice.initial_state(1))
    y = y[..., voice.latency :]
    return (y if room is None else room(y, room.initial_state(1))[0])[0, 0].numpy()


@pytest.mark.parametrize("settings", [{}, {"reverb_s": 0.0}, {"latent": 2}, {"sample_rate": 22050}])
def test_it_is_what_the_model_makes_of_the_frames(engine, settings):
    player, given = instrument(**settings), phrase()
    rows = np.stack([given.f0_hz, given.loudness_db, *np.zeros((settings.get("latent", 0), len(given)))])
    y = play(player, given)
    assert y.shape == (90 * player.model.config.hop,)
    np.testing.assert_allclose(y, by_the_model(player, rows), atol=2e-5)


@pytest.mark.parametrize("frames", [1, 7, 400])
def test_the_blocks_in_which_it_is_played_make_no_difference(engine, monkeypatch, frames):
    player, given = instrument(), phrase()
    whole = play(player, given)
    monkeypatch.setattr(module, "FRAMES", frames)
    assert sum(len(y) for y in sounds(player, given)) == len(whole)
    np.testing.assert_allclose(play(player, given), whole, atol=1e-5)


def test_a_frame_is_heard_where_it_is():
    low = play(instrument(reverb_s=0.0), Phrase([200.0] * 8, [-30.0] * 8))
    high = play(instrument(reverb_s=0.0), Phrase([200.0] * 4 + [300.0] * 4, [-30.0] * 8))
    apart = np.flatnonzero(np.abs(low - high) > 1e-6)
    assert 3 * HOP <= apart[0] <= 3 * HOP + 8


@pytest.mark.parametrize("frames", [3, 400])
def test_silence_is_silent_and_nothing_clicks_around_it(engine, monkeypatch, frames):
    """Also of an instrument that makes sound of everything."""
    monkeypatch.setattr(module, "FRAMES", frames)
    level = np.repeat([-80.0, -30.0, -80.0], 10)
    y = play(instrument(reverb_s=0.0), Phrase(np.full(30, 220.0), level))
    assert not y[: 9 * HOP].any() and not y[20 * HOP :].any()
    assert np.abs(y[10 * HOP : 19 * HOP]).max() > 0.01
    opening, open_ = np.abs(y[9 * HOP : 9 * HOP + 16]).max(), np.abs(y).max()
    assert opening < 0.15 * open_


def test_an_empty_phrase_is_no_sound(engine):
    assert play(instrument(), Phrase([], [])).shape == (0,)


@pytest.mark.parametrize("f0_hz", [0.0, -3.0, np.nan, np.inf, 1e9, 1e-9])
@pytest.mark.parametrize("loudness_db", [np.nan, -np.inf, np.inf, -1e6])
def test_frames_that_are_no_music_do_not_break_it(engine, f0_hz, loudness_db):
    before, after = [220.0] * 5, [220.0] * 60
    y = play(
        instrument(), Phrase([*before, f0_hz, f0_hz, *after], [-30.0] * 5 + [loudness_db] * 2 + [-30.0] * 60)
    )
    assert np.isfinite(y).all() and np.abs(y).max() < 100
    assert np.abs(y[-HOP:]).max() > 1e-3, "it goes on"


def test_the_controls_are_those_of_the_live_stream():
    player, given = instrument(latent=1), phrase()
    same = dict(atol=1e-6)
    np.testing.assert_allclose(play(player, given, transpose=12), play(player, given.transposed(12)), **same)
    np.testing.assert_allclose(play(player, given, loudness=-6), play(player, given.louder(-6)), **same)
    assert np.abs(play(player, given, timbre_1=1.0) - play(player, given)).max() > 1e-4
    dry, half, wet = (play(player, given, reverb=amount) for amount in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(half, (dry + wet) / 2, atol=1e-5)
    assert np.abs(wet - dry).max() > 1e-3
    for controls in ({"transpose": 37.0}, {"drive": 1.0}):
        with pytest.raises(ConfigError, match=next(iter(controls))):
            play(player, given, **controls)


def test_another_room_stands_in_for_its_own():
    player, given = instrument(), phrase()
    dry = play(player, given, reverb=0.0)
    echo = np.zeros(1000, np.float32)
    echo[999] = 0.5
    got = play(player, given, room=echo)
    np.testing.assert_allclose(got[999:], dry[999:] + 0.5 * dry[:-999], atol=1e-5)
    np.testing.assert_allclose(play(player, given, room=np.zeros(0, np.float32)), dry, atol=1e-6)


def test_only_an_instrument_is_played():
    with pytest.raises(ConfigError, match="only an instrument is played by pitch and loudness"):
        voice_of(amp())
    with pytest.raises(ConfigError, match="only an instrument"):
        play(amp(), phrase())


def test_the_rate_is_that_of_the_file():
    assert voice_of(instrument()).config.sample_rate == RATE
