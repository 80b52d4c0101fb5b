"""How clean the filter bank of timbres is, and how late, beside the Kaiser design that it begins from.

python -m benchmarks.filter_bank
"""

import numpy as np
from scipy import optimize, signal

from benchmarks.results import table, write_section
from tonewright.dsp import pqmf
from tonewright.layers.pqmf import Analysis, Synthesis

BANDS, RATE = 16, 48000
# samples of a round trip in blocks, and dB, as measured of RAVE 2.3.1 with cached_conv 2.5.0
PUBLISHED = {40: (144, 29.6), 70: (272, 53.5), 100: (528, 60.1)}


def main() -> None:
    columns = [
        "design",
        "taps",
        "SNR, Kaiser",
        "SNR, RAVE",
        "SNR, ours",
        "stopband",
        "late, RAVE",
        "late, ours",
        "ms",
    ]
    text = (
        "A sound through 16 bands and back: how far what is wrong lies below white noise, and by how many samples it "
        "is late in blocks. All three have equally many taps. Kaiser: the design of one knob, its cut-off "
        "where the bands add up best; ours moves every tap from there. Figures of RAVE (2.3.1) are from another run. "
        "Stopband: the loudest frequency more than a band away.\n\n"
        + table(columns, [row(attenuation_db) for attenuation_db in PUBLISHED])
    )
    write_section("The filter bank", "benchmarks.filter_bank", text)


def row(attenuation_db: int) -> list[str]:
    """A line of the table."""
    ours, plain = pqmf.prototype(BANDS, attenuation_db), kaiser(attenuation_db)
    down = Analysis(BANDS, attenuation_db)
    late = down.latency * BANDS + Synthesis(BANDS, attenuation_db).latency
    their_late, their_snr = PUBLISHED[attenuation_db]
    snrs = [f"{snr_db(plain):.1f}", f"{their_snr:.1f}", f"{snr_db(ours):.1f}"]
    return [
        f"{attenuation_db} dB",
        str(len(ours)),
        *snrs,
        f"{stopband_db(ours):.0f} dB",
        str(their_late),
        str(late),
        f"{1000 * late / RATE:.2f}",
    ]


def kaiser(attenuation_db: int) -> np.ndarray:
    """The lowpass of one knob."""

    def worst(cutoff: float) -> float:
        return np.abs(pqmf._powers(pqmf._kaiser(cutoff, attenuation_db), BANDS)[1:]).max()

    found = optimize.minimize_scalar(worst, bounds=(0.4 / BANDS, 0.75 / BANDS), method="bounded")
    return pqmf._kaiser(found.x, attenuation_db)


def snr_db(lowpass: np.ndarray) -> float:
    """Of white noise through the bank of a lowpass, at the level at which it comes back."""
    x = np.random.default_rng(0).standard_normal(1 << 15)
    band, time = np.arange(BANDS)[:, None], np.arange(len(lowpass)) - (len(lowpass) - 1) / 2
    y = np.zeros(len(x))
    place, shift = (2 * band + 1) * np.pi / (2 * BANDS) * time, (-1.0) ** band * np.pi / 4
    for down, up in zip(np.cos(place + shift), np.cos(place - shift), strict=True):
        kept = np.zeros(len(x))
        kept[::BANDS] = signal.convolve(x, 2 * lowpass * down, "same")[::BANDS]
        y += BANDS * signal.convolve(kept, 2 * lowpass * up, "same")
    x, y = x[4096:-4096], y[4096:-4096]
    y *= (x @ y) / (y @ y)
    return 10 * np.log10(np.sum(x**2) / np.sum((x - y) ** 2))


def stopband_db(lowpass: np.ndarray) -> float:
    """The loudest frequency more than a band away, beside the pass band."""
    frequency, response = signal.freqz(lowpass, worN=1 << 14)
    return 20 * np.log10(np.abs(response[frequency > np.pi / BANDS]).max() / np.abs(response[0]))


if __name__ == "__main__":
    main()
