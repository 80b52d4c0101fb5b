"""tonewright run: play a sound file through a model."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tonewright.cli.opened import opened
from tonewright.cli.words import Bar, say, settings, warn
from tonewright.errors import ConfigError


def run(
    model: Path,
    sound: Path,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    knob: list[str] | None = None,
    turn: Annotated[list[str] | None, Parameter(name="--set")] = None,
    resample: bool = False,
    prime: Path | None = None,
    transpose: float | None = None,
    loudness: float | None = None,
    reverb: Path | None = None,
    no_reverb: Annotated[bool, Parameter(negative=())] = False,
    part: str | None = None,
    latent: list[str] | None = None,
    fidelity: float | None = None,
    live: Annotated[bool, Parameter(negative=())] = False,
    size: float | None = None,
    rate: int | None = None,
) -> int:
    """Play a sound file through a model, or a melody on an instrument.

    The result lines up with the sound and is as long. Each channel of a stereo file is played by itself; a model of
    several channels hears all at once, or a mono file on each of its inputs, and writes as many as it makes.

    An instrument follows the pitch and the loudness of one voice, or plays a MIDI file:

        tonewright run violin.tone singing.wav -o out.wav
        tonewright run violin.tone tune.mid -o tune.wav

    A timbre is worn by any sound:

        tonewright run drums.tone beatbox.wav -o out.wav --latent 0=+1.5

    Parameters
    ----------
    model:
        A .tone file, or a file of another program that is read here, such as a .nam file.
    sound:
        What to play: WAV, FLAC, AIFF, OGG or MP3; on an instrument also MIDI.
    output:
        The file to write; its suffix chooses the format.
    knob:
        A control and its value, such as --knob drive=0.7; once for each.
    turn:
        A setting of a matched chain and its value, such as --set compressor.ratio=3; once for each.
        `tonewright inspect` lists them.
    resample:
        Convert to the rate that the model was learned at, and back. An instrument and a timbre do so by themselves.
    prime:
        What the device made of the beginning of the sound. A feedback model goes on from there, such as a tremolo in
        the swing that it was in; without it, it begins in silence.
    transpose:
        By how many semitones an instrument plays higher than the sound; without it, by the octaves that bring the
        sound into its range, and a MIDI file as it is written.
    loudness:
        By how many dB louder an instrument is to be played, which also changes its tone.
    reverb:
        A sound file with the response of a room, in which an instrument is heard instead of its own.
    no_reverb:
        Hear an instrument without a room.
    part:
        Of a MIDI file: its name, or its number from 1. The one with the most notes when nothing is said.
    latent:
        Of a timbre: a latent and by how much to move it, -4 to 4, such as --latent 0=+1.5; once for each.
        `tonewright inspect` tells what it does.
    fidelity:
        Of a timbre: the share of what varies that is played, above 0 to 1, such as --fidelity 0.95. With less, sounds
        come closer to the typical one.
    live:
        Play an instrument as `tonewright live` does, by a pitch tracker that cannot look ahead, and without fitting
        pitch and loudness.
    size:
        Of a file that holds one model in several sizes, such as a .nam container: which, from 0, the smallest, to 1,
        the largest.
    rate:
        Sample rate in Hz of a model file of another program that tells none.
    """
    from tonewright.runtime.perform import perform
    from tonewright.runtime.render import render_file
    from tonewright.runtime.room import plays_frames
    from tonewright.runtime.timbre import is_timbre

    controls = settings(knob)
    player = opened(model, size=size, rate=rate)
    player.turn(settings(turn, "a setting", "compressor.ratio=3"))
    controls |= _moved(player, model, latent, fidelity)
    options = {"--transpose": transpose, "--loudness": loudness, "--reverb": reverb, "--no-reverb": no_reverb}
    options |= {"--part": part, "--live": live, "--prime": prime}
    given = [name for name, value in options.items() if value is not None and value is not False]
    instrument = plays_frames(player)
    if instrument:
        _check_instrument(sound, given)
        controls |= _turned(player, transpose, loudness, no_reverb)
    else:
        _check_other(player.tone.architecture, model, sound, given)
    if is_timbre(player):
        resample = _converts(player, sound) or resample
    with Bar(f"playing {sound.name}") as bar:
        if instrument and not live:
            clipped = perform(
                player, sound, output, controls, reverb, part, lambda s: warn(f"{sound.name}: {s}"), bar.show
            )
        else:
            clipped = render_file(
                player, sound, output, controls, resample or live, model.name, bar.show, prime, live
            )
    if clipped:
        warn(
            f"{clipped} samples were too loud for {output.suffix} and were clipped; write a .wav to keep them"
        )
    engine = "" if instrument and not live else f", played by {player.engine}"
    say(f"{output}: {sound.name} {'on' if instrument else 'through'} {model.name}{engine}")
    return 0


def _turned(player, transpose: float | None, loudness: float | None, no_reverb: bool) -> dict[str, float]:
    """The controls of an instrument that have an option of their own."""
    silent = 0.0 if no_reverb and "reverb" in player.controls else None
    wanted = {"transpose": transpose, "loudness": loudness, "reverb": silent}
    return {name: value for name, value in wanted.items() if value is not None}


def _moved(player, model: Path, latent: list[str] | None, fidelity: float | None) -> dict[str, float]:
    """The controls that move the latents of a timbre, whose fidelity is turned as well."""
    from tonewright.runtime.timbre import FIDELITY, is_timbre, knob_of_latent

    moves = settings(latent, "a latent", "0=+1.5")
    given = [name for name, value in (("--latent", latent), ("--fidelity", fidelity)) if value is not None]
    if given and not is_timbre(player):
        kind = player.tone.architecture
        raise ConfigError(f"{given[0]} is for a timbre, and {model.name} is none ({kind}); leave it out")
    if fidelity is not None:
        player.turn({FIDELITY: fidelity})
    return {knob_of_latent(player, name): value for name, value in moves.items()}


def _converts(player, sound: Path) -> bool:
    """Whether the rate is converted, which is told."""
    from tonewright.audio import files

    rate = files.info(sound).sample_rate
    if rate != player.sample_rate:
        warn(
            f"{sound.name}: it has {rate} Hz and the timbre plays at {player.sample_rate} Hz; converted and back"
        )
    return rate != player.sample_rate


def _check_other(kind: str, model: Path, sound: Path, given: list[str]) -> None:
    """Refuse what only an instrument can do."""
    from tonewright.runtime.perform import is_score

    odd = [name for name in given if name != "--prime"]
    if odd:
        raise ConfigError(f"{odd[0]} is for an instrument, and {model.name} is none ({kind}); leave it out")
    if is_score(sound):
        raise ConfigError(
            f"{sound.name} is a score, which an instrument plays, and {model.name} is none ({kind})"
        )


def _check_instrument(sound: Path, given: list[str]) -> None:
    """Refuse options that say nothing to an instrument, or nothing together."""
    from tonewright.models.base import NOTHING_TO_GO_ON_FROM
    from tonewright.runtime.perform import is_score

    score = is_score(sound)
    if "--prime" in given:
        raise ConfigError(NOTHING_TO_GO_ON_FROM)
    if "--reverb" in given and "--no-reverb" in given:
        raise ConfigError("--reverb is another room and --no-reverb is none; give one of the two")
    if "--live" in given and (score or "--reverb" in given):
        what = f"{sound.name} is a score" if score else "--reverb brings another room"
        raise ConfigError(f"--live plays a sound in the instrument's own room, and {what}; leave out --live")
    if "--part" in given and not score:
        raise ConfigError(f"--part chooses from a MIDI file, and {sound.name} is a sound; leave it out")
