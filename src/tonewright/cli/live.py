"""tonewright live: play a model through the sound card."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tonewright.cli.words import say, settings, warn
from tonewright.errors import ConfigError, DeviceError

LOOK_S = 0.1  # between two pictures
BLOCKS = (8, 4096)  # samples that may be asked for at a time


def live(
    model: Path | None = None,
    *,
    device: str | None = None,
    input: str | None = None,
    output: Annotated[str | None, Parameter(alias="-o")] = None,
    channel: int = 1,
    outputs: int = 2,
    block: int = 64,
    rate: int | None = None,
    knob: list[str] | None = None,
    input_level: float = 0.0,
    output_level: float = 0.0,
    midi: str | None = None,
    midi_map: list[str] | None = None,
    seconds: float | None = None,
    list: bool = False,
    size: float | None = None,
) -> int:
    """Play a model live: what comes into the sound card, through the model, and out again.

    Beware of feedback: use headphones, or begin with the volume down. While it plays, keys turn the knobs and space
    bypasses the model; q or Ctrl-C stops. See docs/live.md.

    Parameters
    ----------
    model:
        A .tone file, or a file of another program that is read here, such as a .nam file.
    device:
        The sound card for both input and output: its number in --list, its name, or a part of that.
    input:
        The one to listen to, when the two differ.
    output:
        The one to play on, when the two differ.
    channel:
        The input to listen to, from 1.
    outputs:
        How many output channels to play on, from the first; all get the same, unless the model makes several.
    block:
        Samples at a time. Fewer is less latency and more work.
    rate:
        Play at this rate of the sound card, although the model was learned at another; nothing is converted, so the
        tone moves by as much as the rates differ.
    knob:
        A control and its value, such as --knob drive=0.7; once for each.
    input_level:
        Before the model, in dB.
    output_level:
        After the model, in dB.
    midi:
        Turn the knobs from this MIDI port: its name in --list, or a part of that.
    midi_map:
        A knob and its control change, such as --midi-map drive=20; once for each. 20, 21, ... when nothing is said.
    seconds:
        Stop by itself after so much sound.
    list:
        Show the sound cards and MIDI ports, and play nothing.
    size:
        Of a file that holds one model in several sizes, such as a .nam container: which, from 0, the smallest, to 1,
        the largest.
    """
    if list:
        return _list()
    if model is None:
        raise ConfigError("live wants a model to play, such as: tonewright live amp.tone")
    _check_numbers(channel, outputs, block, rate, seconds)
    controls = settings(knob)

    from tonewright.cli.live_keys import Panel
    from tonewright.export.opening import load
    from tonewright.runtime.devices import choose, devices, table
    from tonewright.runtime.live import Engine
    from tonewright.runtime.live_session import Session
    from tonewright.runtime.midi import Controller

    player = load(model, size=size)
    found = devices()
    try:
        heard, played = choose(found, input or device, output or device)
    except DeviceError:
        warn(table(found))
        raise
    engine = Engine(
        player,
        controls,
        rate=rate,
        channel=channel - 1,
        input_level_db=input_level,
        output_level_db=output_level,
    )
    if midi_map and midi is None:
        raise ConfigError(
            "--midi-map says what the controls of a MIDI port do; name the port too, with --midi"
        )
    controller = None if midi is None else Controller(engine, midi_map)
    if not engine.keeps_up:
        warn(
            "the native core does not play this model here; torch does, and may not keep up: larger blocks help"
        )
    if engine.sample_rate != engine.model_rate:
        moved = 100.0 * (engine.sample_rate / engine.model_rate - 1.0)
        warn(
            f"{model.name}: learned at {engine.model_rate} Hz; at {rate} Hz its tone moves by {moved:+.0f} %"
        )
    title = f"{model.name}, played by {player.engine}: {heard.name}, input {channel}, to {played.name}"
    panel, session = Panel(engine, controller), Session(engine, heard, played, block, outputs)
    with _stopping(panel), _listening(midi, controller), session:
        _play(session, panel, title, seconds)
    return 0


def _play(session, panel, title: str, seconds: float | None) -> None:
    """Until somebody has enough."""
    from tonewright.cli.live_keys import Keys
    from tonewright.cli.live_view import View, latency_words, summary

    engine = session.engine
    title = f"{title}; {engine.sample_rate:.0f} Hz, blocks of {session.block}"
    enough = float("inf") if seconds is None else seconds * engine.sample_rate
    try:
        with Keys() as keys:
            say(f"{title}\nlatency {latency_words(session)}")
            with View(session, panel, keys.there) as view:
                while not panel.over and engine.tally.frames < enough:
                    for key in keys.wait(LOOK_S):
                        panel.press(key)
                    session.check()
                    view.draw()
    finally:
        say(summary(session))


def _list() -> int:
    from tonewright.runtime import midi
    from tonewright.runtime.devices import devices, table

    say(table(devices()))
    try:
        names = midi.ports()
    except DeviceError as error:
        say(f"MIDI ports: none ({error})")
    else:
        say("MIDI ports: " + (", ".join(names) or "none"))
    return 0


def _check_numbers(channel: int, outputs: int, block: int, rate: int | None, seconds: float | None) -> None:
    """Refuse what no sound card can do, before anything is loaded."""
    if channel < 1 or outputs < 1:
        raise ConfigError(f"channels are counted from 1, and {min(channel, outputs)} is none")
    if not BLOCKS[0] <= block <= BLOCKS[1]:
        raise ConfigError(
            f"a block has {BLOCKS[0]} to {BLOCKS[1]} samples, and not {block}; 64 is a good start"
        )
    if rate is not None and not 1000 <= rate <= 1_000_000:
        raise ConfigError(f"the rate of a sound card is given in Hz, such as 48000, and {rate} is none")
    if seconds is not None and not seconds > 0:
        raise ConfigError(f"--seconds wants a number above 0, and got {seconds:g}")


@contextlib.contextmanager
def _listening(port: str | None, controller) -> Iterator[None]:
    """While inside, the MIDI port turns the knobs."""
    if port is None:
        yield
        return
    from tonewright.runtime.midi import listen

    with contextlib.closing(listen(port, controller)):
        yield


@contextlib.contextmanager
def _stopping(panel) -> Iterator[None]:
    """While inside, Ctrl-C and a polite kill end the playing as q does."""

    def stop(number, frame) -> None:
        panel.over = True

    before = {}
    with contextlib.suppress(ValueError):  # outside of the main thread, where no signal arrives
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
