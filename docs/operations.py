"""Writes docs/operations.md: which operations of the layer graph each model is made of. Run it after a change."""

from collections.abc import Iterator
from pathlib import Path

import torch

from tonewright import models
from tonewright.layers.graph import trace

PATH = Path(__file__).with_name("operations.md")
WORDS = """# Operations

A model in a `.tone` file is a graph of these operations ([tone-file.md](tone-file.md)); whoever plays them all plays
every model. Which preset of which architecture uses what, and how often (written by `python docs/operations.py`):

"""


def page() -> str:
    """The whole page."""
    rows = {f"{a} {p}": counts(a, p) for a in models.names() for p in models.find(a).PRESETS}
    ops = sorted({op for row in rows.values() for op in row})
    lines = ["| model | " + " | ".join(f"`{op}`" for op in ops) + " |", "|---|" + "--:|" * len(ops)]
    lines += [
        f"| {name} | " + " | ".join(str(row.get(op, "")) for op in ops) + " |" for name, row in rows.items()
    ]
    return WORDS + "\n".join(lines) + "\n"


def counts(architecture: str, preset: str) -> dict[str, int]:
    """How often each operation is in the graph of a preset; its controls are further inputs."""
    torch.manual_seed(0)
    model = models.find(architecture).Model(models.preset(architecture, preset)).eval()
    ops = list(operations(trace(model, tuple(port.name for port in model.ports))))
    return {op: ops.count(op) for op in sorted(set(ops)) if op not in ("input", "constant", "number")}


def operations(graph: dict) -> Iterator[str]:
    """Those of a graph, and those of the loops in it."""
    for node in graph["nodes"]:
        yield node["op"]
        if node["op"] == "feedback":
            yield from operations(node["attributes"]["graph"])


if __name__ == "__main__":
    PATH.write_text(page())
