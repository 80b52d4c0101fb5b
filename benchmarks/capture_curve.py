"""The error of a capture against the minutes it was taught, for several presets, beside the best existing trainer.

    python -m benchmarks.capture_curve --data FOLDER            all rows, about half an hour on two cores
    python -m benchmarks.capture_curve --data FOLDER --only standard --device ts9 --minutes 1,3.3

FOLDER holds di_train, di_test, ts9_train, ts9_test, chump_train and chump_test as FLAC files: an electric guitar and
what two devices made of it. Finished rows are kept in capture_curve.json, so the table can be filled bit by bit.
"""

import argparse
import time
from pathlib import Path

import torch

from benchmarks.results import Rows, table, write_section
from tonewright import storage
from tonewright.audio.pairs import Pair, split
from tonewright.models import find, preset
from tonewright.models.supervised import Teaching
from tonewright.runtime.player import Player
from tonewright.training import native
from tonewright.training.capture import measure
from tonewright.training.loop import Budget, teach
from tonewright.training.recordings import read_mono

ROWS = Rows("capture_curve.json", "device", "preset", "engine", "minutes")
MINUTES = {"ts9": (0.25, 0.5, 1, 2, 5), "chump": (0.5, 1.25, 3, 7.5)}
FEW = {"ts9": (1,), "chump": (1.25,)}  # of the presets but the standard
PRESETS = ("standard", "a2", "feather", "gated")
# ESR after these minutes of the best existing trainer, standard shape, same pairs, two cores
RIVAL = {
    "ts9": {3.3: 0.0037, 5: 0.0019, 11: 0.0006, 20: 0.0004},
    "chump": {1.8: 0.025, 7.5: 0.0073, 17: 0.0042},
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="without it, the table is written from the rows there are")
    parser.add_argument("--device", choices=MINUTES, action="append")
    parser.add_argument("--only", choices=PRESETS, action="append", help="presets")
    parser.add_argument("--minutes", help="such as 1,3.3")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    for device in asked.device or MINUTES if asked.data else ():
        for name in asked.only or PRESETS:
            usual = MINUTES[device] if name == "standard" else FEW[device]
            minutes = [float(m) for m in asked.minutes.split(",")] if asked.minutes else usual
            for budget in minutes:
                ROWS.keep(teach_one(asked.data, device, name, budget, asked.threads))
    write()


def teach_one(data: Path, device: str, name: str, minutes: float, threads: int) -> dict:
    """Teach on the training pair, measure on the test pair."""
    torch.manual_seed(0)
    room = find("wavenet")
    model = room.Model(preset("wavenet", name))
    taught, held_out = split(read(data, device, "train"))
    began = time.monotonic()
    answer = native.fused(model)
    recipe = room.Recipe(model, [taught], [held_out], Teaching(), seed=0, threads=threads, answer=answer)
    end = teach(recipe, Budget(minutes=minutes))
    seconds = time.monotonic() - began
    error = measure(Player(storage.Tone("wavenet", model, taught.sample_rate)), [read(data, device, "test")])
    row = {"device": device, "preset": name, "minutes": minutes, "threads": threads, "esr": error}
    row |= {"engine": "native core" if answer else "torch"}
    row |= {"seconds": round(seconds, 1), "steps": end.progress.step}
    print(row, flush=True)
    return row


def read(data: Path, device: str, part: str) -> Pair:
    dry, rate = read_mono(data / f"di_{part}.flac")
    wet, _ = read_mono(data / f"{device}_{part}.flac")
    return Pair(dry, wet, rate, name=f"{device}_{part}")


def sooner() -> list[list]:
    """For each ESR of the rival, the shortest of our budgets that ended below it."""
    rows = []
    for device, curve in RIVAL.items():
        for minutes, esr in curve.items():
            mine = [
                r
                for r in ROWS.all()
                if r["device"] == device and r["preset"] == "standard" and r["esr"] <= esr
            ]
            best = min((r["seconds"] / 60 for r in mine), default=None)
            if best:
                rows.append([device, esr, minutes, f"{best:.2g}", f"1/{minutes / best:.0f}"])
    return rows


def write() -> None:
    """The table of all rows into RESULTS.md."""
    lines = []
    for row in ROWS.all():
        rival = RIVAL[row["device"]].get(row["minutes"], "") if row["preset"] == "standard" else ""
        cells = [
            f"{row['device']}, {row['preset']}",
            row["minutes"],
            f"{row['esr']:.2g}",
            rival,
            row["engine"],
            row["steps"],
            f"{row['seconds'] / 60:.1f}",
            row["threads"],
        ]
        lines.append(cells)
    text = (
        "ESR on a test recording that neither training nor validation saw; one training for each row, with its "
        "schedule fitted to its minutes. The wall time is what it took in the end; rows of one thread ran beside "
        "another training on the other core. The rival is the best existing trainer, measured once on the same pairs "
        "with both cores of a two-core server.\n\n"
    )
    text += (
        table(["device", "ESR", "rival needs, minutes", "ours needs at most", "a part of"], sooner()) + "\n\n"
    )
    columns = ["device, preset", "minutes", "ESR", "rival's ESR", "taught by", "steps", "wall min", "threads"]
    write_section("Capture: error against time", "benchmarks.capture_curve", text + table(columns, lines))


if __name__ == "__main__":
    main()
