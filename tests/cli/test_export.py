"""`tonewright export`: the suffix chooses, and what cannot be exported says so."""

import json

import numpy as np
import pytest

from tests.export.json_files import cell_file, va_file
from tests.export.nam_files import OLD
from tests.runtime.instruments import RATE, instrument, tone
from tonewright import storage
from tonewright.audio import files
from tonewright.runtime.room import response_of

RENAMED = [
    ("amp.json", OLD, "amp.json holds a model for Neural Amp Modeler; name it amp.nam"),
    ("amp.nam", va_file(), "amp.nam holds a model for WaveNetVA and SmartGuitarAmp; name it amp.json"),
    ("amp.aidax", OLD, "name it amp.nam"),
    ("other.nam", cell_file(), "name it other.json"),
]
TAPS = np.array([2.0, -0.5, 0.25, 0.0, 0.125], np.float32)


@pytest.fixture
def here(tonewright):
    storage.save(tone(), tonewright.folder / "violin.tone")
    storage.save(tone(reverb_s=0.0), tonewright.folder / "dry.tone")
    files.write(tonewright.folder / "cab.wav", TAPS, 48000)
    (tonewright.folder / "tanh.json").write_text('{"chain": "gain,tanh"}')
    return tonewright


@pytest.mark.parametrize("name", ["room.wav", "room.flac", "room.AIFF"])
def test_the_room_of_an_instrument(here, name):
    said = here("export", "violin.tone", name)
    assert said.code == 0 and f"{name}: the room, 0.02 s at 16000 Hz" in said.out
    response, rate = files.read(here.folder / name)
    assert rate == RATE and response.shape == (1, 320)
    np.testing.assert_allclose(response[0], response_of(instrument()), atol=1e-6)
    assert response[0, 0] == pytest.approx(1.0, abs=1e-6)


def test_a_cabinet_comes_and_goes(here):
    sound = np.random.default_rng(0).uniform(-0.1, 0.1, 4800).astype(np.float32)
    files.write("guitar.wav", sound, 48000)
    assert "cab.tone: chain, 48000 Hz" in here("import", "cab.wav", "-o", "cab.tone").out
    for place in ("cab.tone", "cab.wav"):
        assert here("run", place, "guitar.wav", "-o", "out.wav").code == 0
        np.testing.assert_allclose(files.read("out.wav")[0][0], np.convolve(sound, TAPS)[:4800], atol=1e-6)
    for name in ("again.wav", "again.nam", "again.json"):
        said = here("export", "cab.tone", name)
        assert said.code == 0 and "of the loudest sample away from the model" in said.out
        assert here("import", name, "-o", "again.tone").code == 0
        model = storage.load("again.tone").model
        np.testing.assert_array_equal(model.values()["response"]["taps"], TAPS)
    assert "the impulse response, 5 samples (0.00 s at 48000 Hz)" in here("export", "cab.tone", "a.wav").out
    assert "response" in here("inspect", "cab.wav").out


def test_a_chain_that_a_person_wrote(here):
    (here.folder / "chain.json").write_text('{"chain": "gain", "settings": {"gain": {"gain_db": -6}}}')
    assert (
        "chain.tone: chain, 48000 Hz"
        in here("import", "chain.json", "-o", "chain.tone", "--rate", "48000").out
    )
    assert here("run", "chain.json", "cab.wav", "-o", "out.wav", "--resample").code == 0
    assert here("run", "chain.tone", "cab.wav", "-o", "out.wav", "--set", "gain.gain_db=0").code == 0
    np.testing.assert_array_equal(files.read("out.wav")[0][0], TAPS)


