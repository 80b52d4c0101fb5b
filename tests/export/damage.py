"""Ways to spoil a file: what a stranger may put where, byte by byte and value by value."""

import copy
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import strategies as st

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 70),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["gated", "none", "Tanh", "0.5.0", [], {}, 10**400, [1] * 300, {"active": True}]),
    st.sampled_from(["tanh", "lstm", "GRU", "1e999", -1e30, [[1.0]]]),
    st.lists(st.one_of(st.integers(-2, 9), st.floats(), st.none()), max_size=4),
)
MISSING = ...


def changes_of(values):
    """Up to three changes: where to change a value, and into which of `values`, or MISSING to take it out."""
    one = st.tuples(st.integers(0, 10**6), st.one_of(values, st.just(MISSING)))
    return st.lists(one, min_size=1, max_size=3)


CHANGES = changes_of(ODD)


def places(value, path=()):
    """Every place within JSON values, but of long lists only the first."""
    yield path
    rows = (
        value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    )
    for key, item in rows:
        yield from places(item, (*path, key))


def changed(values, changes):
    """A copy of JSON values with each change made at one of its places."""
    values = copy.deepcopy(values)
    for place, value in changes:
        every = [path for path in places(values) if path]
        if not every:
            break
        *path, key = every[place % len(every)]
        holder = values
        for step in path:
            holder = holder[step]
        if value is MISSING:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(value)  # two changes may bring the same list, and put it into itself
    return values


def broken(data: bytes, cut: float, flips: list[tuple[float, int]]) -> bytes:
    """The first share of some bytes, with some of them replaced; `cut` and the places are from 0 to 1."""
    made = bytearray(data[: round(cut * len(data))])
    for place, value in flips:
        if made:
            made[round(place * (len(made) - 1))] = value
    return bytes(made)


needs_statm = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the limit counts what Linux tells of memory"
)
# What opens files, in a process that may take 200 MB and 15 s of a processor more than the imports.
IN_LITTLE = """
import resource, sys, time
import numpy
from pathlib import Path
from tonewright import models
from tonewright.errors import TonewrightError
from tonewright.cli import run
from tonewright.export import opening
from tonewright.export.table import ALL
for name in models.names():
    models.find(name)
for row in ALL:
    row.reads and row.load()
most = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + (200 << 20)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
soon = int(time.process_time()) + 15
resource.setrlimit(resource.RLIMIT_CPU, (soon, soon))
"""
REFUSING = """
for path in sys.argv[1:]:
    try:
        opening.read(path)
    except TonewrightError as error:
        print(error)
"""
PLAYING = """
path = Path(sys.argv[1])
try:
    player = opening.load(path)
    opening.check_answer(player, path)
    player.render(numpy.zeros(8, numpy.float32))
except TonewrightError as error:
    print(error)
else:
    sys.exit(run(["import", str(path), "-o", str(path.with_suffix(".tone"))]))
"""


def refused_in_little_memory(folder: Path, suffix: str, texts: list[str]) -> None:
    """Each text as a file, opened by a process that may take 200 MB more: all are refused in a sentence."""
    paths = [folder / f"{i}{suffix}" for i in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    said = _said(REFUSING, *paths)
    assert len(said.splitlines()) == len(paths), said


def opened_in_little(path: Path) -> str:
    """The sentence with which a file is refused, or "" when it played and was imported, within the same bounds."""
    said = _said(PLAYING, path)
    return "" if path.with_suffix(".tone").exists() else said


def _said(work: str, *paths: Path) -> str:
    """What a process of little memory and little time prints."""
    command = [sys.executable, "-c", IN_LITTLE + work, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr or f"ended by signal {-done.returncode}"
    return done.stdout
