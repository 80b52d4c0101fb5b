"""Files that we wrote for the Neural Amp Modeler, played by its own players: how far they are from our model.

    TONEWRIGHT_NAM_CORE=FOLDER python -m benchmarks.other_players

Needs `pip install neural-amp-modeler` for the trainer, and for the core that plugins play with
`npm install @opendaw/nam-wasm` in FOLDER; without one of them its column stays empty.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.results import table, write_section
from tests.export import nam_players
from tests.export.test_nam_players import apart, cases, player_of
from tonewright import storage
from tonewright.export import nam

WORDS = """Models with random weights at about full scale, written as .nam and played: the largest difference from
our own player over the probe, relative to the loudest sample. The trainer is neural-amp-modeler 0.13 in torch. The
core is NeuralAmpModelerCore as WebAssembly, built with the quick tanh that plugins switch on; the last column is its
difference from our model when that takes the same tanh.
"""


def main() -> None:
    torch.set_num_threads(1)
    rows = [row(name) for name in cases()]
    columns = ["model", "version", "weights", "trainer", "core, quick tanh", "core, same tanh"]
    write_section(
        "Other players of .nam files", "benchmarks.other_players", WORDS + "\n" + table(columns, rows)
    )


def row(name: str) -> list:
    player, x = player_of(name), storage.probe(48000).numpy()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "amp.nam"
        nam.write(player, path)
        values = json.loads(path.read_text())
        found = [name, values["version"], f"{len(values['weights']):,}"]
        return [*found, *differences(player, path, values, x)]


def differences(player, path: Path, values: dict, x: np.ndarray) -> list[str]:
    ours, cells = player.render(x), ["", "", ""]
    if nam_players.has_trainer():
        cells[0] = f"{apart(nam_players.trainer(values, x), ours):.0e}"
    if nam_players.has_core():
        y = nam_players.core(path, x)
        cells[1] = f"{apart(y, ours):.0e}"
        cells[2] = f"{apart(y, nam_players.played_quickly(player.model, x)):.0e}"
    return cells


if __name__ == "__main__":
    main()
