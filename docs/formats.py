"""Writes docs/formats.md: which model goes into which format of other programs, and why not."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from tonewright import models
from tonewright.export.format import Format
from tonewright.export.formats import ALL, refusal
from tonewright.export.playback import MOVING
from tonewright.runtime.player import Player
from tonewright.storage import Tone

PATH = Path(__file__).with_name("formats.md")
WORDS = """# Formats of other programs

What goes where, written by `python docs/formats.py` and tested cell by cell: each "yes" is a model that is written,
played back and compared with itself, and each number a refusal whose reason stands below. How to use them is in
[players.md](players.md); the `.tone` file itself is described in [tone-file.md](tone-file.md).

"""


def made(architecture: str, preset: str, sample_rate: int = 48000, **changes) -> Player:
    """A model of that preset with some settings changed and random weights."""
    torch.manual_seed(0)
    config = replace(models.preset(architecture, preset), **changes)
    model = models.find(architecture).Model(config).eval()
    return Player(Tone(architecture, model, getattr(config, "sample_rate", sample_rate)))


def chain(words: str, channels: int = 1) -> Player:
    """A chain of these processors, at their defaults."""
    links = models.find("chain").spoken(words)
    return made("chain", "standard", links=links, channels=channels)


# what people teach, in the smallest size of its kind
SAMPLES: dict[str, Callable[[], Player]] = {
    "wavenet `standard`, `lite`, `feather`, `nano`": lambda: made("wavenet", "nano"),
    "wavenet `a2`, `a2-lite`": lambda: made("wavenet", "a2-lite"),
    "wavenet `gated`, `gated-small`": lambda: made("wavenet", "gated-small"),
    "wavenet with a knob": lambda: made("wavenet", "nano", knobs=("drive",)),
    "lstm `1x8` to `2x16`": lambda: made("lstm", "1x8"),
    "lstm `1x20`, `1x40`": lambda: made("lstm", "1x20"),
    "lstm `1x32` with two knobs": lambda: made("lstm", "1x32", knobs=("drive", "tone")),
    "lstm `gru-1x16`, `gru-1x40`": lambda: made("lstm", "gru-1x16"),
    "feedback": lambda: made("feedback", "tiny"),
    "chain, linear": lambda: chain("eq,response"),
    "chain, not linear": lambda: chain("eq,tanh,compressor"),
    "chain, moving": lambda: chain("chorus"),
    "chain, stereo": lambda: chain("compressor,width", channels=2),
    "ddsp, an instrument": lambda: made("ddsp", "tiny", reverb_s=0.2),
    "rave, a timbre": lambda: made("rave", "live"),
    "row, imported": lambda: made("row", "standard"),
    "patchwork, imported": lambda: made("patchwork", "standard"),
}


def page() -> str:
    """The whole page."""
    players = {name: make() for name, make in SAMPLES.items()}
    reasons: dict[tuple[str, str], int] = {}  # (format, why not) -> its number
    rows = []
    for name, player in players.items():
        cells = [_cell(row, refusal(row, player), reasons) for row in ALL]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    head = f"| model | {' | '.join(f'`{row.key}`' for row in ALL)} |\n|---|{':-:|' * len(ALL)}\n"
    told = [f"{number}. `{key}`: {reason}." for (key, reason), number in reasons.items()]
    return f"{WORDS}{_formats()}\n## Models\n\n{head}{_lines(rows)}\nWhy not:\n\n{_lines(told)}"


def _formats() -> str:
    head = "| format | for | files | read here | played back by | within |\n|---|---|---|:-:|---|--:|\n"
    rows = [
        f"| `{row.key}` | {row.title} | {', '.join(f'`{s}`' for s in row.suffixes)} | {'yes' if row.reads else ''} "
        f"| {row.played_by} | {row.tolerance:.0e} |"
        for row in ALL
    ]
    words = (
        "\nThe last column is the largest difference that is allowed, relative to the loudest sample. Where a delay "
        f"moves, as in\na chorus, it is {MOVING:.0e}: its length is a float32, of which every player makes a little "
        "else.\n"
    )
    return head + _lines(rows) + words


def _cell(row: Format, reason: str | None, reasons: dict[tuple[str, str], int]) -> str:
    if reason is None:
        return "yes"
    reason = re.sub(r", and this model is of kind \w+", "", reason)  # which the row says
    return str(reasons.setdefault((row.key, reason), len(reasons) + 1))


def _lines(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    PATH.write_text(page())
