"""Writes the tables of docs/match.md: all processors of a chain and their settings. Run it after a change."""

from itertools import groupby
from pathlib import Path

from tonewright.models.chain.processor import Processor
from tonewright.models.chain.processors import PROCESSORS
from tonewright.models.chain.setting import Setting

PATH = Path(__file__).with_name("match.md")
BEGIN, END = "<!-- written by python docs/processors.py -->\n\n", "\n<!-- until here -->\n"
GROUPS = {
    "level": "Level",
    "filters": "Tone",
    "shapers": "Drive",
    "dynamics": "Dynamics",
    "modulation": "Movement",
    "space": "Space",
    "stereo": "Stereo",
}


def page() -> str:
    """The whole page, as it should be: the words as they are, the tables anew."""
    before, _, rest = PATH.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + tables() + END + rest.partition(END)[2]


def tables() -> str:
    """A table for each group of processors."""
    parts = []
    for module, kinds in groupby(PROCESSORS.values(), lambda kind: kind.__module__.rpartition(".")[2]):
        kinds = list(kinds)
        told = [f"- `{kind.kind}`: {kind.__doc__.partition(chr(10) * 2)[0]}" for kind in kinds]
        lines = [
            f"### {GROUPS[module]}",
            "",
            *told,
            "",
            "| processor | setting | range | at first | at rest |",
            "|---|---|---|--:|--:|",
        ]
        parts.append("\n".join([*lines, *(row for kind in kinds for row in rows(kind))]) + "\n")
    return "\n".join(parts)


def rows(kind: type[Processor]) -> list[str]:
    """One row for each setting; the first has the name of the processor, and what it does under it."""
    made = []
    for number, setting in enumerate(kind.settings):
        told = "" if number else f"`{kind.kind}`{sized(kind)}"
        rest = "" if setting.neutral is None else shown(setting.neutral)
        made.append(
            f"| {told} | `{setting.name}`{many(setting)} | {span(setting)} | {shown(setting.default)} | {rest} |"
        )
    return made


def sized(kind: type[Processor]) -> str:
    """The sizes of a processor that comes in several.

    >>> sized(PROCESSORS["phaser"])
    ' [1 to 24, usually 4]'
    """
    if kind.sizes is None:
        return ""
    least, usual, most = kind.sizes
    return f" [{least} to {most:,}, usually {usual:,}]"


def many(setting: Setting) -> str:
    return {1: "", 0: ", as many as its size"}.get(setting.count, f", {setting.count} of them")


def span(setting: Setting) -> str:
    """The range in words.

    >>> span(Setting("cutoff_hz", 20.0, 20000.0, 100.0, logarithmic=True))
    '20 to 20,000 Hz'
    """
    if setting.choices:
        return " or ".join(map(shown, setting.choices))
    around = ", and around" if setting.cyclic else ""
    return f"{shown(setting.low)} to {shown(setting.high)} {setting.unit}".strip() + around


def shown(number: float) -> str:
    """A number with as many digits as people care for.

    >>> shown(20000.0), shown(0.70710678), shown(-1.0)
    ('20,000', '0.707', '-1')
    """
    return f"{number:,.0f}" if number == int(number) else f"{number:.3g}"


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
