"""The gain lesson: which losses find the gain of a sine, when the target is in phase with it and when it is not.

python -m benchmarks.lesson
"""

from functools import partial

from benchmarks.results import table, write_section
from examples.gain_lesson import GAIN, PHASES, STEPS, fit, sine, waveform
from tonewright.measure.losses import spectral

LOSSES = {
    "waveform, L1": waveform,
    "spectral, magnitudes": spectral,
    "spectral, power spectra": partial(spectral, power=2.0),
}


def main() -> None:
    rows = []
    for name, loss in LOSSES.items():
        gains = [fit(GAIN * sine(degrees), loss)[-1][0] for degrees in PHASES]
        rows.append([name, *(f"{gain:.4f}" for gain in gains)])
    text = (
        "The gain that is learned from a sine of 300 Hz, half a second at 44.1 kHz, and the same at a gain of "
        f"{GAIN}: by Adam, {STEPS} steps in dB, from a gain of 1.\n\n"
    )
    columns = ["loss", *(f"target {words}" for words in PHASES.values())]
    write_section("The gain lesson", "benchmarks.lesson", text + table(columns, rows))


if __name__ == "__main__":
    main()
