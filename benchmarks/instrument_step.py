"""What a lesson of an instrument costs: one step of teaching, ours and as most programs have it in torch.

    python -m benchmarks.instrument_step [--rounds 5]

Each is timed in a process of its own, by the time of its one thread, and so is the most memory that it needs beyond
what it begins with.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import numpy as np
import torch
from torch import Tensor

from benchmarks.harmonic_bank import peak_mb
from benchmarks.naive_instrument import Naive, multi_scale
from benchmarks.results import table, write_section
from tonewright.audio.performance import Performance
from tonewright.measure.multi_scale import multi_scale_spectral
from tonewright.models.ddsp import PRESETS, Course, Model, Recipe
from tonewright.models.ddsp.recipe import play

RATE, HOP, SECONDS = 16000, 160, 40
STILL_HZ = 70.0
TAUGHT = ("paper", "standard", "small")
COURSE = Course(batch=16, lead_s=0.0, loudness=0.0)  # that of the paper
WAYS = ("ours", "torch")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs=2, metavar=("WAY", "PRESET"), help="measure one, printed as JSON")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measured(*options.only, options.rounds)))
        return
    columns = ["preset", "weights", "torch, s", "ours, s", "faster by", "torch, MB", "ours, MB"]
    same = ["same weights: off by", "decoder", "steady harmonics", "room", "loss"]
    text = (
        f"A batch of 16 sounds of 4 s at {RATE // 1000} kHz, frames of {HOP} samples, a room of 1 s: loss, gradient "
        f"and a step of Adam. One thread: seconds of the processor, median of {options.rounds} steps after the "
        "first, and megabytes at most beyond those before it. Torch: the same decoder of torch's own layers, and a "
        "synthesiser as most programs have it: harmonics and pitch stretched to samples, the phase a running sum, a "
        "sine for each sample and harmonic, noise frame by frame, a room by one transform of the whole sound, the "
        "loss by torch.stft, and all 16 sounds at once.\n\n"
        + table(columns, [costs(preset, options.rounds) for preset in TAUGHT])
        + "\n\nThe two do not play the same sound: ours goes from frame to frame one frame late, fades the highest "
        "harmonics, and makes noise without a seam. Where both mean the same they are so far apart, in parts of the "
        "peak: the decoder's answer, harmonics whose pitch and levels do not move (in float64: the running sum of "
        "float32 is off by far more), the room, and the loss of one and the same sound.\n\n"
        + table(same, [[preset, *errors(preset)] for preset in TAUGHT])
    )
    write_section("An instrument: a lesson", "benchmarks.instrument_step", text)


def costs(preset: str, rounds: int) -> list:
    ours, theirs = (in_a_process(way, preset, rounds) for way in WAYS)
    weights = sum(p.numel() for p in Model(PRESETS[preset]).parameters())
    seconds = [
        f"{theirs['seconds']:.2f}",
        f"{ours['seconds']:.2f}",
        f"{theirs['seconds'] / ours['seconds']:.1f}x",
    ]
    return [preset, f"{weights:,}", *seconds, f"{theirs['memory']:,.0f}", f"{ours['memory']:,.0f}"]


def in_a_process(way: str, preset: str, rounds: int) -> dict:
    command = [
        sys.executable,
        "-m",
        "benchmarks.instrument_step",
        "--only",
        way,
        preset,
        "--rounds",
        str(rounds),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def measured(way: str, preset: str, rounds: int) -> dict:
    torch.set_num_threads(1)
    recipe = recipe_of(preset)
    step = recipe.step if way == "ours" else NaiveRecipe(recipe).step
    before, times = peak_mb(), []
    for number in range(rounds + 1):
        start = time.process_time()
        step(number, 0)
        times.append(time.process_time() - start)
    return {"seconds": statistics.median(times[1:]), "memory": peak_mb() - before}


def recipe_of(preset: str) -> Recipe:
    """With a violin's range of notes, and a sound of their harmonics to come near to."""
    rng = np.random.default_rng(0)
    notes = np.repeat(196.0 * 2.0 ** rng.uniform(0.0, 3.0, SECONDS * 2), 50)
    f0_hz = (notes * 2.0 ** (0.02 * np.sin(0.3 * np.arange(len(notes))))).astype(np.float32)
    loudness_db = (-35.0 + 10.0 * np.sin(0.02 * np.arange(len(notes)))).astype(np.float32)
    turns = np.cumsum(np.repeat(f0_hz.astype(float), HOP)) / RATE
    sound = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 5)) * np.repeat(
        10 ** (loudness_db / 20), HOP
    )
    sound += 1e-3 * rng.standard_normal(len(sound))
    voiced = np.ones(len(f0_hz), bool)
    recording = Performance(sound.astype(np.float32), RATE, HOP, f0_hz, f0_hz, voiced, loudness_db)
    torch.manual_seed(0)
    return Recipe(Model(PRESETS[preset]), [recording], [recording], COURSE, threads=1)


class NaiveRecipe:
    """The same crops and course, taught to the naive instrument in one batched call."""

    def __init__(self, ours: Recipe):
        self.ours, self.model = ours, Naive(ours.model)
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=ours.course.rate)

    def step(self, step: int, _steps: int) -> None:
        batch = self.ours.course.batch
        (item,) = self.ours.crops.batch(step, batch, batch)
        self.optimiser.zero_grad()
        self.model.loss(item.frames, item.sound).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.ours.course.clip)
        self.optimiser.step()


@torch.no_grad()
def errors(preset: str) -> list[str]:
    """How far apart they are, in parts of the peak, wherever both mean the same."""
    recipe = recipe_of(preset)
    model, naive = recipe.model, Naive(recipe.model)
    (item,) = recipe.crops.batch(0, 4, 4)
    pitch, loudness = (naive.scaled(item.frames)[:, n : n + 1] for n in range(2))
    made = model.voice.decoder(pitch, loudness, None, model.voice.decoder.initial_state(4))[:3]
    decoded = max(off(a.transpose(1, 2), b) for a, b in zip(naive.decoded(item.frames), made, strict=True))
    # A pitch and levels that do not move, below where ours fade; the sum of torch counts the first sample's step too.
    distribution, amplitude = (x[..., :1].double().expand(-1, -1, 50) for x in made[:2])
    f0_hz, bank = torch.full_like(amplitude, STILL_HZ), model.voice.harmonics.double()
    ours = bank(f0_hz, bank.initial_state(4), distribution, amplitude)[0][:, 0]
    theirs = naive.tone(f0_hz[:, 0], distribution.transpose(1, 2), amplitude.transpose(1, 2))
    tone = off(theirs[:, HOP:-1], ours[:, HOP + 1 :])
    bank.float()
    room = off(
        naive.with_room(item.sound), model.room(item.sound[:, None], model.room.initial_state(4))[0][:, 0]
    )
    estimate = play(model, item.frames, item.seeds)
    ours, theirs = (float(way(item.sound, estimate)) for way in (multi_scale_spectral, multi_scale))
    return [f"{error:.0e}" for error in (decoded, tone, room, abs(ours / theirs - 1))]


def off(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max() / b.abs().max())


if __name__ == "__main__":
    main()
