"""`tonewright export`: the suffix chooses, and what cannot be exported says so."""

import numpy as np
import pytest

from tests.runtime.instruments import RATE, instrument, tone
from tonewright import storage
from tonewright.audio import files
from tonewright.runtime.room import response_of


@pytest.fixture
def here(tonewright):
    storage.save(tone(), tonewright.folder / "violin.tone")
    storage.save(tone(reverb_s=0.0), tonewright.folder / "dry.tone")
    return tonewright


@pytest.mark.parametrize("name", ["room.wav", "room.flac", "room.AIFF"])
def test_the_room_of_an_instrument(here, name):
    said = here("export", "violin.tone", name)
    assert said.code == 0 and f"{name}: the room, 0.02 s at 16000 Hz" in said.out
    response, rate = files.read(here.folder / name)
    assert rate == RATE and response.shape == (1, 320)
    np.testing.assert_allclose(response[0], response_of(instrument()), atol=1e-6)
    assert response[0, 0] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    "words,said",
    [
        (
            ("violin.tone", "room.xyz"),
            "nothing is exported to '.xyz'; what can be: a WaveNet or an LSTM to .nam",
        ),
        (("violin.tone", "room"), "nothing is exported to 'room'"),
        (("violin.tone", "none/room.wav"), "there is no folder"),
        (("dry.tone", "room.wav"), "this model learned no room"),
        (("a.tone", "room.wav"), "is a wavenet, and only an instrument has a room"),
        (("none.tone", "room.wav"), "there is no file none.tone"),
        (("dry.wav", "room.wav"), "is of no format that is read here"),
    ],
)
def test_a_mistake_is_a_sentence(here, words, said):
    assert said in here.refuses("export", *words)
