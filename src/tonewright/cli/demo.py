"""tonewright demo: learn a built-in device from its own built-in recording."""

from pathlib import Path

from tonewright.cli.words import make_folder, say

SAMPLE_RATE = 48000
SECONDS = 90.0


def demo(folder: Path = Path("demo"), *, minutes: float = 0.5, preset: str = "standard") -> int:
    """Learn a built-in overdrive pedal from a built-in guitar, in less than a minute.

    Nothing is downloaded: the guitar is synthesised string by string, and the pedal is its circuit, solved sample
    by sample. What you find in the folder afterwards is what a capture of your own gives.

    Parameters
    ----------
    folder:
        Where to write dry.wav, wet.wav, pedal.tone, pedal.html and out.wav.
    minutes:
        How long to teach.
    preset:
        Size of the model.
    """
    from tonewright import models
    from tonewright.audio import files
    from tonewright.builtin import overdrive, phrase
    from tonewright.cli.capture import capture
    from tonewright.cli.run import run
    from tonewright.training.loop import Budget

    models.preset("wavenet", preset)  # what is wrong with these two is said before anything is played
    Budget(minutes=minutes)
    make_folder(folder)
    dry, wet, tone = folder / "dry.wav", folder / "wet.wav", folder / "pedal.tone"
    say("playing the guitar and the pedal ...")
    guitar = phrase(SECONDS, SAMPLE_RATE)
    files.write(dry, guitar, SAMPLE_RATE)
    files.write(wet, overdrive(guitar, SAMPLE_RATE), SAMPLE_RATE)
    say(f"{dry} and {wet}: {SECONDS:.0f} s of recording")
    end = capture(dry, wet, output=tone, minutes=minutes, preset=preset, restart=True)
    if end:
        return end
    solo = folder / "guitar.wav"
    files.write(solo, phrase(12.0, SAMPLE_RATE, seed=1), SAMPLE_RATE)
    run(tone, solo, output=folder / "out.wav")
    say(f"open {folder / 'pedal.html'} in a browser; {folder / 'out.wav'} is new playing through the model")
    return 0
