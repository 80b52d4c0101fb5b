"""Effects that remember: echo, reverb and flanger on a voice, made by other means than ours, and matched.

    python -m benchmarks.memory_effects --data FOLDER                    every row, about ten minutes
    python -m benchmarks.memory_effects --data FOLDER --only flanger     those whose effect is that

FOLDER is the one with the guitars; a folder beside it, singing, holds the voice. Finished rows are kept in
memory_effects.json; without --data, the table is made of them.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks import chains
from benchmarks.results import Rows, table, write_section
from tonewright.audio.rates import resample
from tonewright.measure.metrics import esr
from tonewright.training.recordings import read_mono

ROWS = Rows("memory_effects.json", "effect", "chain")
VOICE, RATE, FITTED_S, HELD_S = "nit_song070_004.flac", 16000, 15.0, 4.8
NOISE_DB = -60.0  # of what is added to the wet sound, below it
ECHO_MS, ECHO_FEEDBACK, ECHO_MIX = 320.0, 0.5, 0.5
TAIL_S, TAIL_T60_S, TAIL_GAIN = 2.0, 1.5, 0.56  # of the energy 1, beside the dry sound
FLANGER_HZ, FLANGER_MS, FLANGER_DEPTH_MS, FLANGER_MIX = 0.8, 3.0, 2.0, 0.7
REACH = 32  # samples on both sides that the interpolation of the flanger sees
TAPS = round(TAIL_S * RATE)
TARGETS = {"echo": 1e-4, "reverb": 6e-3, "flanger": 1e-5}  # for the first chain of each
TRIED = {
    "echo": ("echo",),
    "reverb": (f"response[{TAPS}],gain", f"room[{TAPS}],gain", "hall,gain"),
    "flanger": ("flanger",),
    "flanger, four-point": ("flanger",),
}
TRUTH = {
    "echo": f"delay {ECHO_MS:g} ms, feedback {ECHO_FEEDBACK:g}, mix {ECHO_MIX:g}",
    "reverb": f"noise of {TAIL_S:g} s, T60 {TAIL_T60_S:g} s, beside the dry sound",
    "flanger": f"{FLANGER_HZ:g} Hz, {FLANGER_MS:g} +- {FLANGER_DEPTH_MS:g} ms, mix {FLANGER_MIX:g}, phase 0.75, sine",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", choices=TRIED, action="append", help="effects")
    asked = parser.parse_args()
    for effect in asked.only or TRIED if asked.data else ():
        dry, wet = pair(asked.data.parent / "singing" / VOICE, effect)
        for chain in TRIED[effect]:
            row = matched(effect, chain, dry, wet)
            ROWS.keep(row)
            print(row, flush=True)
    write()


def pair(voice: Path, effect: str) -> tuple[np.ndarray, np.ndarray]:
    """The voice before and after the effect, [T] each, with a little noise added after it."""
    samples, rate = read_mono(voice)
    dry = resample(samples[None], rate, RATE)[0, : round((FITTED_S + HELD_S) * RATE)].astype(np.float64)
    wet = EFFECTS[effect](dry)
    noise = np.random.default_rng(0).standard_normal(len(wet))
    return dry, wet + noise * np.sqrt(np.mean(wet**2)) * 10 ** (NOISE_DB / 20)


def echo(x: np.ndarray) -> np.ndarray:
    late = round(ECHO_MS * RATE / 1000)
    wet = np.zeros_like(x)
    for start in range(late, len(x), late):
        before = slice(start - late, min(start, len(x) - late))
        wet[start : start + late] = x[before] + ECHO_FEEDBACK * wet[before]
    return (1.0 - ECHO_MIX) * x + ECHO_MIX * wet


def reverb(x: np.ndarray) -> np.ndarray:
    seconds = np.arange(TAPS) / RATE
    tail = np.random.default_rng(1).standard_normal(TAPS) * 10 ** (-3.0 * seconds / TAIL_T60_S)
    tail *= TAIL_GAIN / np.linalg.norm(tail)
    size = len(x) + TAPS
    return x + np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(tail, size), size)[: len(x)]


def flanger(x: np.ndarray) -> np.ndarray:
    """With a windowed sinc of 64 points: as exact as the sound's own rate."""
    whole, part = np.divmod(np.arange(len(x)) - swing(len(x)), 1.0)
    padded = np.pad(x, (REACH + 200, REACH))
    wet = np.zeros_like(x)
    for k in range(1 - REACH, REACH + 1):
        away = part - k
        window = np.cos(np.pi * away / (2 * REACH)) ** 2
        wet += padded[whole.astype(int) + k + REACH + 200] * np.sinc(away) * window
    return (1.0 - FLANGER_MIX) * x + FLANGER_MIX * wet


