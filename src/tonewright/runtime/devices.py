"""The sound cards of this computer, as PortAudio tells of them, and how a person says which one."""

import contextlib
import difflib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from tonewright.errors import DeviceError

SIDES = ("input", "output")


@dataclass(frozen=True)
class Device:
    """A sound card, or a way to one, under one driver.

    Attributes:
        number: by which PortAudio calls it, until cards come or go.
        name: of the card.
        driver: ALSA, JACK, Core Audio, ASIO, ... ; input and output of a stream share one.
        inputs, outputs: channels.
        rate: in Hz, the one it runs at when nobody asks for another.
        latency_ms: the shortest that the driver claims, in and out together.
        default: which sides it is the default of, in its driver: "input", "output" or both.
    """

    number: int
    name: str
    driver: str
    inputs: int
    outputs: int
    rate: float
    latency_ms: float
    default: tuple[str, ...] = ()

    def channels(self, side: str) -> int:
        """How many channels it has on a side, "input" or "output"."""
        return self.inputs if side == "input" else self.outputs


def sounddevice() -> ModuleType:
    """The package that speaks to PortAudio.

    Raises:
        DeviceError: when it or PortAudio is not installed.
    """
    try:
        import sounddevice
    except ImportError:
        raise DeviceError(
            "playing live needs the package sounddevice, which is not installed; "
            "install it with: pip install sounddevice"
        ) from None
    except OSError:  # the package is there, and the library that it speaks to is not
        raise DeviceError(
            "playing live needs the PortAudio library, which is not installed; "
            "on Debian and Ubuntu: sudo apt install libportaudio2"
        ) from None
    return sounddevice


def devices() -> list[Device]:
    """Every sound card that there is.

    Raises:
        DeviceError: PortAudio is not installed, or fails.
    """
    sd = sounddevice()
    try:
        drivers, found = sd.query_hostapis(), sd.query_devices()
    except sd.PortAudioError as error:
        raise DeviceError(
            f"the sound cards cannot be listed ({error}); look whether one is connected"
        ) from error
    return [_device(number, told, drivers[told["hostapi"]]) for number, told in enumerate(found)]


def _device(number: int, told: dict, driver: dict) -> Device:
    latency_s = sum(told[f"default_low_{side}_latency"] for side in SIDES if told[f"max_{side}_channels"])
    return Device(
        number,
        " ".join(told["name"].split()),
        driver["name"],
        told["max_input_channels"],
        told["max_output_channels"],
        told["default_samplerate"],
        1000.0 * latency_s,
        tuple(side for side in SIDES if driver[f"default_{side}_device"] == number),
    )


def table(found: list[Device]) -> str:
    """The devices as people read them, a line for each.

    >>> print(table([Device(0, "Scarlett 2i2", "ALSA", 2, 2, 48000.0, 17.4, ("input", "output"))]))
       #  device        driver  in  out   rate Hz  latency ms  default
       0  Scarlett 2i2  ALSA     2    2     48000        17.4  input, output
    """
    if not found:
        return "there is no sound card, or PortAudio does not see it"
    names = max(len("device"), *(len(device.name) for device in found))
    drivers = max(len("driver"), *(len(device.driver) for device in found))
    lines = [f"   #  {'device':<{names}}  {'driver':<{drivers}}  in  out   rate Hz  latency ms  default"]
    lines += [
        f"{d.number:>4}  {d.name:<{names}}  {d.driver:<{drivers}}{d.inputs:>4}{d.outputs:>5}{d.rate:>10.0f}"
        f"{d.latency_ms:>12.1f}  {', '.join(d.default)}".rstrip()
        for d in found
    ]
    return "\n".join(lines)


def choose(found: list[Device], input: str | None, output: str | None) -> tuple[Device, Device]:
    """The two that a person means: by number, by name or by a part of it; the default where nothing is said.

    When only one is named, the other is the default of the same driver, for both must have the same.

    Raises:
        DeviceError: one is not there, several fit, or the two have different drivers.
    """
    heard = None if input is None else find(found, input, "input")
    played = None if output is None else find(found, output, "output")
    heard = heard or _default(found, "input", played)
    played = played or _default(found, "output", heard)
    if heard.driver != played.driver:
        raise DeviceError(
            f"input and output want the same driver, and '{heard.name}' is of {heard.driver} while "
            f"'{played.name}' is of {played.driver}; choose two of one driver"
        )
    return heard, played


def find(found: list[Device], wanted: str, side: str) -> Device:
    """The device of that number, name, or part of a name (and driver), that has channels on that side.

    Raises:
        DeviceError: it is not there, or several fit.

    >>> cards = [Device(0, "Scarlett 2i2", "ALSA", 2, 2, 48000.0, 17.4), Device(1, "HDMI", "ALSA", 0, 8, 48000.0, 9)]
    >>> find(cards, "scarlett", "input").number, find(cards, "1", "output").name
    (0, 'HDMI')
    >>> find(cards, "Scarlet 2i2", "input")
    Traceback (most recent call last):
    tonewright.errors.DeviceError: there is no input device called 'Scarlet 2i2'; did you mean 0, 'Scarlett 2i2'?
    """
    fitting = [device for device in found if device.channels(side)]
    if wanted.strip().isdecimal():
        return _numbered(found, int(wanted), side)
    word = wanted.casefold().strip()
    for fits in (lambda d: word == d.name.casefold(), lambda d: word in f"{d.name}, {d.driver}".casefold()):
        named = [device for device in fitting if fits(device)]
        if len(named) == 1:
            return named[0]
        if named:
            raise DeviceError(f"several {side} devices fit '{wanted}': {_told(named)}; say the number")
    near = difflib.get_close_matches(word, [d.name.casefold() for d in fitting], n=1, cutoff=0.5)
    meant = [device for device in fitting if device.name.casefold() in near]
    hint = f"did you mean {_told(meant)}?" if meant else _there_is(fitting)
    raise DeviceError(f"there is no {side} device called '{wanted}'; {hint}")


def _numbered(found: list[Device], number: int, side: str) -> Device:
    for device in found:
        if device.number == number:
            if device.channels(side):
                return device
            raise DeviceError(
                f"device {number}, '{device.name}', has no {side}; "
                f"{_there_is([other for other in found if other.channels(side)])}"
            )
    fitting = [device for device in found if device.channels(side)]
    raise DeviceError(f"there is no device with the number {number}; {_there_is(fitting)}")


def _default(found: list[Device], side: str, beside: Device | None) -> Device:
    """The default device of a side: of the driver of the other one, or of the first driver that has both sides."""
    able = [device for device in found if device.channels(side)]
    if beside is None:
        other = SIDES[1 - SIDES.index(side)]
        drivers = {device.driver for device in found if device.channels(other)}
        able = [device for device in able if device.driver in drivers] or able
        able, at = [device for device in able if device.driver == able[0].driver], ""
    else:
        able, at = [device for device in able if device.driver == beside.driver], f" of {beside.driver}"
    if not able:
        raise DeviceError(
            f"there is no {side} device{at}; connect a sound card, or name one of another driver"
        )
    return next((device for device in able if side in device.default), able[0])


def _told(some: list[Device]) -> str:
    return ", ".join(f"{device.number}, '{device.name}'" for device in some)


def _there_is(some: list[Device]) -> str:
    return f"there is {_told(some)}" if some else "there is none"


@contextlib.contextmanager
def muted() -> Iterator[None]:
    """While inside, nothing reaches the terminal: some drivers write down every way to a card that they tried."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
