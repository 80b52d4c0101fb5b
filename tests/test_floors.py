"""The house stands: a module imports from its own room and from the floors below, and from nowhere else."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "tonewright"

# From the ground up. A room is a folder or a single module, and knows nothing of the others on its floor; the
# single modules of the ground floor are one room.
FLOORS = (
    ("units", "errors", "config", "atomic", "threads", "_native"),
    ("dsp",),
    ("measure",),
    ("layers", "audio", "builtin"),
    ("models",),
    ("storage",),
    ("runtime",),
    ("training",),  # above runtime: what it measures is what a player will play
    ("export", "report"),
    ("cli",),
)
GROUND = FLOORS[0]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
# Opens to all of the house; anyone may ask it for the version, and for nothing else.
DOOR = ("__init__", "__main__")


def imported(source: str, module: str) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of all that a module takes from the package, also inside its functions.

    Args:
        source: the text of the module.
        module: its dotted name; a folder's own ends in .__init__.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name != "tonewright"]
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [f"tonewright.{node.attr}"] if node.value.id == "tonewright" else []
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.startswith("tonewright."))


def complaints(source: str, module: str, architectures: tuple[str, ...] = ()) -> list[str]:
    """What a module takes that it should not, a sentence for each.

    >>> complaints("from tonewright.audio import files", "tonewright.dsp.filters")
    ["tonewright.dsp.filters line 1: 'dsp' is on floor 1 and takes tonewright.audio.files from floor 3"]
    """
    room, found = module.split(".")[1], []
    for line, name in imported(source, module):
        path = name.split(".")[1:]
        where = f"{module} line {line}: "
        if path[0] not in FLOOR:
            if path[0] != "__version__":
                found.append(f"{where}{name} comes through the door, which opens every room")
        elif path[0] not in (room, *GROUND) and FLOOR[path[0]] >= FLOOR[room]:
            floors = f"'{room}' is on floor {FLOOR[room]} and takes {name} from floor {FLOOR[path[0]]}"
            found.append(where + floors)
        elif path[0] == "models" and path[1:2] and path[1] in architectures and room != "models":
            found.append(f"{where}only models/ knows {name}; ask models.find('{path[1]}')")
    return found


def modules() -> dict[str, str]:
    """The text of every module of the package but its door, by dotted name."""
    paths = sorted(SOURCE.rglob("*.py"))
    names = {
        ".".join(("tonewright", *path.relative_to(SOURCE).with_suffix("").parts)): path for path in paths
    }
    return {
        name: path.read_text(encoding="utf-8")
        for name, path in names.items()
        if name.removeprefix("tonewright.") not in DOOR
    }


def architectures() -> tuple[str, ...]:
    """The folders under models/."""
    return tuple(path.parent.name for path in (SOURCE / "models").glob("*/__init__.py"))


@pytest.mark.parametrize("module", modules())
def test_a_module_takes_from_below_only(module):
    assert module.split(".")[1] in FLOOR, f"{module} has no floor; give its room one in this test"
    assert complaints(modules()[module], module, architectures()) == []


@pytest.mark.parametrize(
    "module,source",
    [
        ("dsp.filters", "from tonewright.layers import base"),
        ("dsp.filters", "import tonewright.layers.base"),
        ("dsp.filters", "from tonewright import layers"),
        ("dsp.filters", "from ..layers.base import Layer"),
        ("dsp.__init__", "from ..layers.base import Layer"),
        ("dsp.filters", "def late():\n    if True:\n        from tonewright.layers.base import Layer"),
        ("audio.files", "from tonewright.layers.base import Layer"),
        ("storage", "from tonewright.cli import words"),
        ("models.lstm.model", "from tonewright.storage import load"),
        ("training.loop", "from tonewright.models.wavenet import Model"),
        ("training.loop", "import tonewright\ntonewright.capture('dry.wav')"),
        ("training.loop", "from tonewright import capture"),
    ],
)
def test_what_is_wrong_is_seen(module, source):
    assert len(complaints(source, f"tonewright.{module}", ("wavenet",))) == 1


@pytest.mark.parametrize(
    "module,source",
    [
        (
            "dsp.filters",
            "import torch\nfrom tonewright.units import db_to_gain\nfrom tonewright.dsp import pitch",
        ),
        ("dsp.filters", "from . import pitch\nfrom .pitch import track"),
        ("models.wavenet.model", "from tonewright.models.wavenet.config import Config"),
        ("training.capture", "from tonewright import models\nmodels.find('wavenet')"),
        ("cli.app", "from tonewright import __version__\nimport tonewright\ntonewright.__version__"),
    ],
)
def test_what_is_right_is_left_alone(module, source):
    assert complaints(source, f"tonewright.{module}", ("wavenet",)) == []


def test_every_file_is_looked_at():
    found = modules()
    assert "tonewright.models.wavenet.model" in found and "tonewright.cli.app" in found
    assert "tonewright.__main__" not in found
    assert architectures() and all(f"tonewright.models.{name}.model" in found for name in architectures())
