"""What a hostile file costs whoever opens it: seconds and memory until it is refused.

python -m benchmarks.hostile
"""

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.results import table, write_section
from tests.export import heavy_files as heavy
from tonewright.export import formats
from tonewright.export.format import Format
from tonewright.export.formats import ALL
from tonewright.runtime.player import Player

ROOT = Path(__file__).parents[1]
WORDS = """Each attack on each format that is read, in a process that has imported everything: the time until the
sentence, or until eight samples were played, and the memory taken beside what the process had. "A billion", "less
than nothing", "4300 digits" and "NaN" put that in the place of every number of a file, one after another; the row
is the worst of them.
"""
# by format; the last of each is as much as is played
HEAVY = {
    "nam": {
        "a long memory": [heavy.plain(15, 1 << 20), heavy.plain(127, 1 << 17), heavy.plain(127, 2048)],
        "wide channels": [heavy.grouped(31, 1024, 516), heavy.grouped(31, 48, 516)],
        "modulations": [heavy.modulated(128, 2000), heavy.modulated(64, 1200)],
    },
    "aidax": {
        "activations": [heavy.bends("elu", 126, 1024, 262142), heavy.bends("elu", 110, 16, 262000)],
        "recurrent layers": [heavy.grus(127), heavy.grus(12)],
    },
}
# reads a file and prints seconds, MB and the sentence
CHILD = """
import json, sys, time
import numpy, torch
from tonewright import models
from tonewright.errors import TonewrightError
from tonewright.export.opening import load
for name in models.names():
    models.find(name)
def most():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) / 1024
for path in sys.argv[1:]:
    open("/proc/self/clear_refs", "w").write("5")
    before, start = most(), time.perf_counter()
    try:
        load(path).render(numpy.zeros(8, numpy.float32))
        said = "plays"
    except TonewrightError as error:
        said = str(error)
    print(json.dumps([time.perf_counter() - start, most() - before, said]))
"""


def main() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    import formats as page

    players = [make() for make in page.SAMPLES.values()]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for row in ALL:
            model = next((p for p in players if row.reads and formats.refusal(row, p) is None), None)
            if model is not None:
                rows += [_measured(row, name, paths) for name, paths in attacks(row, model, Path(folder))]
    text = table(["format, attack", "files", "ms, worst", "MB, worst", "refused"], rows)
    write_section("Hostile files", "benchmarks.hostile", WORDS + "\n" + text)


def attacks(row: Format, model: Player, folder: Path):
    """(name, files) of each attack."""
    suffix, original = row.suffixes[0], folder / f"original{row.suffixes[0]}"
    formats.write(row, model, original)
    data = original.read_bytes()
    made = {
        "cut off": [data[: len(data) * i // 20] for i in range(20)],
        "16 MB of [": [b"[" * (16 << 20)],
        "16 MB of [],": [b'{"architecture": "LSTM", "config": [' + b"[]," * 5_500_000 + b"[]]}"],
        "16 MB of numbers": [b'{"weights": [' + b"1," * 8_300_000 + b"1]}"],
        "1.8 M names and a guitar": [
            ("{" + ",".join(f'"{i:x}":0' for i in range(1_800_000)) + ',"a":"\N{GUITAR}"}').encode()[
                : 16 << 20
            ]
        ],
        "16 MB of a name and a guitar": [f'{{"name": "{"x" * 16_700_000}\N{GUITAR}"}}'.encode()],
        "8 MB of a name": [b'{"name": "' + b"x" * (8 << 20) + b'"}'],
    }
    if suffix not in formats.SOUND:
        values = json.loads(data)
        made["a billion"] = [json.dumps(v).encode() for v in with_numbers(values, 10**9)]
        made["less than nothing"] = [json.dumps(v).encode() for v in with_numbers(values, -1)]
        made["4300 digits"] = [
            json.dumps(v).replace('"DIGITS"', "9" * 4300).encode() for v in with_numbers(values, "DIGITS")
        ]
        made["NaN"] = [json.dumps(v).encode() for v in with_numbers(values, float("nan"))]
    for name, files in HEAVY.get(row.key, {}).items():
        made[name] = [json.dumps(values).encode() for values in files]
    if suffix in formats.SOUND:
        made["255 channels"] = [many_channels(kind) for kind in ("WAV", "OGG")]
    for name, texts in made.items():
        paths = [folder / f"{row.key}-{len(name)}-{i}{suffix}" for i in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_bytes(text)
        yield name, paths
        for path in paths:
            path.unlink()
    with open(original, "r+b") as file:
        file.truncate(1 << 30)
    yield "1 GB", [original]


def many_channels(kind: str) -> bytes:
    """A second of silence in 255 channels."""
    sound = io.BytesIO()
    soundfile.write(sound, np.zeros((48000, 255), np.float32), 48000, format=kind)
    return sound.getvalue()


def with_numbers(values, value):
    """Copies of JSON values, each with another of its numbers replaced; of a long list only the first."""
    if isinstance(values, bool) or not isinstance(values, (int, float, dict, list)):
        return
    if isinstance(values, (int, float)):
        yield value
        return
    rows = values.items() if isinstance(values, dict) else enumerate(values[:2])
    for key, item in rows:
        for changed in with_numbers(item, value):
            copy = dict(values) if isinstance(values, dict) else list(values)
            copy[key] = changed
            yield copy


def _measured(row: Format, name: str, paths: list[Path]) -> list:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *map(str, paths)], check=True, capture_output=True, text=True
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    refused = sum(said != "plays" for _, _, said in found)
    assert len(found) == len(paths)
    worst = [f"{1000 * max(f[0] for f in found):.0f}", f"{max(f[1] for f in found):.0f}"]
    return [f"{row.key}, {name}", len(paths), *worst, f"{refused} of {len(paths)}"]


if __name__ == "__main__":
    main()
