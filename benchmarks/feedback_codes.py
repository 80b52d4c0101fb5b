"""How samples are told to a feedback model, what it makes, and what is made small: which helps, by how much.

    python -m benchmarks.feedback_codes --music FOLDER

FOLDER holds the music that benchmarks/music.py names. Finished rows are kept in feedback_codes.json.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks import music
from benchmarks.feedback_effects import at_peak, relative
from benchmarks.results import Rows, table, write_section
from tonewright import storage
from tonewright.models import find, preset
from tonewright.models.supervised import Teaching
from tonewright.runtime.player import Player
from tonewright.training.loop import Budget, teach

ROWS = Rows("feedback_codes.json", "effect", "way")
EFFECTS = ("tanh(5x)", "low-pass")
STEPS = 400
MULAW = {"dry": "mulaw", "past": "mulaw"}
BITS = {"dry": "bits", "past": "bits"}
NO_RUNS, NO_NOISE = {"last": 1}, {"noise": 0.0, "least_noise": 0.0}
# name: settings of the model, settings of its teaching
WAYS = {
    "linear, squared error": ({}, {}),
    "inputs mu-law": ({"dry": "mulaw"}, {}),
    "past mu-law": ({"past": "mulaw"}, {}),
    "target mu-law": ({"target": "mulaw"}, {}),
    "all mu-law": ({**MULAW, "target": "mulaw"}, {}),
    "all mu-law, error in mu-law": ({**MULAW, "target": "mulaw"}, {"loss": "mulaw"}),
    "linear, error in mu-law": ({}, {"loss": "mulaw"}),
    "classes, cross entropy": ({**MULAW, "target": "classes"}, {"loss": "code"}),
    "classes, squared error": ({**MULAW, "target": "classes"}, {}),
    "classes and residual, squared error": ({**MULAW, "target": "classes+residual"}, {}),
    "heard in bits": (BITS, {}),
    "bits, cross entropy": ({**BITS, "target": "bits"}, {"loss": "code"}),
    "linear, with a spectral loss (usual)": ({}, {"spectral": 0.1}),
    "linear, no free runs": ({}, NO_RUNS),
    "linear, no noise": ({}, NO_NOISE),
    "linear, neither": ({}, {**NO_RUNS, **NO_NOISE}),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--music", type=Path, help="without it, the table is written from the rows there are")
    parser.add_argument("--only", choices=WAYS, action="append")
    parser.add_argument("--effect", choices=EFFECTS, action="append")
    asked = parser.parse_args()
    for effect in asked.effect or EFFECTS if asked.music else ():
        for way in asked.only or WAYS:
            ROWS.keep({"effect": effect, "way": way} | teach_one(asked.music, effect, *WAYS[way]))
    write()


def teach_one(folder: Path, effect: str, model_settings: dict, course_settings: dict) -> dict:
    """Teach the small preset, and play what was kept back by the native core, from silence."""
    torch.manual_seed(0)
    room = find("feedback")
    model = room.Model(replace(preset("feedback", "small"), **model_settings))
    taught, kept = music.pairs(folder, effect)
    course = room.Course(**{"spectral": 0.0, **course_settings})
    recipe = room.Recipe(model, taught, kept[2:], Teaching(), seed=0, threads=1, rollouts=course)
    began = time.process_time()
    teach(recipe, Budget(steps=STEPS))
    row = {"cpu": round(time.process_time() - began, 1)}
    model.fold()
    player = Player(storage.Tone("feedback", model, music.RATE))
    assert player.engine == "native core"
    made = [player.render(pair.dry) for pair in kept[:2]]
    row |= {"error": relative(made, [pair.wet for pair in kept[:2]])}
    row |= {"quiet": at_peak(player, effect, kept[:2], -40)}
    print(effect, row, flush=True)
    return row


def write() -> None:
    """A row for each way."""
    lines = []
    for way in WAYS:
        mine = {row["effect"]: row for row in ROWS.all() if row["way"] == way}
        if mine:
            shown = [
                percent(mine[e][key]) if e in mine else "" for e in EFFECTS for key in ("error", "quiet")
            ]
            seconds = max(row["cpu"] for row in mine.values())
            lines.append([way, *shown, f"{seconds:.0f}"])
    columns = ["way", *(f"{effect}{where}" for effect in EFFECTS for where in ("", ", -40 dB")), "CPU s"]
    text = (
        f"Mean |error| / mean |reference| of the small feedback model (40,321 weights where all is linear) after "
        f"{STEPS} steps on one thread, one training each, played from silence by the native core on 25 s of music "
        "that was never taught, and on the same with its loudest sample at -40 dB. What howls is off by more than "
        "all there is.\n\n" + table(columns, lines)
    )
    write_section("Feedback: codes and losses", "benchmarks.feedback_codes", text)


def percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 10 else "howls"


if __name__ == "__main__":
    main()
