"""Rooms: written and read back they are the same, and what is no room is refused."""

import numpy as np
import pytest

from tests.runtime.instruments import RATE, instrument
from tests.runtime.models import player as amp
from tonewright.audio import files
from tonewright.errors import AudioError, ConfigError
from tonewright.runtime.room import own_room, read_room, response_of


def test_the_dry_sound_comes_first():
    response = response_of(instrument())
    assert response[0] == 1.0 and len(response) == round(0.02 * RATE)
    np.testing.assert_array_equal(response[1:], own_room(instrument())[1:])
    assert own_room(instrument())[0] == 0.0


def test_a_room_comes_back_as_it_was(tmp_path):
    files.write(tmp_path / "room.wav", response_of(instrument()), RATE)
    np.testing.assert_allclose(read_room(tmp_path / "room.wav", RATE), own_room(instrument()), atol=1e-7)


def test_a_recorded_room_begins_at_its_direct_sound(tmp_path):
    response = np.zeros(500, np.float32)
    response[[100, 300]] = -0.02, 0.01
    files.write(tmp_path / "room.wav", response, RATE)
    echoes = read_room(tmp_path / "room.wav", RATE)
    assert len(echoes) == 400 and echoes[0] == 0 and echoes[200] == pytest.approx(-0.5)
    assert np.count_nonzero(echoes) == 1


@pytest.mark.parametrize("rate", [44100, 48000, 8000])
def test_a_room_of_another_rate_sounds_the_same(tmp_path, rate):
    """Its tail is as loud beside the direct sound, measured where both rates hear."""
    t = np.arange(rate // 2) / rate
    tail = 0.5 * np.sin(2 * np.pi * 500 * t) * np.exp(-t / 0.05)
    response = np.concatenate([[1.0], np.zeros(rate // 100), tail * 8000 / rate])
    files.write(tmp_path / "room.wav", response, rate)
    echoes = read_room(tmp_path / "room.wav", RATE)
    gain = np.abs(np.sum(echoes * np.exp(-2j * np.pi * 500 / RATE * np.arange(len(echoes)))))
    wanted = np.abs(np.sum(response[1:] * np.exp(-2j * np.pi * 500 / rate * np.arange(1, len(response)))))
    assert gain == pytest.approx(wanted, rel=0.01)


def bad_rooms():
    return {
        "stereo": (np.ones((2, 9)), "has 2 channels"),
        "silent": (np.zeros(99), "is silent, and no room"),
        "long": (np.ones(1 << 21), "rings for 66 s at most"),
    }


@pytest.mark.parametrize("what", bad_rooms())
def test_what_is_no_room_is_refused(tmp_path, what):
    samples, words = bad_rooms()[what]
    files.write(tmp_path / "room.wav", samples, RATE)
    with pytest.raises(AudioError, match=words):
        read_room(tmp_path / "room.wav", RATE)
    with pytest.raises(AudioError, match="there is no file"):
        read_room(tmp_path / "none.wav", RATE)


def test_what_has_no_room_says_so():
    with pytest.raises(ConfigError, match="learned no room"):
        response_of(instrument(reverb_s=0.0))
    with pytest.raises(ConfigError, match="only an instrument has a room"):
        response_of(amp())
    assert len(own_room(amp())) == 0
