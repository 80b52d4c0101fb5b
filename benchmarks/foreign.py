"""Files of the Neural Amp Modeler in the native core: what they cost beside the same sizes as .tone files.

    python -m benchmarks.foreign --golden FOLDER

FOLDER holds nam/*.nam, such as its own player's answers were made for.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch

from benchmarks import core
from benchmarks.playing import save
from benchmarks.results import table, write_section
from tonewright import storage
from tonewright.export.opening import load, read
from tonewright.runtime.player import load as load_tone

BLOCKS, ROUNDS = (16, 64, 512), 5
MODELS = {  # (architecture, preset) by file, and by the size to take from it
    ("wavenet-standard", None): ("wavenet", "standard"),
    ("wavenet-standard-v070", None): ("wavenet", "standard"),
    ("wavenet-lite", None): ("wavenet", "lite"),
    ("wavenet-feather", None): ("wavenet", "feather"),
    ("wavenet-nano", None): ("wavenet", "nano"),
    ("a2-container", 1.0): ("wavenet", "a2"),
    ("a2-container", 0.0): ("wavenet", "a2-lite"),
    ("lstm-1x16", None): ("lstm", "1x16"),
    ("lstm-2x8", None): ("lstm", "2x8"),
}
WORDS = """\
Nanoseconds for a sample in the native core, medians of processor time on one thread, the two files in turns: the
median of five rounds. Both are played by the same code. Opening: milliseconds from the file to a player, with torch
already loaded.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--golden", type=Path, required=True)
    golden = parser.parse_args().golden / "nam"
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        program = core.build(Path(folder) / "build")
        rows = [row(program, golden / f"{key[0]}.nam", key[1], MODELS[key], Path(folder)) for key in MODELS]
    columns = ["file"]
    columns += [f"block {block}: {kind}" for block in BLOCKS for kind in (".nam", ".tone")]
    columns += ["opening: .nam", ".tone"]
    write_section("Files of others in the core", "benchmarks.foreign", WORDS + "\n" + table(columns, rows))


def row(program: Path, path: Path, size: float | None, key: tuple[str, str], folder: Path) -> list:
    ours, theirs = save(*key, folder), folder / "imported.tone"
    storage.save(read(path, size=size), theirs)
    rounds = [[core.playing(program, file, *BLOCKS) for file in (theirs, ours)] for _ in range(ROUNDS)]
    cells = []
    for i in range(len(BLOCKS)):
        for side in range(2):
            cells.append(f"{statistics.median(one[side][i]['ns'] for one in rounds):,.0f}")
    opened = [milliseconds(lambda: load(path, size=size)), milliseconds(lambda: load_tone(ours))]
    name = path.name if size is None else f"{path.name}, --size {size:g}"
    return [name, *cells, *(f"{ms:.0f}" for ms in opened)]


def milliseconds(act) -> float:
    """The median of five, the first left out."""
    found = []
    for _ in range(ROUNDS + 1):
        before = time.perf_counter()
        act().engine  # noqa: B018 - which is when the core is given the model
        found.append(1000 * (time.perf_counter() - before))
    return statistics.median(found[1:])


if __name__ == "__main__":
    main()
