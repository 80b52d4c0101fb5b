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
from tonewright.export.neutone import host, sdk


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