@pytest.mark.parametrize(
    "words,said",
    [
        (
            ("violin.tone", "room.xyz"),
            "nothing is exported to '.xyz'; what can be: a WaveNet, an LSTM, a ConvNet or a linear chain to",
        ),
        (("violin.tone", "room"), "nothing is exported to 'room'"),
        (("violin.tone", "none/room.wav"), "there is no folder"),
        (("dry.tone", "room.wav"), "this model learned no room"),
        (("a.tone", "room.wav"), "only an instrument has a room, and this model is of kind wavenet"),
        (("none.tone", "room.wav"), "there is no file none.tone"),
        (("tanh.json", "cab.wav"), "for its tanh bends loud sounds more than soft ones"),
        (("cab.wav", "cab.flac"), "this response goes up to 2, and a .flac file to 1; write a .wav file"),
        (("cab.wav", "a.flac", "--to", "impulse", "--about", "name=x"), "they tell nothing"),
        (("a.tone", "a.tone", "--to", "nam"), "a.tone is the model itself; name another file to write"),
        (("a.tone", "./dry.tone", "--to", "nam", "--smaller", "dry.tone"), "dry.tone is the model itself"),
        (("a.tone", "a.nam", "--about", "nme=x"), "nam files do not tell 'nme'; did you mean 'name'?"),
        (("a.tone", "a.nam", "--about", "=x"), "--about wants a name and words"),
        (("a.tone", "a.nam", "--about", "name=x", "--about", " name =y"), "--about says name twice"),
        (("a.tone", "a.aidax", "--about", "name=x"), "AIDA-X files hold an LSTM"),
        (("a.tone", "a.nam", "--about", "name"), "--about wants a name and words"),
        (
            ("a.tone", "dry.tone", "--to", "nam"),
            "dry.tone would be taken for another kind of file; what --to nam",
        ),
        (("a.tone", "a.json", "--to", "nam"), "what --to nam writes ends in .nam"),
        (("a.tone", "a.nam", "--to", "nom"), "no format called 'nom'; did you mean 'nam'?"),
        (("a.tone", "a.json", "--to", "wavenetva", "--smaller", "a.tone"), "WaveNetVA players have"),
    ],
)
def test_a_mistake_is_a_sentence(here, words, said):
    assert said in here.refuses("export", *words)


@pytest.mark.parametrize("name,values,words", RENAMED)
def test_a_file_of_another_name_is_told_its_own(here, name, values, words):
    (here.folder / name).write_text(json.dumps(values))
    assert words in here.refuses("import", name, "-o", "b.tone")


@pytest.mark.parametrize(
    "name,words",
    [
        ("a.onnx", "of no format that is read here"),
        ("a.ts", "a.ts is a program, and to read it is to run it"),
        ("a.nm", "a.nm is a program, and to read it is to run it"),
    ],
)
def test_what_is_written_and_not_read(here, name, words):
    (here.folder / name).write_bytes(b"x")
    assert words in here.refuses("import", name, "-o", "b.tone")


def test_a_rate_that_is_assumed_is_told(here):
    (here.folder / "va.json").write_text(json.dumps(va_file()))
    told = "va.json: it tells no sample rate, and 44100 Hz is assumed; --rate says another"
    assert told in here("import", "va.json", "-o", "va.tone").err
    assert "44100 Hz, assumed, for the file tells none" in here("inspect", "va.tone").out
    assert "assumed" not in here("import", "va.json", "-o", "va.tone", "--rate", "48000").err
    files.write("guitar.wav", np.zeros(4800, np.float32), 48000)
    said = here("run", "va.json", "guitar.wav", "-o", "out.wav")
    assert said.code == 2 and told in said.err
    assert here("run", "va.json", "guitar.wav", "-o", "out.wav", "--rate", "48000").code == 0


def test_a_model_that_plays_nan_is_not_written(here):
    values = json.loads(json.dumps(OLD))
    values["weights"][-8:] = [3e38] * 8
    (here.folder / "nan.nam").write_text(json.dumps(values))
    assert "was never well taught" in here.refuses("export", "nan.nam", "again.nam")


def test_stopped_while_it_is_played_back_is_told(here, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("tonewright.export.playback.difference", stopped)
    said = here("export", "a.tone", "a.nam")
    assert said.code == 130 and "a.nam: it is written, but was not played back" in said.err


def test_what_is_imported_is_a_tone_file(here):
    assert "the result is a .tone file" in here.refuses("import", "cab.wav", "-o", "cab.nam")
    (here.folder / "folder.nam").mkdir()
    assert "folder.nam is no file" in here.refuses("import", "folder.nam", "-o", "a2.tone")
    assert "there is no file none.nam" in here.refuses("import", "none.nam", "-o", "a2.tone")
    assert "'size' says nothing of cab.wav; leave it out" in here.refuses(
        "import", "cab.wav", "-o", "cab.tone", "--size", "1"
    )


def test_a_file_that_plays_otherwise_is_told(here, monkeypatch):
    monkeypatch.setattr("tonewright.export.playback.difference", lambda *_: 0.01)
    said = here("export", "a.tone", "a.nam")
    assert said.code == 1 and "no more than 1e-05 was wanted" in said.err
