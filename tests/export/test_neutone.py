"""The .nm files: what the loader of the neutone-sdk plays is what the model plays, and it says how late."""

import importlib
import importlib.util
import logging
import socket
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfilt

from tests.runtime import instruments, timbres
from tests.runtime.models import Gain
from tonewright import models, storage
from tonewright.errors import ConfigError, FileError
from tonewright.export import formats, neutone
from tonewright.export.neutone import card, host, sdk
from tonewright.export.playback import difference
from tonewright.layers.conv import Delay
from tonewright.layers.pqmf import Analysis, Synthesis
from tonewright.models.base import Model
from tonewright.runtime.player import Player

needs_sdk = pytest.mark.skipif(
    importlib.util.find_spec("neutone_sdk") is None, reason="neutone-sdk is not installed"
)
ROW = formats.named("neutone")
BANDS = 16


@dataclass(frozen=True)
class NoSettings:
    """A model without any."""


class Bank(Model):
    """The sound as it was, through bands and back: late, and in blocks."""

    inputs = outputs = 1
    block = BANDS

    def __init__(self, longer: int = 0):
        super().__init__()
        self.config = NoSettings()
        self.down = Analysis(BANDS, 40)
        self.up = Synthesis(BANDS, 40, late=self.down.latency)
        self.delay = Delay(1, longer)
        self.latency = self.down.latency * BANDS + self.up.latency + longer
        self.settle = 1024

    def initial_state(self, batch):
        return [p for part in (self.down, self.up, self.delay) for p in part.initial_state(batch)]

    def forward(self, x, state):
        y, down = self.down(x, state[:2])
        y, up = self.up(y, state[2:4])
        y, delay = self.delay(y, state[4:])
        return y, down + up + delay


def made(architecture: str, config, rate: int = 48000) -> Player:
    torch.manual_seed(0)
    return Player(storage.Tone(architecture, models.find(architecture).Model(config).eval(), rate))


def preset(architecture: str, name: str, rate: int = 48000) -> Player:
    return made(architecture, models.preset(architecture, name), rate)


def chain(words: str, channels: int = 1) -> Player:
    room = models.find("chain")
    player = made("chain", room.Config(room.spoken(words), channels=channels))
    if "pan" in words:
        player.turn({"pan.pan": 0.4})
    return player


def of(model: Model, rate: int = 48000) -> Player:
    """Of a model that is of no architecture."""
    return Player(storage.Tone("wavenet", model, rate))


PLAYERS = {
    "wavenet": lambda: preset("wavenet", "nano"),
    "lstm": lambda: preset("lstm", "1x8", 44100),
    "knobs": lambda: made("lstm", models.find("lstm").Config(hidden=8, knobs=tuple("abcdef"))),
    "feedback": lambda: preset("feedback", "tiny"),
    "chain": lambda: chain("gain,eq,compressor"),
    "mono to stereo": lambda: chain("tanh,pan"),
    "stereo": lambda: chain("gain,width", channels=2),
    "ddsp": lambda: Player(instruments.tone()),
    "rave": lambda: Player(timbres.tone()),
    "bank": lambda: of(Bank()),
}


@needs_sdk
@pytest.mark.parametrize("name", PLAYERS)
def test_what_is_written_plays_the_same(name, tmp_path):
    player = PLAYERS[name]()
    formats.write(ROW, player, tmp_path / "a.nm")
    assert difference(ROW, player, tmp_path / "a.nm") <= ROW.tolerance