def four_point(x: np.ndarray) -> np.ndarray:
    """With a polynomial through four samples, as many plugins have it, and ours."""
    whole, d = np.divmod(np.arange(len(x)) - swing(len(x)), 1.0)
    padded, at = np.pad(x, (200, 4)), whole.astype(int) + 200
    a, b, c, e = (padded[at + k] for k in (-1, 0, 1, 2))
    wet = -d * (d - 1) * (d - 2) / 6 * a + (d + 1) * (d - 1) * (d - 2) / 2 * b
    wet += -(d + 1) * d * (d - 2) / 2 * c + (d + 1) * d * (d - 1) / 6 * e
    return (1.0 - FLANGER_MIX) * x + FLANGER_MIX * wet


def swing(samples: int) -> np.ndarray:
    """The delay, in samples."""
    lfo = np.sin(2 * np.pi * FLANGER_HZ * np.arange(samples) / RATE)
    return (FLANGER_MS + FLANGER_DEPTH_MS * lfo) * RATE / 1000


EFFECTS = {"echo": echo, "reverb": reverb, "flanger": flanger, "flanger, four-point": four_point}


def matched(effect: str, chain: str, dry: np.ndarray, wet: np.ndarray) -> dict:
    cut = round(FITTED_S * RATE)
    found = chains.fit(chain, dry[:cut], wet[:cut], RATE)
    held = slice(cut, None)
    row = {"effect": effect, "chain": chain, "esr": chains.error(found.chain, dry, wet, held)}
    row |= {"dry": esr(wet[held], dry[held]), "levelled": chains.dry_error(dry, wet, held)}
    row |= {"fitted": chains.error(found.chain, dry[:cut], wet[:cut]), "cpu": found.cpu, "loss": found.loss}
    told = found.said()
    if chain.startswith("response"):
        told += f"; response: {TAPS} samples, the strongest {strongest(found.chain)}"
    return row | {"found": told}


def strongest(chain) -> str:
    taps = next(iter(chain.processors.values())).panel.taps.detach().numpy()
    at = int(np.argmax(np.abs(taps)))
    return f"{taps[at]:.3f} after {at}"


def write() -> None:
    """The table into RESULTS.md."""
    order = [(effect, chain) for effect, tried in TRIED.items() for chain in tried]
    rows = sorted(ROWS.all(), key=lambda r: order.index((r["effect"], r["chain"])))
    lines = []
    for r in rows:
        target = TARGETS[r["effect"].split(",")[0]] if r["chain"] == TRIED[r["effect"]][0] else None
        lines.append(
            [
                f"{r['effect']}: {r['chain']}",
                f"{r['dry']:.3f}",
                f"{r['levelled']:.3f}",
                f"{r['esr']:.1e}",
                f"{target:g}" if target else "",
                f"{r['cpu']:.1f}",
                r["found"],
            ]
        )
    columns = ["effect: chain", "dry", "dry, at its level", "held-out ESR", "wanted", "CPU s", "found"]
    truths = "".join(f"\n- {effect}: {words}" for effect, words in TRUTH.items())
    text = (
        f"A voice at 16 kHz; {FITTED_S:g} s fitted, the error-to-signal ratio is that of the {HELD_S:g} s after. The "
        f"effects are numpy of the benchmark, not ours, and noise at {NOISE_DB:g} dB was added to what they "
        "made, which leaves an error of 1e-6 at best. The flanger was made twice: by a windowed sinc of 64 "
        "points, and by four points, which is what our own line reads. Settings in brackets the sound does not "
        f"tell.\n{truths}\n\n" + table(columns, lines)
    )
    write_section("Echo, reverb, flanger on a voice", "benchmarks.memory_effects", text)


if __name__ == "__main__":
    main()
