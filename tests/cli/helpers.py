"""Running a verb in this process, and what may and may not be left behind by one that refuses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.runtime.models import TINY
from tonewright import storage
from tonewright.audio import files
from tonewright.builtin import phrase
from tonewright.cli import run
from tonewright.models.wavenet import Config, Model

RATE = 48000


@dataclass
class Said:
    """What a verb gave back: exit code, and the lines on both sides of the terminal."""

    code: int
    out: str
    err: str

    @property
    def wrong(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("tonewright: ")]


class Terminal:
    """A folder, and `tonewright` in it."""

    def __init__(self, folder: Path, capsys):
        self.folder, self.capsys = folder, capsys

    def __call__(self, *arguments) -> Said:
        self.capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = self.capsys.readouterr()
        assert "Traceback" not in out + err
        return Said(code, out, err)

    def refuses(self, *arguments, findings: int = 1) -> str:
        """Runs it; it must refuse in one sentence (or one per finding) and leave the folder as it was."""
        before = contents(self.folder)
        said = self(*arguments)
        assert said.code == 2, said
        assert len(said.wrong) == findings, said.err
        others = [line for line in said.err.splitlines() if line not in said.wrong]
        assert all(": " in line for line in others), others  # progress and warnings, no loose ends
        assert contents(self.folder) == before
        return "\n".join(said.wrong)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below, hidden ones too."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def put_pair(
    folder: Path, seconds: float = 3.0, rate: int = RATE, drive: float = 3.0, name: str = ""
) -> None:
    """dry.wav and wet.wav of an easy device."""
    dry = phrase(seconds, max(rate, 32000))[: round(seconds * rate)]
    files.write(folder / f"dry{name}.wav", dry, rate)
    files.write(folder / f"wet{name}.wav", np.tanh(drive * dry), rate)


def put_tone(path: Path, knobs: tuple[str, ...] = (), rate: int = RATE) -> None:
    """A small model that was never taught."""
    made = storage.Tone("wavenet", Model(Config(TINY.stacks, knobs=knobs)), rate, metrics={"esr": 0.03})
    storage.save(made, path)
