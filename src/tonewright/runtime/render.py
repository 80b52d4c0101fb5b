"""Playing a sound file through a model, block by block: an hour needs no more memory than a second."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tonewright.audio import files
from tonewright.audio.rates import Resampler, check_rate
from tonewright.errors import AudioError, ShapeError
from tonewright.runtime.channels import Layout, check_primed, spread, whole_layout
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream

BLOCK = 16384  # samples


def render_file(
    player: Player,
    source: Path,
    target: Path,
    controls: dict[str, float] | None = None,
    resample: bool = False,
    model_name: str = "the model",
    progress: Callable[[float], None] = lambda done: None,
    prime: Path | None = None,
    mixed: bool = False,
) -> int:
    """Write `target`: what the model makes of `source`, lined up with it and as long, at the rate of `source`.

    It has as many channels as `source`; with a model of several channels, those that it makes. Such a model hears a
    mono `source` on each of its inputs.

    Args:
        player: the model.
        source, target: sound files; the suffix of the target chooses its format.
        controls: values by name.
        resample: convert to the model's rate and back when the rates differ.
        model_name: for errors.
        progress: is told the share that is done, 0..1.
        prime: a sound file: what the device made of the beginning of `source`, from its first sample on. The result
            begins with it, and a model that hears what it made goes on from there.
        mixed: the channels of `source` are heard as one, their mean.

    Returns:
        How many samples the format of the target had to clip.

    Raises:
        AudioError: a file that cannot be read or written, or another rate without `resample`; channels that the model
            does not hear; a prime that does not go with the source.
        ConfigError: a prime for a model that does not hear what it made, or of several channels.
    """
    sound = files.info(source)
    if not resample:
        check_rate(sound.path, sound.sample_rate, model_name, player.sample_rate)
    layout = _layout(player, dataclasses.replace(sound, channels=1) if mixed else sound, model_name)
    if prime is not None:
        check_primed(layout)
    given = None if prime is None else _prime(prime, sound, player)
    stream = player.stream(layout.channels, **(controls or {}))
    total, done = round(sound.frames * player.model.ratio), 0
    with files.Writer(target, sound.sample_rate, stream.outputs) as writer:
        blocks = mixed_down(files.blocks(source, BLOCK)) if mixed else files.blocks(source, BLOCK)
        blocks = converted(blocks, sound.sample_rate, player.sample_rate)
        blocks = (spread(block, layout.channels) for block in blocks)
        if given is None:
            played = _lined_up(stream, blocks, spare=int(sound.sample_rate != player.sample_rate))
        else:
            played = _primed(stream, blocks, given)
        for block in converted(played, player.sample_rate, sound.sample_rate):
            block = block[:, : total - done]
            writer.write(block)
            done += block.shape[-1]
            progress(done / total)
    return writer.clipped


def _layout(player: Player, sound: files.SoundInfo, model_name: str) -> Layout:
    try:
        return whole_layout(player.model, sound.channels, str(sound.path), model_name)
    except ShapeError as error:
        raise AudioError(str(error)) from error


def _prime(path: Path, sound: files.SoundInfo, player: Player) -> np.ndarray:
    """The samples that a stream is primed with, [C, T]."""
    given, rate = files.read(path)
    for name, count, its_rate in ((sound.path, sound.channels, sound.sample_rate), (path, len(given), rate)):
        if its_rate != player.sample_rate or count != sound.channels:
            raise AudioError(
                f"{name} has {its_rate} Hz and {count} channels, and with a prime all sounds have the model's "
                f"{player.sample_rate} Hz and {sound.channels}; convert it"
            )
    if given.shape[1] > sound.frames:
        raise AudioError(
            f"{path} has {given.shape[1]} samples and {sound.path} only {sound.frames}; the prime is what the result "
            f"begins with, so cut it"
        )
    return given


def _primed(stream: Stream, blocks: Iterator[np.ndarray], given: np.ndarray) -> Iterator[np.ndarray]:
    """What was given, and what the stream makes of the sound behind it."""
    done = 0
    for block in blocks:
        made = given[:, done : done + block.shape[-1]]
        count = made.shape[-1]
        stream.prime(block[:, :count], made)
        yield made
        yield stream.process(block[:, count:])
        done += count


def _lined_up(stream: Stream, blocks: Iterator[np.ndarray], spare: int) -> Iterator[np.ndarray]:
    """The stream's answer without the samples by which it is late, and with the tail that is still inside.

    `spare` samples of silence follow where the rate is converted, which may round one away.
    """
    late = stream.latency
    for block in blocks:
        y = stream.process(block)
        drop = min(late, y.shape[-1])
        late -= drop
        yield y[:, drop:]
    inside = -(-stream.latency // stream.model.ratio) + spare
    yield stream.process(np.zeros((stream.channels, int(inside)), np.float32))[:, late:]


def mixed_down(blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The mean of the channels of each block, [1, T]."""
    return (block.mean(axis=0, keepdims=True) for block in blocks)


def converted(blocks: Iterator[np.ndarray], rate: int, wanted: int) -> Iterator[np.ndarray]:
    """The blocks at another rate; untouched when it is the same."""
    if rate == wanted:
        yield from blocks
        return
    resampler = None
    for block in blocks:
        resampler = resampler or Resampler(rate, wanted, block.shape[0])
        yield resampler.process(block)
    if resampler is not None:
        yield resampler.finish()
