"""benchmarks/RESULTS.md: one section per claim, replaced whole when its script has run."""

import os
import platform
from pathlib import Path

PATH = Path(__file__).with_name("RESULTS.md")
HEAD = """# Results

Every table is written by the script named above it; `make bench` runs them all. Errors stand beside speeds, rivals
beside us, and both were measured in one run on one machine unless a source is named.
"""


def write_section(title: str, script: str, text: str) -> None:
    """Replace the section of that title in RESULTS.md, or add it at the end, and print it.

    Args:
        title: of the section.
        script: that makes it, such as "benchmarks/capture_curve.py".
        text: tables and what they mean, in Markdown.
    """
    section = f"## {title}\n\n`python -m {script}` on {machine()}.\n\n{text.strip()}\n"
    print(section)
    before = PATH.read_text() if PATH.exists() else HEAD
    parts = [part for part in before.split("\n## ") if not part.startswith(title + "\n")]
    PATH.write_text("\n## ".join([part.rstrip() + "\n" for part in parts] + [section.removeprefix("## ")]))


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
