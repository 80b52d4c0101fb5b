"""Settings found again: chains of three processors with settings drawn by chance, and what a match makes of them.

    python -m benchmarks.matching                          20 chains, and two ways of Adam on 5 of them
    python -m benchmarks.matching --only 3 --only 7        these chains alone
    python -m benchmarks.matching --no-rivals

With --data FOLDER, which holds di_train.flac, the sound is a recorded guitar; without, the built-in one. Finished
rows are kept in matching.json; --write makes the tables of them and measures nothing.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks import chains
from benchmarks.results import Rows, table, write_section
from tonewright.builtin import phrase
from tonewright.measure.losses import multi_resolution_stft
from tonewright.models import find
from tonewright.models.chain.fitting.knobs import Knobs
from tonewright.threads import one_thread
from tonewright.training.recordings import read_mono

ROWS, RIVALS = Rows("matching.json", "number"), Rows("matching_rivals.json", "number", "rival")
RATE, SECONDS, FITTED_S = 44100, 3.0, 2.4
CHAINS, COMPARED = 20, 5
KINDS = (
    *(
        "gain",
        "polarity",
        "delay",
        "highpass",
        "lowpass",
        "lowshelf",
        "highshelf",
        "peak",
        "eq",
        "tanh",
        "clip",
    ),
    *("asymmetric", "compressor", "limiter", "expander", "gate"),
)
# as people turn them, where that is not most of what there is; by the end of a setting's name, the first that fits
DIALLED = {
    "gain.gain_db": (-20.0, 20.0),
    "gain_db": (-12.0, 12.0),
    "delay_ms": (0.0, 50.0),
    "drive_db": (-10.0, 30.0),
    "ceiling_db": (-25.0, -3.0),
    "threshold_db": (-45.0, -10.0),
    "makeup_db": (0.0, 12.0),
    "average_ms": (0.01, 0.01),
}
ELSEWHERE = (0.1, 0.9)  # positions
GOOD, QUICK = 1e-3, 10.0  # error-to-signal ratio, CPU seconds
LEARNING_RATES = (0.01, 0.03)  # of the rival, the better of which counts: positions for a step


def wave(wet: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
    return (made - wet).square().sum() / wet.square().sum()


LOSSES = {"Adam, wave": wave, "Adam, multi-resolution STFT": multi_resolution_stft}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", type=int, action="append", choices=range(CHAINS), metavar="NUMBER")
    parser.add_argument("--no-rivals", action="store_true")
    parser.add_argument("--write", action="store_true", help="only the tables, of the rows there are")
    asked = parser.parse_args()
    numbers = () if asked.write else asked.only or range(CHAINS)
    for number in numbers:
        row = matched(number, *drawn(number, asked.data))
        ROWS.keep(row)
        print(row, flush=True)
    for number in () if asked.no_rivals else [n for n in numbers if n < COMPARED]:
        kinds, _, dry, wet = drawn(number, asked.data)
        cpu = next(row["cpu"] for row in ROWS.all() if row["number"] == number)
        for rival in LOSSES:
            row = rivalled(number, kinds, dry, wet, rival, cpu)
            RIVALS.keep(row)
            print(row, flush=True)
    write()


def drawn(number: int, data: Path | None):
    """A chain, and a sound before and after it: kinds, chain, dry [T], wet [T]."""
    rng = np.random.default_rng(number)
    kinds = [str(kind) for kind in rng.choice(KINDS, 3, replace=False)]
    chain = new(kinds)
    for name, processor in chain.processors.items():
        for setting in processor.settings:
            value = turned(rng, name, setting)
            chain.set({f"{name}.{setting.name}": value})
    dry = read_mono(data / "di_train.flac")[0] if data else phrase(60.0, RATE)
    loud = 0.0
    while loud < 0.02:  # not in a rest
        start = int(rng.integers(0, len(dry) - SECONDS * RATE))
        part = dry[start : start + round(SECONDS * RATE)]
        # the quieter of what is fitted and what is held out
        loud = min(float(np.sqrt(np.mean(side**2))) for side in np.split(part, [round(FITTED_S * RATE)]))
    return kinds, chain, part, chains.played(chain, part)


def turned(rng: np.random.Generator, processor: str, setting) -> float:
    """A value that somebody might choose."""
    if setting.choices:
        return float(rng.choice(setting.choices))
    place = f"{processor}.{setting.name}"
    dialled = next((ends for name, ends in DIALLED.items() if place.endswith(name)), None)
    if dialled:
        return float(rng.uniform(*dialled))
    return float(setting.at(torch.tensor(rng.uniform(*ELSEWHERE), dtype=torch.float64)))


def new(kinds: list[str]):
    room = find("chain")
    return room.Model(room.Config(room.spoken(",".join(kinds)), 1, RATE)).double()


def matched(number: int, kinds: list[str], truth, dry: np.ndarray, wet: np.ndarray) -> dict:
    """Ours."""
    cut = round(FITTED_S * RATE)
    found = chains.fit(",".join(kinds), dry[:cut], wet[:cut], RATE)
    true, ours = Knobs(truth).read(), Knobs(found.chain).read()
    off = {str(row.place): abs(a - b) for row, a, b in zip(found.rows, true, ours, strict=True)}
    told = {str(row.place): off[str(row.place)] for row in found.rows if row.found}
    worst = max(told, key=told.get) if told else ""
    row = {"number": number, "chain": ",".join(kinds)}
    row |= {"fitted": chains.error(found.chain, dry[:cut], wet[:cut])}
    row |= {"esr": chains.error(found.chain, dry, wet, slice(cut, None)), "cpu": found.cpu}
    row |= {"dry": chains.dry_error(dry, wet, slice(cut, None)), "loss": found.loss}
    row |= {"told": len(told), "settings": len(off), "off": float(np.mean(list(told.values()) or [0.0]))}
    return row | {
        "worst": worst,
        "worst_off": float(told.get(worst, 0.0)),
        "truth": truth.values(),
        "found": found.said(),
    }


def rivalled(number: int, kinds: list[str], dry: np.ndarray, wet: np.ndarray, rival: str, cpu: float) -> dict:
    """Adam from where everything stands by default, for as many CPU seconds, at the better of two learning rates."""
    cut = round(FITTED_S * RATE)
    ends = [descended(kinds, dry[:cut], wet[:cut], LOSSES[rival], rate, cpu) for rate in LEARNING_RATES]
    least, steps, chain = min(ends, key=lambda end: end[0])
    row = {
        "number": number,
        "chain": ",".join(kinds),
        "rival": rival,
        "cpu": cpu,
        "steps": steps,
        "loss": least,
    }
    return row | {"esr": chains.error(chain, dry, wet, slice(cut, None))}


@one_thread()
def descended(kinds: list[str], dry: np.ndarray, wet: np.ndarray, loss: Callable, rate: float, cpu: float):
    """The least loss, the steps taken, and the chain where it was least."""
    chain = new(kinds)
    knobs = Knobs(chain)
    x, y = (chains.sound(side) for side in (dry, wet))
    now = torch.tensor(knobs.read(), requires_grad=True)
    if not len(knobs):
        return 0.0, 0, chain
    optimiser = torch.optim.Adam([now], lr=rate)
    best, least, steps, began = knobs.read(), np.inf, 0, time.process_time()
    x = torch.nn.functional.pad(x, (0, chain.latency))
    while time.process_time() - began < cpu:
        made, _ = torch.func.functional_call(chain, knobs.parameters(now), (x[None], chain.initial_state(1)))
        distance = loss(y, made[0, :, chain.latency :])
        if distance.item() < least:
            best, least = now.detach().numpy().copy(), distance.item()
        optimiser.zero_grad()
        distance.backward()
        if not bool(torch.isfinite(now.grad).all()):
            break
        optimiser.step()
        steps += 1
        with torch.no_grad():
            now.copy_(torch.from_numpy(knobs.within(now.numpy())))
    knobs.write(best)
    return least, steps, chain


def write() -> None:
    """Both tables into RESULTS.md."""
    rows = ROWS.all()
    good, quick = sum(r["esr"] <= GOOD for r in rows), sum(r["cpu"] <= QUICK for r in rows)
    lines = [
        [
            f"{r['number']}: {r['chain']}",
            f"{r['dry']:.2g}",
            f"{r['esr']:.1e}",
            f"{r['cpu']:.1f}",
            f"{r['told']} of {r['settings']}",
            f"{r['off']:.1e}",
            f"{r['worst']} {r['worst_off']:.1e}" if r["told"] else "",
        ]
        for r in rows
    ]
    columns = ["chain", "dry, at its level", "held-out ESR", "CPU s", "told", "mean off", "the one most off"]
    text = (
        f"{SECONDS:g} s of a guitar at 44.1 kHz through chains of three processors drawn by chance, their settings "
        f"too; {FITTED_S:g} s are fitted, and the error-to-signal ratio is that of the rest. How far settings are "
        "off, in parts of their ranges, is told of those that the match itself calls found; what one knob can "
        f"make up for another, no sound tells.\n\nError of {GOOD:g} or less: {good} of {len(rows)}. {QUICK:g} CPU "
        f"seconds or less: {quick} of {len(rows)}; the median is {np.median([r['cpu'] for r in rows]):.1f}.\n\n"
        + table(columns, lines)
    )
    rivals = {(r["number"], r["rival"]): r for r in RIVALS.all()}
    compared = [r for r in rows if any((r["number"], rival) in rivals for rival in LOSSES)]
    if compared:
        lines = []
        for row in compared:
            theirs = [rivals.get((row["number"], rival)) for rival in LOSSES]
            cells = [f"{r['esr']:.1e} ({r['steps']})" if r else "" for r in theirs]
            lines.append([f"{row['number']}: {row['chain']}", f"{row['esr']:.1e}", *cells])
        text += (
            "\n\nThe same processors with the gradient of torch, from their default settings, for as many CPU "
            "seconds: Adam on positions in the ranges, at the better of two learning rates "
            f"({' and '.join(map(str, LEARNING_RATES))}; each had the whole time). Held-out ESR, and steps taken.\n\n"
            + table(["chain", "ours", *LOSSES], lines)
        )
    write_section("Settings found again", "benchmarks.matching", text)


if __name__ == "__main__":
    main()
