"""Learn a device from a pair of recordings, then play something new through it, block by block.

    python examples/capture_and_play.py [steps]

Writes dry.wav and wet.wav (a built-in guitar through a built-in pedal), pedal.tone, and new.wav through the model.
"""

import sys

import numpy as np

import tonewright as tw
from tonewright.audio import files
from tonewright.builtin import overdrive, phrase

RATE = 48000


def main(steps: int = 400) -> None:
    guitar = phrase(30.0, RATE)
    files.write("dry.wav", guitar, RATE)
    files.write("wet.wav", overdrive(guitar, RATE, drive=0.8), RATE)

    pedal = tw.capture("dry.wav", "wet.wav", preset="feather", steps=steps)
    pedal.save("pedal.tone")
    print(f"ESR on what it never heard: {pedal.tone.metrics['esr']:.4f}")

    new = phrase(8.0, RATE, seed=1)
    stream = pedal.stream()
    blocks = [stream.process(new[i : i + 64]) for i in range(0, len(new), 64)]  # as a sound card asks for it
    files.write("new.wav", np.concatenate(blocks), RATE)
    print(f"new.wav: 8 s of playing through pedal.tone, by {pedal.engine}")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))
