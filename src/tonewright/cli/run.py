"""tonewright run: play a sound file through a model."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tonewright.cli.words import Bar, say, settings, warn


def run(
    model: Path,
    sound: Path,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    knob: list[str] | None = None,
    turn: Annotated[list[str] | None, Parameter(name="--set")] = None,
    resample: bool = False,
    prime: Path | None = None,
) -> int:
    """Play a sound file through a model.

    The result lines up with the sound and is as long. Each channel of a stereo file is played by itself; a model of
    several channels hears all at once, or a mono file on each of its inputs, and writes as many as it makes.

    Parameters
    ----------
    model:
        A .tone file, or a .nam file of a WaveNet or an LSTM.
    sound:
        What to play: WAV, FLAC, AIFF, OGG or MP3.
    output:
        The file to write; its suffix chooses the format.
    knob:
        A control and its value, such as --knob drive=0.7; once for each.
    turn:
        A setting of a matched chain and its value, such as --set compressor.ratio=3; once for each.
        `tonewright inspect` lists them.
    resample:
        Convert to the rate that the model was learned at, and back.
    prime:
        What the device made of the beginning of the sound. A feedback model goes on from there, such as a tremolo in
        the swing that it was in; without it, it begins in silence.
    """
    from tonewright.cli.open import open_player
    from tonewright.runtime.render import render_file

    controls = settings(knob)
    player = open_player(model)
    player.turn(settings(turn, "a setting", "compressor.ratio=3"))
    with Bar(f"playing {sound.name}") as bar:
        clipped = render_file(player, sound, output, controls, resample, model.name, bar.show, prime)
    if clipped:
        warn(
            f"{clipped} samples were too loud for {output.suffix} and were clipped; write a .wav to keep them"
        )
    say(f"{output}: {sound.name} through {model.name}, played by {player.engine}")
    return 0
