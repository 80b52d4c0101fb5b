"""What .nm files tell of their models, and what does not go into one."""

import logging
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.export.neutone_players import PLAYERS, ROW, needs_sdk, of
from tests.runtime import instruments, timbres
from tests.runtime.models import Gain
from tonewright.errors import ConfigError
from tonewright.export import formats, neutone
from tonewright.export.neutone import card, host
from tonewright.export.playback import difference
from tonewright.runtime.player import Player


@needs_sdk
def test_knobs_are_told(tmp_path):
    said = formats.write(ROW, PLAYERS["knobs"](), tmp_path / "a.nm")
    assert said.endswith("knobs a, b, c, d; Neutone has 4, so these stay at their defaults: e, f")
    formats.write(ROW, Player(instruments.tone()), tmp_path / "a.nm")
    told = host.Host(tmp_path / "a.nm", 16000, 64).metadata["neutone_parameters"]
    assert [row["name"] for row in told.values()] == ["transpose", "loudness", "reverb"]
    assert told["p1"]["description"] == "transpose, from -36 to 36 semitones"
    assert [row["default_value"] for row in told.values()] == [0.5, 0.5, 0.5]
    formats.write(ROW, Player(timbres.tone()), tmp_path / "a.nm")
    told = host.Host(tmp_path / "a.nm", 16000, 64).metadata["neutone_parameters"]
    assert told["p1"]["description"].startswith("latent_0 (loudness (r = 0.93)), from -")


WRITE = """
import sys, pathlib
from tests.export.neutone_players import PLAYERS, ROW
from tonewright.export import formats
formats.write(ROW, PLAYERS[sys.argv[1]](), pathlib.Path(sys.argv[2]))
"""


@needs_sdk
def test_the_same_model_is_the_same_file(tmp_path):
    for name in ("a.nm", "b.nm"):
        subprocess.run([sys.executable, "-c", WRITE, "knobs", str(tmp_path / name)], check=True)
    assert (tmp_path / "a.nm").read_bytes() == (tmp_path / "b.nm").read_bytes()
    assert host.Host(tmp_path / "a.nm", 48000, 64).metadata["date_created"] == 315532800  # 1980, as in a zip


ALL_TOLD = {
    "name": "Friendly drive",
    "author": "Ann, Bert",
    "summary": "warm",
    "description": "warm and friendly",
    "technical": "small",
    "tags": "drive, pedal",
    "version": "1.2",
    "citation": "nobody",
    "paper": "https://example.org/paper",
    "code": "https://example.org/code",
    "website": "https://example.org",
}


@needs_sdk
def test_what_is_told_is_in_the_file(tmp_path, monkeypatch, capfd, recwarn):
    def refuse(*args):
        raise AssertionError("something was looked up in the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    log = list(logging.getLogger().handlers), logging.getLogger().level, logging.root.manager.disable
    player = PLAYERS["stereo"]()
    formats.write(ROW, player, tmp_path / "a.nm", about=ALL_TOLD)
    assert difference(ROW, player, tmp_path / "a.nm") <= ROW.tolerance
    assert capfd.readouterr() == ("", "") and not recwarn
    assert (logging.getLogger().handlers, logging.getLogger().level, logging.root.manager.disable) == log
    told = host.Host(tmp_path / "a.nm", 48000, 64).metadata
    assert (told["model_name"], told["model_authors"]) == ("Friendly drive", ["Ann", "Bert"])
    assert (told["model_version"], told["tags"], told["citation"]) == ("1.2", ["drive", "pedal"], "nobody")
    assert (told["model_short_description"], told["model_long_description"]) == ("warm", "warm and friendly")
    assert told["technical_description"] == "small"
    assert list(told["technical_links"]) == ["Paper", "Code", "Website"]
    assert (told["model_type"], told["native_sample_rates"]) == ("stereo-stereo", [48000])
    assert told["native_buffer_sizes"] == [] and told["look_behind_samples"] == 0


@needs_sdk
def test_nothing_of_this_computer_is_in_the_file(tmp_path):
    player = PLAYERS["wavenet"]()
    player.tone.provenance = {"wet": "secret.wav"}
    formats.write(ROW, player, tmp_path / "a.nm")
    data = (tmp_path / "a.nm").read_bytes()
    for folder in (Path(neutone.__file__).parent, Path(torch.__file__).parent, "secret.wav"):
        assert str(folder).encode() not in data


@pytest.mark.parametrize(
    "change,sentence",
    [
        ({"ratio": 2}, "this model makes 2 for each that it hears"),
        ({"inputs": 3, "outputs": 3}, "this model hears 3 and makes 3"),
        ({"rate": 192000}, "Neutone plays up to 96000 Hz, and this model plays at 192000 Hz"),
    ],
)
def test_what_does_not_fit_is_refused(change, sentence):
    model = Gain()
    for name, value in change.items():
        setattr(model, name, value)
    with pytest.raises(ConfigError, match=sentence):
        neutone.check(of(model, change.get("rate", 48000)))


@pytest.mark.parametrize(
    "about,sentence",
    [
        ({"name": "n" * 31}, "30 characters of 'name' at most, and these are 31"),
        ({"description": "n" * 501}, "500 characters of 'description' at most, and these are 501"),
        ({"author": "a,b,c,d,e,f"}, "shows 1 to 5 in 'author', separated by commas, and here are 6"),
        ({"tags": ","}, "shows 1 to 7 in 'tags', separated by commas, and here are 0"),
        ({"tags": "drive, a tag without an end"}, "15 characters of each in 'tags' at most"),
        ({"paper": "notalink"}, "'paper' is an address like https://example.org, and not 'notalink'"),
        ({"code": "ftp://example.org"}, "'code' is an address like https://example.org"),
        ({"website": "https://"}, "'website' is an address"),
        ({"website": "https://[example.org"}, "'website' is an address"),
        ({"website": "https://example.org/a page"}, "'website' is an address"),
        ({"gear": "amp"}, "neutone files do not tell 'gear'"),
    ],
)
def test_what_is_told_has_limits(about, sentence, tmp_path):
    with pytest.raises(ConfigError, match=sentence):
        formats.write(ROW, PLAYERS["wavenet"](), tmp_path / "a.nm", about=about)


def test_what_is_not_told_is_known():
    player = PLAYERS["wavenet"]()
    player.tone.provenance, player.tone.metrics = {"preset": "nano", "modeled_by": "Ann"}, {"esr": 0.01234}
    told = card.card_of(player, {})
    assert (told.name, told.author, told.tags, told.version) == ("wavenet nano", ["Ann"], ["wavenet"], "1")
    assert "841 weights, preset nano, that plays at 48000 Hz with an ESR of 0.0123;" in told.technical
    player.tone.provenance["name"] = "a name that is much too long for what Neutone shows"
    assert card.card_of(player, {}).name == "a name that is much too long f"
    assert ROW.about == neutone.ABOUT
