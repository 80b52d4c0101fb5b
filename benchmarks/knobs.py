"""One model with knobs, learned from 12 settings of a pedal, against settings that it never heard.

    python -m benchmarks.knobs --data FOLDER --minutes 10

FOLDER holds di_knobs.flac and ts9_knobs_driveD_toneT.flac. The settings with drive at 0.50 are kept for the test.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from benchmarks.results import table, write_section
from tonewright.audio.pairs import Pair
from tonewright.measure.metrics import esr
from tonewright.training.capture import Plan, learn, measure
from tonewright.training.loop import Budget
from tonewright.training.recordings import Recording, read_mono

TONES, TAUGHT, UNSEEN = (0.15, 0.50, 0.85), (0.0, 0.25, 0.75, 1.0), 0.50


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    recordings = [recording(asked.data, drive, tone) for drive in TAUGHT for tone in TONES]
    plan = Plan(budget=Budget(minutes=asked.minutes), threads=asked.threads)
    captured = learn(recordings, ("drive", "tone"), plan, said=print)
    rows = []
    for tone in TONES:
        pair = unseen(asked.data, tone)
        nearest = neighbours(asked.data, tone, pair)
        rows.append(
            [
                f"drive {UNSEEN:.2f}, tone {tone:.2f}",
                f"{measure(captured.player, [pair]):.4f}",
                f"{nearest:.3f}",
            ]
        )
    text = (
        f"ESR on whole recordings at settings between those that were learned (drive {TAUGHT}, tone {TONES}): preset "
        f"standard with two knobs, {asked.minutes:g} min, threads: {asked.threads}; ESR {captured.esr:.4f} on "
        "the held-out ends of what it learned. For scale, the last column: the mean of the two "
        "neighbouring recordings (drive 0.25 and 0.75) taken as the estimate.\n\n"
    )
    write_section(
        "Knobs: settings never heard", "benchmarks.knobs", text + table(["setting", "ESR", "mean"], rows)
    )


def recording(data: Path, drive: float, tone: float) -> Recording:
    wet = data / f"ts9_knobs_drive{drive:.2f}_tone{tone:.2f}.flac"
    return Recording(data / "di_knobs.flac", wet, {"drive": drive, "tone": tone})


def unseen(data: Path, tone: float) -> Pair:
    asked = recording(data, UNSEEN, tone)
    dry, rate = read_mono(asked.dry)
    return Pair(dry, read_mono(asked.wet)[0], rate, asked.knobs)


def neighbours(data: Path, tone: float, pair: Pair) -> float:
    """The error of what one would do without a model: the mean of the recordings beside it."""
    below, above = (read_mono(recording(data, drive, tone).wet)[0] for drive in (0.25, 0.75))
    return esr(pair.wet, np.mean([below, above], axis=0))


if __name__ == "__main__":
    main()
