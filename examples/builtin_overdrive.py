"""Makes a dry and a wet recording without any download: a synthetic guitar, and an overdrive pedal.

    python examples/builtin_overdrive.py [seconds]

Writes dry.wav and wet.wav into the folder you are in.
"""

import sys

import numpy as np

from tonewright.audio import files
from tonewright.builtin import overdrive, phrase
from tonewright.units import gain_to_db

RATE = 48000


def main(seconds: float = 20.0) -> None:
    dry = phrase(seconds, RATE)
    for name, sound in (("dry.wav", dry), ("wet.wav", overdrive(dry, RATE, drive=0.6, tone=0.5, level=0.7))):
        files.write(name, sound, RATE)
        peak_db, rms_db = gain_to_db(float(np.abs(sound).max())), gain_to_db(float(np.std(sound)))
        print(f"{name}: {len(sound) / RATE:.1f} s, peak {peak_db:.1f} dB, RMS {rms_db:.1f} dB")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))
