"""Third-party effects, rendered and real, matched by chains whose processors were not made for them.

    python -m benchmarks.devices_matched --data FOLDER                    every row there are recordings for
    python -m benchmarks.devices_matched --data FOLDER --only comp        a group: comp, trem, phaser, tape, pedals

FOLDER holds di_*.flac with {device}_*.flac. Its parent may hold capture_real_tape and capture_real_egfx: a tape
machine, and three pedals. Finished rows are kept in devices_matched.json; without --data, the table is made of them.
"""

import argparse
import math
from pathlib import Path

import numpy as np

from benchmarks import chains
from benchmarks.results import Rows, table, write_section
from tonewright.audio import align
from tonewright.training.recordings import read_mono

ROWS = Rows("devices_matched.json", "pair", "chain")
FITTED_S, AFTER_S = 20.0, 10.0  # of a rendered pair
PART = 0.8  # of a short one that is fitted
LEFT = 20  # samples of the latency of a tape that are left to be found
PEDAL_LATE = 60  # samples by which the bulk of a pedal's sound may be late
RENDERED = {
    "comp": ("compressor,gain",),
    "trem": ("tremolo,gain", "optical-tremolo,gain"),
    "phaser": ("phaser[4],gain", "phaser[6],gain", "phaser[8],gain", "eq,phaser[4],gain"),
}
TAPES = ("akai_1", "akai_2", "akai_3", "akai_exp2_70", "akai_exp2_84", "akai_exp2_98")
TAPE_CHAINS = ("delay,gain", "delay,eq,gain")
PEDALS = {"ch": ("chorus,gain",), "fl": ("flanger,gain",), "ph": ("phaser[4],gain",)}
NOTES = ("6", "7", "8")
TOLD = {
    "comp": "ratio 6, threshold -30 dB, knee 6 dB, attack 10 ms, release 200 ms",
    "trem": "depth 0.7, 4 Hz",
    "phaser": "speed 0.5, mix 50 %",
    "tape": "7060 samples (160 ms) late, level within 1 dB",
    "pedals": "",
}
WHAT_THEY_ARE = """
What the devices do, by their code (Guitarix), and so what can be found:

- comp: the mean of |x|, by a one-pole of 100 ms, follows attack and release and then goes through a curve. Its knee
  lies below the threshold: the curve leaves the straight line at threshold - knee, -36 dB, and from -30 dB on has the
  slope of the ratio, aimed at that same -36. In our terms its threshold is -36 and its knee is all but none. Ratio,
  attack, release, average and threshold are there to be found; a knee like ours, on both sides of it, is not.
- trem: a triangle through a model of a lamp and a photoresistor, whose lag depends on the light.
  That is what optical-tremolo is; a tremolo is not.
- phaser: four second-order all-passes, an octave apart, with a feedback of 0.5. Ours are of first order, all at one
  frequency, so that its rate is there to be found, and its sound only resembled.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", choices=TOLD, action="append", help="groups of rows")
    parser.add_argument("--chain", help="try this chain alone, for what --only names")
    asked = parser.parse_args()
    for group in asked.only or TOLD if asked.data else ():
        for name, tried, dry, wet, rate, cut, other in pairs(asked.data, group):
            for chain in (asked.chain,) if asked.chain else tried:
                row = {"group": group, "pair": name} | matched(chain, dry, wet, rate, cut, other)
                ROWS.keep(row)
                print(row, flush=True)
    write()


def pairs(data: Path, group: str):
    """(name, chains to try, dry, wet, rate, samples that are fitted, another pair or None) of a group."""
    if group in RENDERED:
        dry, rate = read_mono(data / "di_train.flac")
        wet, cut = read_mono(data / f"{group}_train.flac")[0], round(FITTED_S * rate)
        end = cut + round(AFTER_S * rate)
        other = [read_mono(data / f"{side}_test.flac")[0] for side in ("di", group)]
        yield group, RENDERED[group], dry[:end], wet[:end], rate, cut, other
    elif group == "tape":
        folder = data.parent / "capture_real_tape"
        for name in TAPES if folder.is_dir() else ():
            dry, rate = read_mono(folder / f"{name}_input.flac")
            wet = read_mono(folder / f"{name}_target.flac")[0]
            late = align.estimate(dry, wet, rate).latency_samples
            sides = align.apply(dry, wet, late - LEFT)
            yield (
                f"{name}, {late - LEFT} taken off",
                TAPE_CHAINS,
                *sides,
                rate,
                round(PART * len(sides[0])),
                None,
            )
    else:
        folder = data.parent / "capture_real_egfx"
        for kind, tried in PEDALS.items() if folder.is_dir() else ():
            for note in NOTES:
                dry, rate = read_mono(folder / f"{note}_dry.flac")
                wet = read_mono(folder / f"{note}_{kind}_wet.flac")[0]
                yield f"{kind} {note}", tried, dry, wet, rate, round(PART * len(dry)), None


def matched(chain: str, dry: np.ndarray, wet: np.ndarray, rate: int, cut: int, other) -> dict:
    """The settings of a chain, found from the first `cut` samples, measured on the rest and on another pair."""
    found = chains.fit(chain, dry[:cut], wet[:cut], rate)
    row = {"chain": chain, "esr": chains.error(found.chain, dry, wet, slice(cut, None))}
    row |= {"dry": levelled(dry, wet, cut), "fitted": chains.error(found.chain, dry[:cut], wet[:cut])}
    if other is not None:
        row["other"], row["other_dry"] = chains.error(found.chain, *other), chains.dry_error(*other)
    return row | {"cpu": found.cpu, "loss": found.loss, "found": found.said()}


def levelled(dry: np.ndarray, wet: np.ndarray, cut: int) -> float:
    """What the dry sound leaves of the end at its best level, moved by the samples that were best before it."""
    heard = slice(PEDAL_LATE, cut)
    late = min(
        range(-PEDAL_LATE, PEDAL_LATE), key=lambda n: chains.dry_error(np.roll(dry, n)[heard], wet[heard])
    )
    return chains.dry_error(np.roll(dry, late), wet, slice(cut, None))


def write() -> None:
    """The table into RESULTS.md."""
    groups = list(TOLD)
    rows = sorted(ROWS.all(), key=lambda r: groups.index(r["group"]))
    lines = [
        [
            f"{r['pair']}: {r['chain']}",
            f"{r['dry']:.3g}",
            f"{r['esr']:.2g}",
            f"{10 * math.log10(r['dry'] / r['esr']):.1f}",
            f"{r['other']:.2g}" if "other" in r else "",
            f"{r['cpu']:.0f}",
            r["found"] + (" (by its spectrum)" if r["loss"] == "spectral" else ""),
            TOLD[r["group"]],
        ]
        for r in rows
    ]
    columns = [
        "pair: chain",
        "dry, at its level",
        "held-out ESR",
        "dB better",
        "ESR, other recording",
        "CPU s",
        "found",
        "its knobs",
    ]
    text = (
        f"Of what was rendered, {FITTED_S:g} s are given, of which a fit hears 10, and the {AFTER_S:g} s after "
        "them are held out; the other recording is 43 s of another guitar, played from its own beginning. Of tape "
        f"(5 s, its latency taken off but for {LEFT} samples) and pedals (1.9 s, each file at its own level), the "
        f"last {1 - PART:.0%} are held out. "
        "The dry sound is given its best level, and moved by the whole samples that were best for what was fitted. "
        "Settings in brackets the sound does not tell.\n"
        f"{WHAT_THEY_ARE}\n" + table(columns, lines)
    )
    write_section("Third-party effects", "benchmarks.devices_matched", text)


if __name__ == "__main__":
    main()
