"""What it costs to prepare sounds for a timbre and to cut crops from them, and what each way of keeping them loses.

python -m benchmarks.corpus --music FOLDER
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr

from benchmarks.results import table, write_section
from tonewright.audio.corpus_hearing import hear
from tonewright.audio.corpus_ring import Corpus
from tonewright.audio.corpus_source import Settings
from tonewright.audio.corpus_writing import prepare_corpus
from tonewright.audio.crop_loader import CropLoader
from tonewright.audio.library import Library, open_library
from tonewright.audio.prepared import source_of
from tonewright.units import db_to_gain

RATE = 48000
ROUNDS = 7
CROPS = 200
BATCH = (8, 131072)
STEP_S = 0.01
FRAME = 2048
QUIET_DB = (-80.0, -40.0)  # of frames, below the loudest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--music", type=Path, required=True, help="folder of any sounds")
    library = open_library(parser.parse_args().music)
    with tempfile.TemporaryDirectory() as folder:
        corpus = prepare_corpus(library, Path(folder), Settings(RATE))
        text = (
            f"{len(corpus.sources)} files, {corpus.seconds / 60:.0f} minutes, of several kinds and rates, at 48 kHz. "
            "Seconds are those of the processor, one thread; medians of interleaved rounds, and the page cache is "
            "warm.\n\n"
            + table(
                ["reading", "x real time", "an hour takes, s"], preparing(library, Path(folder) / "again")
            )
            + "\n\nHashing, decoding, mixing, resampling, measuring, and writing 16 bits with dither, beside "
            "decoding and resampling alone; and the same command once more, when nothing has changed.\n\n"
            + table(
                ["one-second crops", "crops per second", "bytes of an hour"], cutting(corpus, Path(folder))
            )
            + "\n\nRandom places, float32 [48000] each; ours with its gains, its joints and the draw of the place. "
            + waiting(corpus)
            + "\n\n"
            + table(
                ["kept as", "error, dB of full scale", "worst file", "below the sound in quiet parts"],
                keeping(library),
            )
            + "\n\nAgainst the resampled sound in double, of each file's first minute with its peak at -1 dB; medians"
            f" over files. Quiet parts lie {-QUIET_DB[1]:.0f} to {-QUIET_DB[0]:.0f} dB below the loudest frame. The "
            "error of 16 bits with dither is the same noise everywhere; without dither it is smaller and follows the "
            "sound. That of half floats rises and falls with the sound: smaller in quiet parts, and in loud ones "
            "well above that of 16 bits, in all of the treble."
        )
    write_section("A corpus: preparing it and cutting crops", "benchmarks.corpus", text)


def interleaved(ways: dict[str, Callable[[], None]], rounds: int = ROUNDS) -> dict[str, float]:
    """The median seconds of the processor of each way."""
    took = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            before = time.process_time()
            way()
            took[name].append(time.process_time() - before)
    return {name: float(np.median(times)) for name, times in took.items()}


def preparing(library: Library, folder: Path) -> list[list]:
    def fresh():
        with tempfile.TemporaryDirectory(dir=folder.parent) as empty:
            prepare_corpus(library, Path(empty), Settings(RATE))

    def alone():
        for sound in library.sounds:
            x, rate = soundfile.read(sound.path, dtype="float32", always_2d=True)
            if rate != RATE:
                soxr.resample(x.mean(axis=1), rate, RATE, quality="VHQ")

    folder.mkdir()
    prepare_corpus(library, folder, Settings(RATE))
    ways = {
        "ours": fresh,
        "soundfile and soxr alone": alone,
        "ours, once more": lambda: prepare_corpus(library, folder, Settings(RATE)),
    }
    took = interleaved(ways, 3)
    return [
        [name, f"{library.seconds / s:,.0f}", f"{3600 / library.seconds * s:.1f}"] for name, s in took.items()
    ]


def cutting(corpus: Corpus, folder: Path) -> list[list]:
    maps, rng = {}, np.random.default_rng(0)
    for name, kind in (("int16", "<i2"), ("half floats", "<f2"), ("floats", "<f4")):
        path = folder / f"{kind[1:]}.raw"
        scale = 1 if kind == "<i2" else 1 / 32768
        (corpus.data * np.float32(scale)).astype(kind).tofile(path)
        maps[name] = np.asarray(np.memmap(path, kind, mode="r"))
    soundfile.write(folder / "all.flac", corpus.data, RATE, "PCM_16")
    starts = rng.integers(0, corpus.samples - RATE, CROPS)

    def mapped(x: np.ndarray):
        y, scale = np.empty(RATE, np.float32), np.float32(1 / 32768)
        for start in starts:
            np.multiply(x[start : start + RATE], scale, out=y)

    def flac():
        with soundfile.SoundFile(folder / "all.flac") as file:
            for start in starts[: CROPS // 10]:
                file.seek(int(start))
                file.read(RATE, dtype="float32")

    steps = iter(range(1 << 30))
    ways = {
        "ours, `Corpus.crops`": lambda: [corpus.crops(0, next(steps), 8, RATE) for _ in range(CROPS // 8)]
    }
    ways |= {f"a memory map of {name}": (lambda x=x: mapped(x)) for name, x in maps.items()}
    ways["FLAC, soundfile"] = flac
    sizes = [2, *(x.itemsize for x in maps.values()), (folder / "all.flac").stat().st_size / corpus.samples]
    counts = [CROPS] * (len(ways) - 1) + [CROPS // 10]
    return [
        [name, f"{count / s:,.0f}", f"{size * 3600 * RATE / 1e6:,.0f} MB"]
        for (name, s), size, count in zip(interleaved(ways).items(), sizes, counts, strict=True)
    ]


def waiting(corpus: Corpus) -> str:
    """Whether a device that takes STEP_S for a step has to wait for its crops."""
    with CropLoader(corpus, 0, *BATCH) as loader:
        for _ in range(100):
            next(loader)
            time.sleep(STEP_S)
        share = loader.waited
    alone = interleaved({"": lambda: corpus.crops(0, 1, *BATCH)})[""]
    return (
        f"A batch of {BATCH[0]} crops of {BATCH[1]:,} samples takes {1e3 * alone:.1f} ms; with `CropLoader` on one "
        f"thread, a device whose steps take {1e3 * STEP_S:.0f} ms waits for data {100 * share:.1f} % of the time."
    )


def keeping(library: Library) -> list[list]:
    found: dict[str, list] = {}
    for sound in library.sounds:
        x, rate = soundfile.read(sound.path, frames=60 * sound.sample_rate, always_2d=True)
        x = soxr.resample(x.mean(axis=1), rate, RATE, quality="VHQ")
        if len(x) < 16 * FRAME or not np.any(x):
            continue
        x *= db_to_gain(-1.0) / np.abs(x).max()
        for name, y in kept(x).items():
            found.setdefault(name, []).append(errors(x, y))
    rows = []
    for name, told in found.items():
        whole, quiet = np.array(told).T
        worst = f"{whole.max():.1f}"
        rows.append([name, f"{np.median(whole):.1f}", worst, f"{np.nanmedian(quiet):.0f} dB"])
    return rows


def kept(x: np.ndarray) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    plain = np.rint(x * 32768) / 32768
    return {
        "16 bits with triangular dither, scaled to the peak (ours)": stored(x),
        "16 bits with triangular dither": np.rint(x * 32768 + rng.random(len(x)) - rng.random(len(x)))
        / 32768,
        "16 bits": plain,
        "half floats": x.astype(np.float16).astype(float),
        "floats": x.astype(np.float32).astype(float),
    }


def stored(x: np.ndarray) -> np.ndarray:
    """What comes back of a sound that went through the store."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.wav"
        soundfile.write(path, x, RATE, "DOUBLE")
        sound = open_library(path).sounds[0]
        ((source, blocks),) = hear(sound, source_of(path, path), Settings(RATE, longest_silence_s=3600.0))
        return np.concatenate(list(blocks)) * source.scale


def errors(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """In dB: the error, and how far it is below the sound in the median of the quiet frames, NaN without any."""
    frames = len(x) // FRAME * FRAME
    power = np.mean(x[:frames].reshape(-1, FRAME) ** 2, axis=1)
    error = np.mean((y - x)[:frames].reshape(-1, FRAME) ** 2, axis=1)
    level = 10 * np.log10(power / power.max() + 1e-30)
    quiet = (level > QUIET_DB[0]) & (level < QUIET_DB[1]) & (error > 0)
    below = float(np.median(10 * np.log10(power[quiet] / error[quiet]))) if quiet.any() else np.nan
    return 10 * np.log10(np.mean((y - x) ** 2) + 1e-30), below


if __name__ == "__main__":
    main()
