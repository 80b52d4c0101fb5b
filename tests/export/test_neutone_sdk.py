"""The neutone-sdk: beside any torch, with its commands, with nothing said and nothing looked up, and missing."""

import importlib
import importlib.util
import subprocess
import sys
import warnings

import pytest
import torch

from tests.export.neutone_players import PLAYERS, ROW, needs_sdk
from tonewright.errors import ConfigError, FileError
from tonewright.export import formats
from tonewright.export.neutone import __main__, host, sdk
from tonewright.export.torchscript.build import compiling


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
@pytest.mark.parametrize(
    "named,sentence",
    [
        ("missing.nm", "there is no file missing.nm"),
        ("other.nm", "other.nm is not a .nm file, or only a part of one"),
        (None, "name the file, as in: --model_file amp.nm"),
    ],
)
def test_the_commands_say_what_is_wrong(named, sentence, tmp_path, monkeypatch, capsys):
    commands = importlib.import_module("neutone_sdk.benchmark")
    # the true ones decide for the whole process how many threads torch has
    monkeypatch.setattr(commands, "cli", lambda: commands.load_neutone_model(named))
    monkeypatch.setattr(commands, "load_neutone_model", None)
    with compiling():
        torch.jit.save(torch.jit.script(torch.nn.ReLU()), tmp_path / "other.nm")
    monkeypatch.chdir(tmp_path)
    assert __main__.main() == 2
    assert capsys.readouterr().err == f"{sentence}\n"


@needs_sdk
def test_a_profile_that_torch_cannot_read_is_said(monkeypatch, capsys):
    def profile():
        b"\xff".decode()

    monkeypatch.setattr(importlib.import_module("neutone_sdk.benchmark"), "cli", profile)
    assert __main__.main() == 2
    assert "torch cannot read its own profile" in capsys.readouterr().err


@needs_sdk
def test_a_part_of_a_file_is_refused(tmp_path):
    with pytest.raises(FileError, match=r"there is no file .*a\.nm"):
        host.Host(tmp_path / "a.nm", 48000, 64)
    formats.write(ROW, PLAYERS["wavenet"](), tmp_path / "a.nm")
    data = (tmp_path / "a.nm").read_bytes()
    for part in (data[:1000], b"", b"no zip"):
        (tmp_path / "a.nm").write_bytes(part)
        with pytest.raises(FileError, match=r"is not a \.nm file, or only a part of one"):
            host.Host(tmp_path / "a.nm", 48000, 64)


def test_without_the_sdk_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "neutone_sdk.metadata", raising=False)
    with pytest.raises(ConfigError, match=r"which is not installed; write: pip install '\.\[neutone\]'"):
        formats.write(ROW, PLAYERS["wavenet"](), tmp_path / "a.nm")
    assert list(tmp_path.iterdir()) == []


@needs_sdk
@pytest.mark.parametrize("missing", ["jsonschema", "requests"])
def test_without_what_the_sdk_needs_it_is_said_what_to_install(missing, tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "neutone_sdk"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigError, match=rf"does not open here \(.*{missing}.*pip install '\.\[neutone\]'"):
        formats.write(ROW, PLAYERS["wavenet"](), tmp_path / "a.nm")
    assert list(tmp_path.iterdir()) == []


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
