"""An engine on a sound card: opening it, knowing when it is gone, and leaving it without a click."""

import atexit
import contextlib
import gc
import math
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from tonewright.errors import DeviceError
from tonewright.runtime.devices import Device, muted, sounddevice
from tonewright.runtime.live import FADE_OUT_S, Engine

SWITCH_S = (
    1e-4  # how long the other threads may keep Python to themselves; Python's own 5 ms are four blocks of 64
)
GONE_S = 2.0  # without a single block: a card that was unplugged does not always say so
LEAVE_S = 2.0
GLANCE_S = 0.5  # the most that one look counts, so that a process that was stopped and goes on blames nobody
UNBELIEVABLE_S = 10.0  # JACK claims a day where it does not know
BAD_RATE, BAD_CHANNELS = -9997, -9998  # of PortAudio


@dataclass(frozen=True)
class Latency:
    """From the string to the loudspeaker, in ms.

    Attributes:
        input, output: what the driver claims for its buffers, which is not always true; NaN when it cannot be.
        model: by how much the model is late.
    """

    input: float
    output: float
    model: float

    @property
    def total(self) -> float:
        """The way there and back."""
        return self.input + self.output + self.model


class Session:
    """Plays from `with` to its end; the engine is called by the sound card's own thread meanwhile.

    Args:
        engine: what to play.
        heard, played: the devices.
        block: samples that are asked for at a time.
        outputs: channels to play on, from the first.

    Raises:
        DeviceError: the devices cannot do what is asked of them.
    """

    def __init__(self, engine: Engine, heard: Device, played: Device, block: int = 64, outputs: int = 2):
        self.engine, self.heard, self.played, self.block = engine, heard, played, block
        self.outputs = min(outputs, played.outputs)
        if engine.channel >= heard.inputs:
            raise DeviceError(
                f"'{heard.name}' has {heard.inputs} input channels, and channel {engine.channel + 1} was asked for; "
                f"choose a lower one with --channel"
            )
        if engine.outputs > self.outputs:
            raise DeviceError(
                f"the model makes {engine.outputs} channels, and {self.outputs} of '{played.name}' are to play; ask "
                f"for as many with --outputs, or choose another card"
            )

    def __enter__(self) -> "Session":
        sd = sounddevice()
        self._quiet = undisturbed()
        try:
            with muted():
                self._stream = sd.Stream(**self._wishes(sd))
        except sd.PortAudioError as error:
            raise self._refused(error) from error
        got = self._stream.samplerate
        if abs(got - self.engine.sample_rate) > 0.5:
            self._stream.close()
            raise self._wrong_rate(f"it runs at {got:.0f} Hz")
        self._frames, self._silent_s, self._looked = 0, 0.0, time.monotonic()
        self._quiet.__enter__()
        try:
            self._stream.start()
        except sd.PortAudioError as error:
            self.__exit__()
            raise self._refused(error) from error
        return self

    def __exit__(self, *_) -> None:
        self.engine.fade_out()
        time.sleep(2 * FADE_OUT_S)
        leaving = threading.Thread(target=self._leave, daemon=True)
        leaving.start()
        leaving.join(LEAVE_S)
        if leaving.is_alive():  # nor would it come back from what sounddevice does at the end of the process
            atexit.unregister(getattr(sounddevice(), "_exit_handler", None))
            self.engine.let_go()
        self._quiet.__exit__(None, None, None)

    def _leave(self) -> None:
        """Stop and close; from a driver that died there is no coming back, and so nobody waits for this for long."""
        with contextlib.suppress(sounddevice().PortAudioError):
            if self._stream.active:
                self._stream.stop()
        with contextlib.suppress(sounddevice().PortAudioError):
            self._stream.close()

    @property
    def latency(self) -> Latency:
        """What the driver claims, and the model's own."""
        into, out = (1000.0 * s if 0.0 <= s < UNBELIEVABLE_S else math.nan for s in self._stream.latency)
        return Latency(into, out, 1000.0 * self.engine.latency_s)

    def check(self) -> None:
        """Look whether sound still flows; to be called a few times a second.

        Raises:
            DeviceError: the card has stopped.
        """
        if self.engine.failure is not None:
            raise self.engine.failure
        now, frames = time.monotonic(), self.engine.tally.frames
        self._silent_s = 0.0 if frames != self._frames else self._silent_s + min(now - self._looked, GLANCE_S)
        self._frames, self._looked = frames, now
        if not self._stream.active or self._silent_s > GONE_S:
            raise DeviceError(
                f"{self._names()} stopped in the middle of playing; is it still connected? Start again"
            )

    def _wishes(self, sd: ModuleType) -> dict:
        wishes = {
            "device": (self.heard.number, self.played.number),
            "channels": (self.engine.channel + 1, self.outputs),
            "samplerate": self.engine.sample_rate,
            "blocksize": self.block,
            "dtype": "float32",
            "latency": "low",
            "callback": self.engine,
        }
        if self.heard.driver == "Core Audio":  # which would convert the rate without a word
            one = sd.CoreAudioSettings(change_device_parameters=True, fail_if_conversion_required=True)
            wishes["extra_settings"] = (one, one)
        return wishes

    def _refused(self, error: Exception) -> DeviceError:
        """What PortAudio's code means to a person."""
        words, code = (*error.args, "", 0)[:2]
        if code == BAD_RATE:
            usual = sorted({f"{device.rate:.0f}" for device in (self.heard, self.played)})
            return self._wrong_rate(f"by itself it runs at {' and '.join(usual)} Hz")
        if code == BAD_CHANNELS:
            return DeviceError(
                f"{self._names()} cannot be opened with {self.engine.channel + 1} input and {self.outputs} output "
                f"channels; choose others with --channel and --outputs"
            )
        return DeviceError(
            f"{self._names()} cannot be opened ({str(words).rstrip('. ')}); look whether another program has it, or "
            f"choose another of 'tonewright live --list'"
        )

    def _wrong_rate(self, instead: str) -> DeviceError:
        rate, model_rate = self.engine.sample_rate, self.engine.model_rate
        who, what = "the model", "the model's rate"
        if rate != model_rate:
            who, what = "--rate", "that rate"
        return DeviceError(
            f"{who} wants {rate:.0f} Hz, and {self._names()} does not give that, for {instead}; set the card to "
            f"{what}, choose another card, or play the model at the card's rate with --rate, which moves its tone"
        )

    def _names(self) -> str:
        names = dict.fromkeys((self.heard.name, self.played.name))
        return " with ".join(f"'{name}'" for name in names)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """While inside, Python's other threads and its garbage collector make way for the audio thread."""
    interval = sys.getswitchinterval()
    gc.collect()
    gc.freeze()  # what is there now stays, and a collection while playing looks through the little that came since
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.unfreeze()
