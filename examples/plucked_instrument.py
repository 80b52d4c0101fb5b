"""Learn an instrument from recordings of its notes, and play a tune on it that nobody ever played.

    python examples/plucked_instrument.py [steps]

The recordings are a built-in string, plucked by frequency modulation: notes/notes.wav. What is learned goes into
plucked.tone, and tune.wav is what it plays. The 400 steps take less than a minute on two cores; what they are worth
is told beside the error of an instrument that stays silent.
"""

import sys
from pathlib import Path

import torch

import tonewright as tw
from tonewright.audio import files
from tonewright.audio.score import Note, notes_to_features
from tonewright.builtin import plucked_notes
from tonewright.measure.multi_scale import multi_scale_spectral

RATE, NOTES, NOTE_S = 16000, 24, 2.0
TUNE = (69, 72, 76, 74, 72, 71, 69, 64, 69)  # MIDI notes
BEAT_S = 0.5
# a known string, and a model so small, bear to be taught in short crops and large steps; a violin does not
SETTINGS = {"crop_s": 1.0, "lead_s": 0.25, "rate": 1e-2}


def main(steps: int = 400) -> None:
    folder = Path("notes")
    folder.mkdir(exist_ok=True)
    notes, _, _ = plucked_notes(NOTES, RATE, RATE // 100, seconds=NOTE_S)
    notes *= 0.5  # 6 dB below full scale, as recordings should be
    files.write(folder / "notes.wav", notes, RATE)

    def told(progress) -> None:
        if progress.step % 25 == 0:
            print(f"step {progress.step} of {progress.steps}: loss {progress.loss:.1f}", flush=True)

    string = tw.instrument(folder, preset="tiny", steps=steps, settings=SETTINGS, listener=told)
    string.save("plucked.tone")
    learned, silent = string.tone.metrics["held_out_spectral"], loss_of_silence(notes)
    print(
        f"plucked.tone: on notes that it never heard, spectral loss {learned:.1f}; silence has {silent:.1f}"
    )

    loud = string.tone.levels["loudness_high_db"]
    played = [Note(BEAT_S * i, BEAT_S * (i + 0.9), pitch) for i, pitch in enumerate(TUNE)]
    f0_hz, loudness_db = notes_to_features(played, loudness_range_db=(loud - 20.0, loud))
    files.write("tune.wav", tw.play(string, tw.Phrase(f0_hz, loudness_db)), RATE)
    print(f"tune.wav: {len(TUNE)} notes on a string that was learned from {NOTES}")


def loss_of_silence(notes) -> float:
    """The spectral loss of an instrument that plays nothing."""
    whole = torch.from_numpy(notes).reshape(-1, 2 * round(NOTE_S * RATE))
    return float(multi_scale_spectral(whole, torch.zeros_like(whole), RATE))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
