"""A device is learned, handed on as a .nam file, and plays there as it does here."""

import json
import re

import numpy as np
import pytest

from tests.cli.helpers import put_tone
from tests.export import nam_players
from tonewright import storage
from tonewright.audio import files
from tonewright.export.opening import load
from tonewright.models.lstm import Config, Model

LIMIT = 1e-5
CAPTURE = ("capture", "dry.wav", "wet.wav", "--steps", "3", "-o", "amp.tone")


@pytest.mark.parametrize(
    "words",
    [("--preset", "tiny"), ("--preset", "a2-lite"), ("--model", "lstm", "--preset", "1x8")],
    ids=lambda words: words[-1],
)
def test_what_was_taught_is_handed_on(tonewright, words):
    assert tonewright(*CAPTURE, *words).code == 0
    said = tonewright("export", "amp.tone", "amp.nam", "--about", "name=My amp")
    assert said.code == 0 and re.search(
        r"amp.nam: \w+ of [\d,]+ weights, 48000 Hz, version 0\.[57]\.", said.out
    )
    assert float(re.search(r"at most (\S+) of the loudest sample", said.out)[1]) <= LIMIT
    for model in ("amp.tone", "amp.nam"):
        assert tonewright("run", model, "dry.wav", "-o", f"{model}.wav").code == 0
    ours, theirs = (files.read(tonewright.folder / f"amp.{kind}.wav")[0] for kind in ("tone", "nam"))
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=LIMIT * np.abs(ours).max())
    values, x = json.loads((tonewright.folder / "amp.nam").read_text()), storage.probe(48000).numpy()
    assert values["metadata"]["name"] == "My amp" and values["metadata"]["training"]["validation_esr"] > 0
    check_elsewhere(tonewright.folder, values, x)


def check_elsewhere(folder, values: dict, x: np.ndarray) -> None:
    """In the real players, where they are installed."""
    player = load(folder / "amp.tone")
    ours = player.render(x)
    if nam_players.has_trainer():
        assert np.abs(nam_players.trainer(values, x) - ours).max() <= LIMIT * np.abs(ours).max()
    if nam_players.has_core():
        y = nam_players.core(folder / "amp.nam", x)
        quick = nam_players.played_quickly(player.model, x)
        assert np.abs(y - quick).max() <= LIMIT * np.abs(quick).max()


def test_two_sizes_in_one_file(tonewright):
    put_tone(tonewright.folder / "large.tone")
    storage.save(storage.Tone("lstm", Model(Config(hidden=2)), 48000), tonewright.folder / "quick.tone")
    said = tonewright("export", "large.tone", "both.nam", "--smaller", "quick.tone")
    assert said.code == 0 and "WaveNet of" in said.out and " and LSTM of 39 weights" in said.out
    assert tonewright("import", "both.nam", "-o", "small.tone", "--size", "0").code == 0
    assert storage.load(tonewright.folder / "small.tone").architecture == "lstm"
    said = tonewright("export", "both.nam", "lite.nam", "--size", "0")
    assert said.code == 0 and "LSTM of 39 weights" in said.out and "of which this is one" in said.out
    refused = tonewright.refuses("export", "lite.nam", "again.nam", "--size", "1")
    assert "it holds its model in one size; leave the size out" in refused
    assert "a size is from 0" in tonewright.refuses(
        "run", "both.nam", "dry.wav", "-o", "y.wav", "--size", "7"
    )
    assert "leave the rate out" in tonewright.refuses("export", "both.nam", "a.nam", "--rate", "44100")


def test_the_smaller_half_is_played_back_too(tonewright, monkeypatch):
    put_tone(tonewright.folder / "large.tone")
    storage.save(storage.Tone("lstm", Model(Config(hidden=2)), 48000), tonewright.folder / "quick.tone")
    monkeypatch.setattr("tonewright.export.playback.difference", lambda *_, size=1.0: 0.0 if size else 0.01)
    said = tonewright("export", "large.tone", "both.nam", "--smaller", "quick.tone")
    assert said.code == 1 and "do not trust it" in said.err


@pytest.mark.parametrize(
    "words,said",
    [
        (
            ("knobs.tone", "a.nam"),
            ".nam players have no knobs, and this model has drive and tone; teach it at one",
        ),
        (("a.tone", "a.nam", "--about", "gear=amp"), "nam files do not tell 'gear'; did you mean"),
        (("a.tone", "a.nam", "--about", "tone_type=loud"), "tone_type is no 'loud'"),
        (
            ("a.tone", "a.nam", "--about", "name=a", "--about", "name=b"),
            "--about says name twice; say it once",
        ),
        (
            ("a.tone", "a.nam", "--about", "loudness=3"),
            "do not tell 'loudness'; there is name, modeled_by, gear_type",
        ),
        (("a.tone", "a.nam", "--about", "date=2026-11-26T20:15:00Z"), "date is written as 2026-11-26 or"),
        (("a.tone", "a.nam", "--smaller", "a.tone"), "name one with fewer"),
        (("a.tone", "none/a.nam"), "there is no folder"),
    ],
)
def test_a_mistake_is_a_sentence(tonewright, words, said):
    assert said in tonewright.refuses("export", *words)
