"""How well the latency of a pair is found: rendered, simulated and real recordings.

    python -m benchmarks.alignment --data FOLDER

FOLDER holds di_*.flac with {device}_*.flac. If its parent has capture_spice_klon and capture_real_tape (a SPICE
simulation with start-up to be masked, a tape machine with wow), these are measured too.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from scipy import signal

from benchmarks.results import table, write_section
from tonewright.audio.align import estimate
from tonewright.audio.regions import parse_mask
from tonewright.training.recordings import read_mono

DEVICES = ("ts9", "chump", "comp", "trem", "phaser")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    rng = np.random.default_rng(0)
    rows = [row(name, *pair, rng) for name, pair in pairs(data)]
    text = (
        "Samples by which the wet side is late, as recorded; the error when the wet is moved by a random number "
        "of samples within 500 ms; and, for scale, where the plain cross-correlation has its peak. The rendered "
        "pairs are aligned to the sample; the true latency of the others nobody knows, but the tape was reported "
        "near 7060.\n\n"
    )
    columns = [
        "pair",
        "latency",
        "error when moved",
        "plain correlation",
        "polarity",
        "wander",
        "confidence",
        "s",
    ]
    write_section("Alignment", "benchmarks.alignment", text + table(columns, rows))


def pairs(data: Path):
    """(name, (dry, wet, rate, mask)) of everything there is."""
    for device in DEVICES:
        dry, rate = read_mono(data / "di_train.flac")
        wet = read_mono(data / f"{device}_train.flac")[0]
        yield device, (dry[: len(wet)], wet, rate, None)
    klon = data.parent / "capture_spice_klon"
    for gain in ("gain0", "gain50", "gain100") if klon.is_dir() else ():
        dry, rate = read_mono(klon / "dry.flac")
        mask = parse_mask("every 22050:0-11025", rate, len(dry))
        yield f"klon {gain}", (dry, read_mono(klon / f"{gain}.flac")[0], rate, mask)
    tape = data.parent / "capture_real_tape"
    for path in sorted(tape.glob("*_input.flac")):
        dry, rate = read_mono(path)
        yield (
            path.stem.removesuffix("_input"),
            (dry, read_mono(tape / path.name.replace("input", "target"))[0], rate, None),
        )


def row(name: str, dry, wet, rate: int, mask, rng) -> list:
    before = time.monotonic()
    found = estimate(dry, wet, rate, mask=mask)
    seconds = time.monotonic() - before
    room = int(0.5 * rate)
    shift = int(rng.integers(-room - min(0, found.latency_samples), room - max(0, found.latency_samples)))
    moved = np.pad(wet, (shift, 0)) if shift >= 0 else wet[-shift:]
    error = estimate(dry, moved, rate, mask=mask).latency_samples - found.latency_samples - shift
    correlation = np.abs(signal.correlate(wet[: 30 * rate], dry[: 30 * rate], method="fft"))
    plain = int(np.argmax(correlation)) - (len(dry[: 30 * rate]) - 1)
    cells = [found.latency_samples, error, plain, f"{found.polarity:+d}", f"{found.wander_samples:.1f}"]
    return [name, *cells, f"{found.confidence:.2f}", f"{seconds:.1f}"]


if __name__ == "__main__":
    main()
