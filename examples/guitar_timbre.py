"""Learn the timbre of a guitar, and let a plucked string be heard in it.

    python examples/guitar_timbre.py [steps]

Both are built in: guitar/guitar.wav is what is learned from, strings.wav what is played through it. What is learned
goes into guitar.tone, and out.wav is the string in the timbre of the guitar. The 600 steps take a minute or two on
two cores and give an idea; a timbre to make music with is taught for hours, on hours of sound.
"""

import sys
from pathlib import Path

import numpy as np

import tonewright as tw
from tonewright.audio import files
from tonewright.builtin import phrase, plucked_notes

RATE, SECONDS = 48000, 60.0
# a small model that hears short crops
SETTINGS = {"capacity": 16, "latent": 16, "crop": 16384, "batch": 4, "latest": 0.7}


def main(steps: int = 600) -> None:
    folder = Path("guitar")
    folder.mkdir(exist_ok=True)
    files.write(folder / "guitar.wav", phrase(SECONDS, RATE), RATE)

    def told(progress) -> None:
        if progress.step % 50 == 0:
            print(f"step {progress.step} of {progress.steps}: {progress.words}", flush=True)

    guitar = tw.timbre(folder, steps=steps, settings=SETTINGS, listener=told)
    guitar.save("guitar.tone")
    metrics = guitar.tone.metrics
    print(
        f"guitar.tone: on a guitar that it never heard, spectral distance {metrics['held_out_spectral']:.1f}; "
        f"before it was taught {metrics['untaught_spectral']:.1f}"
    )

    strings, _, _ = plucked_notes(8, RATE, RATE // 100, seconds=0.8)
    strings *= 0.1  # as loud as the guitar, which has far less in the bass
    files.write("strings.wav", strings, RATE)
    late = np.zeros(guitar.latency, np.float32)
    y = guitar.render(np.concatenate([strings, late]))[guitar.latency :]
    files.write("out.wav", y, RATE)
    z = tw.encode(guitar, strings)
    print(
        f"out.wav: the strings in the timbre of the guitar, by way of {z.shape[0]} latents, {z.shape[1]} times"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
