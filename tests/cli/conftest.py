"""A terminal in a fresh folder with an easy pair and a small model, and training in the smallest preset."""

import os
import shutil
import signal

import pytest

from tests.cli.helpers import Terminal, put_pair, put_tone
from tests.training.toys import TINY, interruptible
from tonewright.models.wavenet import PRESETS


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    put_pair(folder)
    put_tone(folder / "a.tone")
    put_tone(folder / "knobs.tone", ("drive", "tone"))
    return folder


@pytest.fixture
def tonewright(made, tmp_path, capsys, monkeypatch):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    return Terminal(tmp_path, capsys)


@pytest.fixture
def stopped(tonewright, monkeypatch):
    """Runs a verb, with Ctrl-C after two steps."""
    from tonewright.training import loop

    step = loop._Run.step

    def counted(run):
        step(run)
        if run.progress.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    def run(*arguments):
        with monkeypatch.context() as patched, interruptible():
            patched.setattr(loop._Run, "step", counted)
            return tonewright(*arguments)

    return run
