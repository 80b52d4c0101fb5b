"""What was taught, exported as the JSON of other players, sounds there as here; and what others made is opened."""

import json

import numpy as np
import pytest

from tests.export import json_players
from tests.export.begun import answers
from tests.export.json_files import MIXED, NOISE, cell_file, ml_file, va_file
from tonewright import storage
from tonewright.export.opening import load

LEARN = ("capture", "dry.wav", "wet.wav", "-o", "b.tone", "--steps", "3", "--threads", "1", "--no-page")


@pytest.mark.parametrize(
    ("kind", "file", "to", "play"),
    [
        (("--preset", "gated-small"), "b.json", (), json_players.wavenetva),
        (("--model", "lstm", "--preset", "1x20"), "b.json", ("--to", "guitarml"), json_players.guitarml),
        (("--model", "lstm", "--preset", "1x16"), "b.json", ("--about", "name=amp"), json_players.rtneural),
        (("--model", "lstm", "--preset", "gru-1x16"), "b.aidax", (), json_players.rtneural),
    ],
    ids=["wavenetva", "guitarml", "lstm", "gru"],
)
def test_what_was_taught_sounds_there_as_here(tonewright, kind, file, to, play):
    assert tonewright(*LEARN, *kind).code == 0
    said = tonewright("export", "b.tone", file, *to)
    assert said.code == 0 and "played back by our own reader and player: at most" in said.out, said.err
    y = play(json.loads((tonewright.folder / file).read_text()), NOISE)
    for engine, wanted in answers(storage.load("b.tone"), NOISE):
        np.testing.assert_allclose(y, wanted, atol=1e-5 * np.abs(wanted).max(), err_msg=engine)
    assert tonewright("run", file, "dry.wav", "-o", "out.wav", "--resample").code == 0


@pytest.mark.parametrize(
    ("values", "architecture"),
    [(va_file(), "wavenet"), (ml_file(), "lstm"), (cell_file("gru"), "lstm"), (MIXED, "row")],
    ids=["wavenetva", "guitarml", "gru", "mixed"],
)
def test_what_others_made_is_opened(tonewright, values, architecture):
    (tonewright.folder / "amp.json").write_text(json.dumps(values))
    said = tonewright("import", "amp.json", "-o", "c.tone", "--rate", "32000")
    assert said.code == 0 and f"c.tone: {architecture}, 32000 Hz" in said.out
    np.testing.assert_array_equal(load("c.tone").render(NOISE), load("amp.json").render(NOISE))
    assert tonewright("inspect", "amp.json").code == 0


def test_mistakes_are_sentences(tonewright):
    told = tonewright.refuses("export", "a.tone", "amp.json")
    assert "no format of .json files can hold this model (wavenetva: WaveNetVA players have" in told
    assert "guitarml: GuitarML files hold an LSTM, and this model is of kind wavenet" in told
    assert tonewright(*LEARN, "--model", "lstm", "--preset", "1x20").code == 0
    assert "say which by --to guitarml (GuitarML" in tonewright.refuses("export", "b.tone", "amp.json")
    wrong = ("export", "b.tone", "amp.json", "--to", "guitarml", "--about", "name=x")
    assert "guitarml files do not tell 'name'" in tonewright.refuses(*wrong)
    (tonewright.folder / "other.json").write_text('{"a": 1}')
    told = tonewright.refuses("import", "other.json", "-o", "x.tone")
    assert "is of no format that is read here; .json files that are: WaveNetVA and SmartGuitarAmp; " in told
