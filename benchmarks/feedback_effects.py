"""The four effects that the first model of this kind learned, and how far off its author and we end.

    python -m benchmarks.feedback_effects --music FOLDER                      all effects, about half an hour
    python -m benchmarks.feedback_effects --music FOLDER --only "low-pass" --steps 400

FOLDER holds the music that benchmarks/music.py names. Finished rows are kept in feedback_effects.json.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks import music
from benchmarks.results import Rows, table, write_section
from tonewright import storage
from tonewright.models import find
from tonewright.models.supervised import Teaching
from tonewright.runtime.player import Player
from tonewright.training.loop import Budget, teach

ROWS = Rows("feedback_effects.json", "effect", "code")
STEPS = {"pass-through": 1000, "tanh(5x)": 1000, "low-pass": 1000, "modulation": 1500}
PEAKS_DB = (-40, -30, -20, -10, 0)
# settings of the model, and of its teaching
CODES = {
    "linear": ({}, {}),
    "linear, squared error only": ({}, {"spectral": 0.0}),
    "mu-law, squared error only": (
        {"dry": "mulaw", "past": "mulaw", "target": "mulaw"},
        {"spectral": 0.0},
    ),
}
BY_PEAK = ("pass-through", "tanh(5x)")  # effects that are taught in mu-law too
PRIME = 1024  # samples
WINDOW = 882  # samples over which the phase of the modulation is read


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--music", type=Path, help="without it, the table is written from the rows there are")
    parser.add_argument("--only", choices=music.EFFECTS, action="append", help="effects")
    parser.add_argument("--code", choices=CODES, action="append")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    for effect in asked.only or music.EFFECTS if asked.music else ():
        for code in asked.code or CODES:
            if not code.startswith("mu-law") or effect in BY_PEAK:
                steps = asked.steps or STEPS[effect]
                ROWS.keep(teach_one(asked.music, effect, code, steps, asked.threads))
    write()


def teach_one(folder: Path, effect: str, code: str, steps: int, threads: int) -> dict:
    """Teach, and play what was kept back by the native core, from silence."""
    torch.manual_seed(0)
    room = find("feedback")
    model_settings, course_settings = CODES[code]
    model = room.Model(room.Config(**model_settings))
    taught, kept = music.pairs(folder, effect)
    began, cpu = time.monotonic(), time.process_time()
    course = room.Course(**course_settings)
    recipe = room.Recipe(model, taught, kept[2:], Teaching(), seed=0, threads=threads, rollouts=course)
    end = teach(recipe, Budget(steps=steps))
    model.fold()
    row = {"effect": effect, "code": code, "threads": threads}
    row |= {"seconds": round(time.monotonic() - began, 1), "cpu": round(time.process_time() - cpu, 1)}
    row |= {"steps": end.progress.step, "esr_while_taught": end.progress.best}
    player = Player(storage.Tone("feedback", model, music.RATE))
    assert player.engine == "native core"
    made = [player.render(pair.dry) for pair in kept[:2]]
    if effect == "modulation":
        row |= {"drift": [drift(player, pair.dry, pair.wet) for pair in kept[:2]]}
    else:
        row |= {"error": relative(made, [pair.wet for pair in kept[:2]])}
        row |= {"peaks": [at_peak(player, effect, kept[:2], peak) for peak in PEAKS_DB]}
    print(row, flush=True)
    return row


def relative(made: list[np.ndarray], wanted: list[np.ndarray]) -> float:
    """mean |error| / mean |reference|"""
    error = sum(float(np.abs(a - b).sum()) for a, b in zip(made, wanted, strict=True))
    return error / sum(float(np.abs(b).sum()) for b in wanted)


def at_peak(player: Player, effect: str, kept: list, peak_db: float) -> float:
    """The same when the music's loudest sample is at that level."""
    sounds = [
        pair.dry[: 5 * music.RATE] * np.float32(10 ** (peak_db / 20) / np.abs(pair.dry).max())
        for pair in kept
    ]
    return relative([player.render(x) for x in sounds], [music.EFFECTS[effect](x) for x in sounds])


def drift(player: Player, dry: np.ndarray, wet: np.ndarray) -> float:
    """How far the frequency of the modulation is off over ten seconds of free running, once primed; of 1."""
    stream = player.stream()
    stream.process(dry[:0])
    stream.prime(dry[:PRIME], wet[:PRIME])
    made = stream.process(dry[PRIME : PRIME + 10 * music.RATE])
    phase = phases(dry[PRIME : PRIME + len(made)], made)
    t = (np.arange(len(phase)) + 0.5) * WINDOW / music.RATE
    slope = np.polyfit(t, np.unwrap(phase), 1)[0]  # radians per second
    return float(slope / (2 * np.pi * music.MODULATION_HZ))


def phases(dry: np.ndarray, made: np.ndarray) -> np.ndarray:
    """The phase of the modulation, stretch by stretch: least squares of made = dry (a + b sin + c cos)."""
    angle = 2 * np.pi * music.MODULATION_HZ * (np.arange(len(dry)) + PRIME) / music.RATE
    basis = np.stack([dry, dry * np.sin(angle), dry * np.cos(angle)], axis=1).astype(np.float64)
    found = []
    for start in range(0, len(dry) - WINDOW + 1, WINDOW):
        part = slice(start, start + WINDOW)
        _, b, c = np.linalg.lstsq(basis[part], made[part].astype(np.float64), rcond=None)[0]
        found.append(np.arctan2(c, b))
    return np.array(found)


def write() -> None:
    """Both tables into RESULTS.md."""
    rows = sorted(ROWS.all(), key=lambda r: (list(music.EFFECTS).index(r["effect"]), r["code"]))
    lines, peaks = [], []
    for row in rows:
        modulated = row["effect"] == "modulation"
        ours = max(map(abs, row["drift"])) if modulated else row["error"]
        his = music.HIS[row["effect"]]
        cost = [f"{row['seconds'] / 60:.1f}", f"{row['cpu'] / 60:.1f}", row["threads"], row["steps"]]
        part = f"1/{his / ours:.0f}" if ours else ""
        lines.append(
            [f"{row['effect']}, {row['code']}", f"{100 * his:.1f} %", f"{100 * ours:.2g} %", part, *cost]
        )
        if not modulated:
            cells = [f"{100 * error:.2g} %" for error in row["peaks"]]
            peaks.append([f"{row['effect']}, {row['code']}", *cells])
    columns = [
        "effect, code",
        "first of its kind",
        "ours",
        "a part of",
        "minutes",
        "CPU minutes",
        "threads",
        "steps",
    ]
    text = (
        "Mean |error| / mean |reference| of the standard feedback model (394,753 weights), played from silence by "
        "the native core on 25 s of music that was never taught; of the modulation, how far its frequency is off "
        "over ten seconds of free running after 1024 samples of priming, the worse of two pieces. The first of its "
        "kind: the figures of its author (audiofx, 2025), who taught from 128 songs, and measured the modulation "
        "over 690 samples.\n\n"
        + table(columns, lines)
        + "\n\nThe same when the loudest sample of the music (five seconds of each piece) is at another level:\n\n"
        + table(["effect, code", *(f"{peak} dB" for peak in PEAKS_DB)], peaks)
    )
    write_section("Feedback: four effects", "benchmarks.feedback_effects", text)


if __name__ == "__main__":
    main()
