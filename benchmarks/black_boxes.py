"""The kinds of captures beside each other: what is left of the error after equal time, and what playing costs.

    python -m benchmarks.black_boxes --data FOLDER [--klon FOLDER]          all rows, an hour of one core
    python -m benchmarks.black_boxes --data FOLDER --device ts9 --only "lstm 1x16" --minutes 0.5

FOLDER holds di_train, di_test and, of ts9, chump and comp, <device>_train and <device>_test as FLAC files; that of
the klon dry.flac and gain50.flac. Finished rows are kept in black_boxes.json.
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch

from benchmarks import core
from benchmarks.capture_curve import read
from benchmarks.results import Rows, table, write_section
from tonewright import storage
from tonewright.audio.pairs import Pair, split
from tonewright.models import find, preset
from tonewright.models.supervised import Teaching
from tonewright.runtime.player import Player
from tonewright.training import native, native_lstm
from tonewright.training.capture import measure
from tonewright.training.loop import Budget, teach
from tonewright.training.recordings import Recording, prepare

ROWS = Rows("black_boxes.json", "device", "model")
MODELS = (
    "wavenet standard",
    "wavenet feather",
    "lstm 1x16",
    "lstm 1x40",
    "lstm 2x8",
    "feedback standard",
    "feedback small",
)
DEVICES = ("ts9", "chump", "klon", "comp")
MINUTES = 1
KLON_START_UP = "every 22050:0-11025"  # a simulation that was started again and again
RATE = 44100


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="without it, the table is written from the rows there are")
    parser.add_argument("--klon", type=Path)
    parser.add_argument("--device", choices=DEVICES, action="append")
    parser.add_argument("--only", choices=MODELS, action="append")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    asked = parser.parse_args()
    for device in asked.device or DEVICES if asked.data else ():
        if device == "klon" and asked.klon is None:
            continue
        taught, test = klon(asked.klon) if device == "klon" else recorded(asked.data, device)
        for name in asked.only or MODELS:
            ROWS.keep({"device": device, "model": name} | teach_one(name, taught, test, asked.minutes))
    write()


def recorded(data: Path, device: str) -> tuple[Pair, Pair]:
    """What is taught, and a test recording; the compressor was recorded for a minute only."""
    taught, test = read(data, device, "train"), read(data, device, "test")
    length = min(len(taught.dry), len(taught.wet))
    return taught.part(0, length), test


def klon(folder: Path) -> tuple[Pair, Pair]:
    """The first four fifths, and the rest as the test, without the start-ups of the simulation."""
    pair = prepare(Recording(folder / "dry.flac", folder / "gain50.flac", leave_out=KLON_START_UP), 4096).pair
    end = 4 * len(pair.dry) // 5
    return pair.part(0, end), pair.part(end, len(pair.dry))


def teach_one(name: str, taught: Pair, test: Pair, minutes: float) -> dict:
    """Teach on one thread, and measure."""
    torch.manual_seed(0)
    architecture, size = name.split()
    room = find(architecture)
    model = room.Model(preset(architecture, size))
    learned, held_out = split(taught, model.settle)
    answer = (native_lstm if architecture == "lstm" else native).fused(model)
    recipe = room.Recipe(model, [learned], [held_out], Teaching(), seed=0, threads=1, answer=answer)
    began = time.process_time()
    end = teach(recipe, Budget(minutes=minutes))
    cpu = time.process_time() - began
    model.fold()
    tone = storage.Tone(architecture, model, taught.sample_rate)
    row = {"minutes": minutes, "cpu": round(cpu, 1), "steps": end.progress.step}
    row |= {"esr": measure(Player(tone), [test]), "taught_by": "core" if answer else "torch"}
    row |= {"ns": cost(tone), "weights": sum(p.numel() for p in recipe.parameters)}
    print(name, row, flush=True)
    return row


def cost(tone: storage.Tone) -> float:
    """Nanoseconds for a sample in blocks of 64, by the core alone."""
    program = core.build(Path(__file__).parents[1] / "build" / "bench")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.tone"
        storage.save(tone, path)
        return core.playing(program, path, 64)[0]["ns"]


def write() -> None:
    """A row for each kind of model, a column for each device."""
    rows = ROWS.all()
    lines = []
    for name in MODELS:
        mine = {row["device"]: row for row in rows if row["model"] == name}
        if not mine:
            continue
        errors = [f"{mine[device]['esr']:.2g}" if device in mine else "" for device in DEVICES]
        ns = sorted(row["ns"] for row in mine.values())[len(mine) // 2]
        one = next(iter(mine.values()))
        share = f"{100 * ns * RATE / 1e9:.2g} %"
        lines.append([name, f"{one['weights']:,}", *errors, f"{ns:,.0f}", share, one["taught_by"]])
    columns = ["model", "weights", *DEVICES, "ns", "of a core", "taught by"]
    text = (
        f"ESR on a test recording that neither training nor its choice of weights saw, after {MINUTES} minute on "
        "one thread, one training each, two at a time. ts9: an overdrive; chump: a tube amp; klon: an overdrive in "
        "SPICE, gain at the middle, 52 s of recording; comp: a compressor, which remembers 200 ms. ns: what the core "
        "needs for a sample, in blocks of 64, and that part of one core at 44.1 kHz.\n\n"
        + table(columns, lines)
    )
    write_section("Captures: kinds of models", "benchmarks.black_boxes", text)


if __name__ == "__main__":
    main()
