"""Learn an instrument from recordings of its notes, and play a tune on it that nobody ever played.

    python examples/plucked_instrument.py [steps]

The recordings are a built-in string, plucked by frequency modulation: notes.wav. What is learned goes into
plucked.tone, and tune.wav is what it plays.
"""

import sys
from pathlib import Path

import tonewright as tw
from tonewright.audio import files
from tonewright.audio.score import Note, notes_to_features
from tonewright.builtin import plucked_notes

RATE, NOTES = 16000, 16
TUNE = (69, 72, 76, 74, 72, 71, 69, 64, 69)  # MIDI notes
BEAT_S = 0.5


def main(steps: int = 250) -> None:
    notes = Path("notes")
    notes.mkdir(exist_ok=True)
    sound, _, _ = plucked_notes(NOTES, RATE, RATE // 100)
    files.write(notes / "notes.wav", sound, RATE)

    def told(progress) -> None:
        if progress.step % 25 == 0:
            print(f"step {progress.step} of {progress.steps}: spectral loss {progress.loss:.2f}")

    string = tw.instrument(notes, preset="tiny", steps=steps, settings={"crop_s": 1.5}, listener=told)
    string.save("plucked.tone")

    loud = string.tone.levels["loudness_high_db"]
    played = [Note(BEAT_S * i, BEAT_S * (i + 0.9), pitch) for i, pitch in enumerate(TUNE)]
    f0_hz, loudness_db = notes_to_features(played, loudness_range_db=(loud - 20.0, loud))
    files.write("tune.wav", tw.play(string, tw.Phrase(f0_hz, loudness_db)), RATE)
    print(f"tune.wav: {len(TUNE)} notes on a string that was learned from {NOTES}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
