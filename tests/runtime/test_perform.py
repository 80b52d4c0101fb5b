"""A file played on an instrument: as long, lined up, at its own rate; and scores."""

import numpy as np
import pytest

from tests.runtime.instruments import HOP, LEVELS, RATE, instrument, melody
from tests.runtime.models import player as amp
from tests.runtime.tunes import put_tune
from tonewright.audio import files
from tonewright.audio.midi_file import read_tune
from tonewright.audio.score import notes_to_features
from tonewright.errors import AudioError, ConfigError
from tonewright.runtime.instrument import play
from tonewright.runtime.perform import listen, perform
from tonewright.runtime.phrase import Phrase, fitted, frames_of, heard


@pytest.fixture
def put(tmp_path):
    def write(x, rate=RATE, name="in.wav"):
        files.write(tmp_path / name, x, rate)
        return tmp_path / name

    return write


def performed(player, source, **more) -> tuple[np.ndarray, int, list[str]]:
    target, said = source.with_name("out.wav"), []
    assert perform(player, source, target, said=said.append, **more) == 0
    y, rate = files.read(target)
    return y, rate, said


@pytest.mark.parametrize("samples", [8000, 8001, 8159, 8160, 16000])
def test_it_is_what_is_played_from_the_frames_and_as_long(put, samples):
    x = melody([440.0, 660.0])[:samples]
    y, rate, said = performed(instrument(), put(x))
    assert y.shape == (1, samples) and rate == RATE and said == []
    wanted = play(instrument(), fitted(heard([x], RATE, HOP), LEVELS)[0])
    np.testing.assert_allclose(y[0], wanted[:samples], atol=1e-5)


@pytest.mark.parametrize("rate,samples", [(44100, 30001), (48000, 24001), (8000, 8003)])
def test_another_rate_there_and_back(put, rate, samples):
    x = melody([440.0, 660.0], rate=rate)[:samples]
    y, made, said = performed(instrument(), put(x, rate))
    assert y.shape == (1, len(x)) and made == rate
    assert len(said) == 1 and f"{rate} Hz" in said[0] and f"{RATE} Hz" in said[0]


def test_it_lines_up_with_what_it_follows(put):
    """The note changes where it does in the source, at another rate too."""
    for rate in (RATE, 48000):
        y, _, _ = performed(instrument(reverb_s=0.0), put(melody([330.0, 523.0], rate=rate), rate))
        track = frames_of(y[0], rate, rate // 100)
        change = np.flatnonzero(track.f0_hz > 415)[0]
        assert abs(change - 50) <= 3


def test_stereo_is_mixed_down(put):
    x = melody([440.0])
    y, _, said = performed(instrument(), put(np.stack([x, 0.2 * x])))
    assert y.shape == (1, len(x)) and "2 channels" in said[0] and "mixed down" in said[0]


def test_it_moves_into_the_range_and_says_so(put):
    source = put(melody([110.0, 165.0]))
    y, _, said = performed(instrument(), source)
    assert "moved up by 24 semitones" in said[0]
    asked, _, said = performed(instrument(), source, controls={"transpose": 24.0})
    assert said == []
    np.testing.assert_allclose(asked, y, atol=1e-4)


def test_the_room_of_a_file(put):
    room, source = np.zeros(800, np.float32), put(melody([440.0]))
    room[[0, 799]] = 1.0, 0.5
    dry, _, _ = performed(instrument(), source, controls={"reverb": 0.0})
    got, _, _ = performed(instrument(), source, room=put(room, name="room.wav"))
    np.testing.assert_allclose(got[0, 799:], dry[0, 799:] + 0.5 * dry[0, :-799], atol=1e-4)


def test_a_score_is_as_loud_as_the_instrument(tmp_path):
    source, player = put_tune(tmp_path / "tune.mid"), instrument()
    y, rate, said = performed(player, source)
    features = notes_to_features(read_tune(source).notes, 0.01, (-45.0, -20.0))
    np.testing.assert_allclose(y[0], play(player, Phrase(*features)), atol=1e-5)
    assert rate == RATE and said == []
    assert performed(instrument(levels={}), source)[0].shape == y.shape


def test_a_part_of_a_score_and_what_is_out_of_range(tmp_path):
    source = put_tune(tmp_path / "tune.MID", [(69, 0), (71, 0), (30, 1)])
    _, _, said = performed(instrument(), source)
    assert len(said) == 1 and "of 2 parts this plays 'lead, channel 1'" in said[0]
    _, _, said = performed(instrument(), source, part="2")
    assert "100 % of it is outside" in said[0] and "--transpose" in said[0]
    assert performed(instrument(), source, part="2", controls={"transpose": 36.0})[2] == []


def test_it_tells_how_far_it_is(put):
    told = []
    performed(instrument(), put(melody([440.0] * 8)), progress=told.append)
    assert told == sorted(told) and told[-1] == pytest.approx(1.0)


@pytest.mark.parametrize("x", [np.zeros(9000), 0.1 * np.random.default_rng(0).standard_normal(9000)])
def test_what_is_no_melody_is_refused_by_its_name(put, x):
    source = put(x)
    with pytest.raises(AudioError, match=r"in\.wav cannot be played: .*(silent|has a pitch)"):
        perform(instrument(), source, source.with_name("out.wav"))
    assert not source.with_name("out.wav").exists()


def test_listening_gives_the_phrase(put):
    phrase = listen(instrument(), put(melody([110.0])))
    assert np.median(phrase.f0_hz) == pytest.approx(440, rel=0.01)
    with pytest.raises(ConfigError, match="only an instrument"):
        listen(amp(), put(melody([110.0])))
