"""benchmarks/RESULTS.md: one section per claim, replaced whole when its script has run."""

import json
import os
import platform
from pathlib import Path

PATH = Path(__file__).with_name("RESULTS.md")
HEAD = """# Results

Every table is written by the script named above it; `make bench` runs them all. Errors stand beside speeds, rivals
beside us, and both were measured in one run on one machine unless a source is named.
"""


class Rows:
    """Finished rows, kept in a file beside the scripts, so that a table can be filled bit by bit.

    Args:
        name: of the file.
        same: names of what tells one row from another.
    """

    def __init__(self, name: str, *same: str):
        self.path, self.same = Path(__file__).with_name(name), same

    def keep(self, row: dict) -> None:
        """Put the row in place of the one that tells of the same."""
        others = [r for r in self.all() if any(r[key] != row[key] for key in self.same)]
        rows = sorted([*others, row], key=lambda r: [r[key] for key in self.same])
        self.path.write_text(json.dumps(rows, indent=1))

    def all(self) -> list[dict]:
        """Every row there is."""
        return json.loads(self.path.read_text()) if self.path.exists() else []


def write_section(title: str, script: str, text: str) -> None:
    """Replace the section of that title in RESULTS.md where it stands, or add it at the end, and print it.

    Args:
        title: of the section.
        script: that makes it, such as "benchmarks/capture_curve.py".
        text: tables and what they mean, in Markdown.
    """
    section = f"## {title}\n\n`python -m {script}` on {machine()}.\n\n{text.strip()}\n"
    print(section)
    parts = (PATH.read_text() if PATH.exists() else HEAD).split("\n## ")
    made, titles = section.removeprefix("## "), [part.split("\n", 1)[0] for part in parts]
    if title in titles:
        parts[titles.index(title)] = made
    else:
        parts.append(made)
    PATH.write_text("\n## ".join(part.rstrip() + "\n" for part in parts))


def table(columns: list[str], rows: list[list]) -> str:
    """A Markdown table; the first column is words, the others are numbers."""
    lines = ["| " + " | ".join(columns) + " |", "|---|" + "--:|" * (len(columns) - 1)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def machine() -> str:
    """What it was measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return f"{os.cpu_count()} cores of {model}"