def band_noise(rate: int, block: int) -> np.ndarray:
    """Noise in the middle of the spectrum, about a second in whole blocks, on both channels [2, T]."""
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, -(-rate // block) * block)
    x = sosfilt(butter(4, [200, 3000], "bandpass", fs=rate, output="sos"), noise).astype(np.float32)
    return np.stack([x, x])


@needs_sdk
@pytest.mark.parametrize("longer", [0, 5])
def test_the_delay_is_told_to_the_sample(longer, tmp_path):
    player = of(Bank(longer))
    formats.write(ROW, player, tmp_path / "a.nm")
    for rate in (44100, 48000):
        for block in (64, 480, 512, 2048):
            played = host.Host(tmp_path / "a.nm", rate, block)
            x = band_noise(rate, block)
            spectra = [np.fft.rfft(side[0], 2 * x.shape[1]) for side in (x, played.run(x))]
            late = int(np.argmax(np.fft.irfft(spectra[0].conj() * spectra[1])))
            assert late == played.delay, f"at {rate} Hz in blocks of {block}"
            if rate == 48000:
                assert played.delay == player.model.latency + BANDS - np.gcd(BANDS, block)


@needs_sdk
def test_no_block_delays_by_more_than_our_own_stream(tmp_path):
    player = of(Bank())
    formats.write(ROW, player, tmp_path / "a.nm")
    delays = [host.Host(tmp_path / "a.nm", 48000, block).delay for block in (64, 65, 72, 511)]
    assert delays == [player.latency - BANDS + 1 + wait for wait in (0, BANDS - 1, BANDS // 2, BANDS - 1)]


@needs_sdk
@pytest.mark.parametrize("block", [1, 4])
def test_knobs_move_as_in_our_own_stream(block, tmp_path):
    player = of(Gain(block))
    formats.write(ROW, player, tmp_path / "a.nm")
    played, stream = host.Host(tmp_path / "a.nm", 48000, 64), player.stream(gain=0.5)
    x = np.full(64 * 40, 0.5, np.float32)
    knobs = np.full((4, len(x)), 0.25, np.float32)
    knobs[0, 640:] = 0.75
    expected = [stream.process(x[:640])]
    stream.set(gain=1.5)
    expected = np.concatenate([*expected, stream.process(x[640:])])[block - 1 :]
    y = played.run(np.stack([x, x]), knobs)[0]
    late = played.delay
    assert np.abs(y[late:][: len(expected)] - expected[: len(y) - late]).max() < 1e-6
    assert y[-1] == pytest.approx(0.75) and 0.25 < y[1000] < 0.75


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


@needs_sdk
def test_reset_is_the_beginning(tmp_path):
    formats.write(ROW, Player(timbres.tone()), tmp_path / "a.nm")
    played, x = host.Host(tmp_path / "a.nm", 16000, 100), band_noise(16000, 100)
    first = played.run(x)
    assert not np.array_equal(played.run(x), first)
    with torch.no_grad():
        played.model.reset()
    assert np.array_equal(played.run(x), first)


@needs_sdk
def test_what_is_no_number_is_silence(tmp_path):
    formats.write(ROW, PLAYERS["wavenet"](), tmp_path / "a.nm")
    x = band_noise(48000, 480)
    broken, mended = x.copy(), x.copy()
    broken[:, 100], mended[:, 100] = np.nan, 0.0
    answers = [host.Host(tmp_path / "a.nm", 48000, 480).run(y) for y in (broken, mended)]
    assert np.array_equal(*answers)


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


@needs_sdk
def test_the_commands_of_the_sdk_run(tmp_path):
    formats.write(ROW, PLAYERS["bank"](), tmp_path / "a.nm")
    command = [sys.executable, "-m", "tonewright.export.neutone"]
    options = ["--model_file", str(tmp_path / "a.nm"), "--buffer_size", "480", "--sample_rate", "48000"]
    for words, wanted in (
        (["benchmark-speed", *options, "--repeat", "2", "--n_iters", "2"], "1/RTF"),
        (["benchmark-latency", *options], f"Total delay: {PLAYERS['bank']().model.latency: 6}"),
    ):
        done = subprocess.run([*command, *words], capture_output=True, text=True)
        assert done.returncode == 0 and wanted in done.stderr, done.stderr


@needs_sdk
def test_a_part_of_a_file_is_refused(tmp_path):
    formats.write(ROW, PLAYERS["wavenet"](), tmp_path / "a.nm")
    data = (tmp_path / "a.nm").read_bytes()
    for part in (data[:1000], b"", b"no zip"):
        (tmp_path / "a.nm").write_bytes(part)
        with pytest.raises(FileError, match=r"is not a \.nm file, or only a part of one"):
            host.Host(tmp_path / "a.nm", 48000, 64)


def test_without_the_sdk_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "neutone_sdk.metadata", raising=False)
    with pytest.raises(ConfigError, match=r"pip install 'tonewright\[neutone\]'"):
        formats.write(ROW, PLAYERS["wavenet"](), tmp_path / "a.nm")
    assert list(tmp_path.iterdir()) == []


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


def test_a_torchaudio_that_does_not_open_is_stood_in_for(tmp_path, monkeypatch):
    (tmp_path / "torchaudio").mkdir()
    (tmp_path / "torchaudio/part.py").write_text("")
    (tmp_path / "torchaudio/__init__.py").write_text(
        "import torchaudio.part\nraise OSError('no such library')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
        monkeypatch.delitem(sys.modules, name)
    with sdk._torchaudio():
        resample = importlib.import_module("torchaudio.transforms").Resample
    assert not [name for name in sys.modules if name.split(".")[0] == "torchaudio"]
    assert resample(44100, 48000)(torch.zeros(2, 441)).shape == (2, 480)
    (tmp_path / "torchaudio/__init__.py").write_text("mine = True")
    importlib.invalidate_caches()
    with sdk._torchaudio():
        assert importlib.import_module("torchaudio").mine
    del sys.modules["torchaudio"]


@needs_sdk
def test_warnings_stay_as_they_were(tmp_path):
    before = list(warnings.filters)
    with sdk.quiet():
        pass
    assert warnings.filters == before
