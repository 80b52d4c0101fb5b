"""How right the pitch is, and how soon: our tracker beside swift-f0, on sounds of known pitch and on recordings.

    python -m benchmarks.pitch_tracking [--solo FOLDER]

FOLDER holds violin/ (with notes.csv and alignment.csv for each recording) and singing/.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.results import table, write_section
from tonewright.audio import files
from tonewright.audio.f0 import f0_track
from tonewright.dsp.pitch import pitch

RATE = 16000
KINDS = [
    ("saw", 40),
    ("soft", 20),
    ("odd", 20),
    ("missing", 20),
    ("saw", 10),
    ("soft", 0),
]  # noise so many dB below
SHAPES = {
    "saw": lambda k: 1 / k,
    "soft": lambda k: k**-2.5,
    "odd": lambda k: (k % 2) / k,
    "missing": lambda k: (k > 1) / k,
}
EDGE_S = 0.02  # around the beginning and the end of a note, where nothing is judged
NOTE_EDGE_S = 0.03  # the same of written notes, which were aligned to 32 ms
EXCERPT_S = (20, 80)  # of each recording of a violin
VIOLIN_HZ = 180.0  # its lowest string, less a little
LATENCY_MS = {"ours": 20, "swift-f0": 176}  # from a frame's middle to the sample with which it is known


@dataclass
class Judged:
    """Of each frame: how many cents a tracker was off, whether it heard a pitch, and whether there was one."""

    cents: np.ndarray
    voiced: np.ndarray
    sounds: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--solo", type=Path, help="folder of recordings")
    solo = parser.parse_args().solo
    torch.set_num_threads(1)
    text = synthetic() + (f"\n\n{recorded(solo)}" if solo else "")
    write_section("Pitch: ours and swift-f0", "benchmarks.pitch_tracking", text)


def ours(x: np.ndarray, rate: int, lowest_hz: float) -> tuple[np.ndarray, np.ndarray]:
    f0_hz, clarity = pitch(torch.from_numpy(x)[None, None], rate, rate // 100, lowest_hz)
    return f0_hz[0, 0].numpy(), clarity[0, 0].numpy() > 0


def swift(x: np.ndarray, rate: int, lowest_hz: float) -> tuple[np.ndarray, np.ndarray]:
    track = f0_track(x, rate, rate // 100, lowest_hz)
    return track.f0_hz, track.voiced


TRACKERS: dict[str, Callable] = {"ours": ours, "swift-f0": swift}


def synthetic() -> str:
    rows = []
    signals = list(sounds())
    for name, tracker in TRACKERS.items():
        judged, spent = {}, 0.0
        for (_, snr), x, f0_hz, sounding in signals:
            before = time.process_time()
            found, voiced = tracker(x, RATE, 60.0)
            spent += time.process_time() - before
            hop, at = RATE // 100, np.arange(len(found)) * (RATE // 100)
            edges = np.flatnonzero(np.diff(sounding.astype(int)))
            keep = np.abs(at[:, None] - edges[None]).min(axis=1) > EDGE_S * RATE
            one = Judged(1200 * np.log2(found / f0_hz[::hop])[keep], voiced[keep], sounding[::hop][keep])
            judged.setdefault(snr, []).append(one)
        quiet = [one for snr, some in judged.items() if snr > 0 for one in some]
        loud = np.mean([right(one, 50) for one in judged[0]])
        speed = sum(len(x) for _, x, _, _ in signals) / RATE / spent
        rows.append([name, *summary(quiet), f"{100 * loud:.1f}", f"{speed:,.0f}", LATENCY_MS[name]])
    return (
        "24 sounds of 6 s at 16 kHz: a glide, 60 to 1200 Hz and back; random steps; vibrato; a low glide; each as "
        "six spectra with white noise 40 to 0 dB below them. Share of the sounding frames, in %, that are right to "
        "50 and to 25 cents, or right but for octaves; share of sounding frames, and of others, in which a pitch is "
        "heard; the same to 50 cents in noise as loud as the sound, which the other numbers leave out. Times faster "
        "than the sound lasts, one thread; milliseconds after the middle of a frame when its pitch is known "
        "(swift-f0: as a stream).\n\n"
        + table(
            [
                "tracker",
                "50 c",
                "25 c",
                "octave slips",
                "heard",
                "false",
                "50 c at 0 dB",
                "x real time",
                "ms",
            ],
            rows,
        )
    )


def right(judged: Judged, cents: float) -> float:
    return float(np.mean(np.abs(judged.cents[judged.sounds]) < cents))


def slips(judged: Judged) -> float:
    off = judged.cents[judged.sounds]
    return float(np.mean((np.abs(off) >= 50) & (np.abs((off + 600) % 1200 - 600) < 50)))


def summary(judged: list[Judged]) -> list[str]:
    columns = [
        np.mean([right(one, 50) for one in judged]),
        np.mean([right(one, 25) for one in judged]),
        np.mean([slips(one) for one in judged]),
        np.mean(np.concatenate([one.voiced[one.sounds] for one in judged])),
        np.mean(np.concatenate([one.voiced[~one.sounds] for one in judged])),
    ]
    return [f"{100 * value:.1f}" for value in columns]


def sounds() -> Iterator[tuple[tuple[str, int], np.ndarray, np.ndarray, np.ndarray]]:
    """(spectrum, dB over the noise), sound, its pitch at each sample, and where it sounds."""
    for f0_hz, sounding in melodies():
        phase = 2 * np.pi * np.cumsum(f0_hz) / RATE
        soft = np.hanning(RATE // 100)
        envelope = np.convolve(sounding.astype(float), soft / soft.sum(), "same")
        for shape, snr in KINDS:
            parts = (
                SHAPES[shape](k) * np.where(k * f0_hz < 7600, np.sin(k * phase + 0.7 * k * k), 0.0)
                for k in range(1, 61)
            )
            x = sum(parts) * envelope
            x *= 0.15 / np.sqrt(np.mean(x[sounding] ** 2))
            noise = np.random.default_rng(snr).standard_normal(len(x))
            yield (shape, snr), x + 0.15 * 10 ** (-snr / 20) * noise, f0_hz, sounding


def melodies() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    t, rng = np.arange(6 * RATE) / RATE, np.random.default_rng(7)
    still = (t > 0.2) & (t < 5.8)
    yield 60 * 20 ** (1 - np.abs(t - 3) / 3), still & (np.abs(t - 3) > 0.1)
    f0_hz, sounding, at = np.full(len(t), 200.0), np.zeros(len(t), bool), 0.2
    while at < 5.8:
        end = min(at + rng.uniform(0.12, 0.5), 5.8)
        f0_hz[round(at * RATE) :] = 80 * 12.5 ** rng.uniform()
        sounding[round(at * RATE) : round(end * RATE)] = True
        at = end + (rng.uniform(0.05, 0.15) if rng.random() < 0.3 else 0.0)
    yield f0_hz, sounding
    base = np.select([t < 2.1, t < 4.1], [220.0, 440.0], 660.0)
    between = (np.abs(t - 2.1) > 0.1) & (np.abs(t - 4.1) > 0.1)
    yield base * 2 ** (50 / 1200 * np.sin(2 * np.pi * 5.5 * t)), still & between
    yield 92 * 2 ** (0.5 * np.sin(2 * np.pi * 0.4 * t)), still


def recorded(folder: Path) -> str:
    rows = []
    for path in [*sorted((folder / "violin").glob("*.flac")), *sorted((folder / "singing").glob("*.flac"))]:
        violin = path.parent.name == "violin"
        x, rate = files.read(path)
        first, last = (second * rate for second in EXCERPT_S)
        x = x.mean(axis=0).astype(float)[slice(first, last) if violin else slice(None)]
        lowest_hz = VIOLIN_HZ if violin else 60.0
        (f0_hz, voiced), (rival_hz, rival) = (tracker(x, rate, lowest_hz) for tracker in TRACKERS.values())
        both = Judged(1200 * np.log2(f0_hz / rival_hz), voiced, rival)
        steady = Judged(both.cents, voiced, rival & settled(rival_hz))
        name = f"{path.parent.name}, {path.stem.replace('_', ' ')}"
        agree = [f"{100 * share:.1f}" for share in (right(both, 50), right(steady, 50), slips(both))]
        written = ["", ""]
        if violin:
            late_s = lateness(path, rival_hz)
            written = [f"{100 * plays(path, hz, late_s):.1f}" for hz in (f0_hz, rival_hz)]
        rows.append([name, *agree, f"{100 * np.mean(voiced[rival]):.0f}", *written])
    return (
        f"Recordings, a violin ({EXCERPT_S[1] - EXCERPT_S[0]} s of each, two to four voices at once in mov3 and "
        "mov7, all in a room that rings for longer than a note) and singing, where nobody knows the truth: share of "
        "the frames in which swift-f0 hears a pitch that are within 50 cents of it, of those that are not "
        "within 50 ms "
        "of one of its jumps, that are an octave off, and in which ours hears one too. Then how often each is within "
        "50 cents of a note that is written, more than 30 ms from the ends of notes. Ours looks from "
        f"{VIOLIN_HZ:.0f} Hz up for the violin, and from 60 Hz up for a voice.\n\n"
        + table(
            [
                "recording",
                "agree",
                "away from jumps",
                "octave",
                "heard",
                "ours, as written",
                "swift-f0, as written",
            ],
            rows,
        )
    )


def settled(f0_hz: np.ndarray) -> np.ndarray:
    """Frames that are not within 50 ms of a jump."""
    jumps = np.abs(np.diff(np.log2(f0_hz), prepend=np.log2(f0_hz[0]))) > 0.7 / 12
    return np.convolve(jumps, np.ones(11), "same") < 0.5


def plays(path: Path, f0_hz: np.ndarray, late_s: float) -> float:
    """Share of the frames well within written notes, which sound so late, whose pitch is that of one of them."""
    notes = np.loadtxt(path.with_suffix(".notes.csv"), delimiter=",", skiprows=1)[:, 2]
    times = np.loadtxt(path.with_suffix(".alignment.csv"), delimiter=",", skiprows=1) + late_s
    at = EXCERPT_S[0] + np.arange(len(f0_hz)) / 100
    inside = (at[:, None] >= times[:, 0]) & (at[:, None] < times[:, 1])
    clear = np.abs(at[:, None, None] - times[None]).min(axis=(1, 2)) > NOTE_EDGE_S
    off = np.where(inside, 12 * np.log2(f0_hz / 440)[:, None] + 69 - notes[None], 99.0)
    nearest = off[np.arange(len(at)), np.abs(off).argmin(axis=1)]
    tuning = np.median(nearest[np.abs(nearest) < 1.0])
    return float(np.mean(np.abs(nearest[clear & inside.any(axis=1)] - tuning) < 0.5))


def lateness(path: Path, f0_hz: np.ndarray) -> float:
    """Seconds by which the recording trails the times that stand beside it: 0 of some, 1 of others."""
    return max((0.0, 1.0), key=lambda late_s: plays(path, f0_hz, late_s))


if __name__ == "__main__":
    main()
