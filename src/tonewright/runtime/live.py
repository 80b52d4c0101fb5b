"""The callback of a sound card: one channel in, through the model, out on every channel, or on as many as it makes.

Two threads meet in an `Engine`. The audio thread calls it, block after block; the other thread turns knobs and reads
meters. They share single numbers and references, which Python writes whole, and so neither ever waits for the other.
"""

import functools
import math
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from tonewright.config import did_you_mean
from tonewright.errors import ConfigError
from tonewright.models.base import channels_of
from tonewright.runtime.live_knobs import Knob, knobs_of, levels_of
from tonewright.runtime.live_parts import MAX_FRAMES, CoreVoice, Fader, Rows, voice_of
from tonewright.runtime.player import Player
from tonewright.units import db_to_gain

FADE_IN_S = 0.5  # the hand needs that long to reach the volume
FADE_OUT_S = 0.03
KNOB_S = 0.02  # of a level, and of the way to bypass and back; the model's own knobs bring theirs
CLIPPED = 0.999  # of full scale: the largest that a converter of 16 bits can say is 0.99997
WARM_UP = 8  # blocks


@dataclass(slots=True)
class Peaks:
    """The most since the meters were read: linear levels, and the share of its time that a block needed."""

    input: float = 0.0
    output: float = 0.0
    load: float = 0.0


@dataclass(slots=True)
class Tally:
    """All that was counted since the start.

    Attributes:
        frames: samples of sound.
        busy_s: time spent in the callback.
        worst_load: the longest that a block took, as a share of the time that it lasts.
        xruns: blocks that the sound card lost or repeated, as the driver tells it.
        clipped_in, clipped_out: blocks that touched full scale.
        broken: blocks that were silenced, for the model had given no numbers.
    """

    frames: int = 0
    busy_s: float = 0.0
    worst_load: float = 0.0
    xruns: int = 0
    clipped_in: int = 0
    clipped_out: int = 0
    broken: int = 0


class Engine:
    """A model on its way to the loudspeaker, to be called by PortAudio.

    The sound begins with a fade of half a second, and never leaves full scale. What a model of one channel makes goes
    to every output; of several channels each goes to its own, and the outputs beyond stay silent. A model that hears
    several hears the one input on each.

    Args:
        player: the model.
        controls: first values of its controls, by name; their defaults when not told.
        rate: of the sound card in Hz; the model's own when None.
        channel: which input to listen to, from 0.
        input_level_db, output_level_db: before and after the model.

    Attributes:
        outputs: channels that the model makes.

    Raises:
        ConfigError: no such control, a value outside of its range, or a model that cannot be played so.

    >>> from tonewright.models.wavenet import PRESETS, Model
    >>> from tonewright.storage import Tone
    >>> engine = Engine(Player(Tone("wavenet", Model(PRESETS["nano"]), 48000)))
    >>> x, y = np.zeros((64, 1), np.float32), np.ones((64, 2), np.float32)
    >>> engine(x, y, 64, None, None)
    >>> engine.tally.frames, float(abs(y).max()) < 1e-3
    (64, True)
    """

    def __init__(
        self,
        player: Player,
        controls: dict[str, float] | None = None,
        *,
        rate: float | None = None,
        channel: int = 0,
        input_level_db: float = 0.0,
        output_level_db: float = 0.0,
    ):
        if player.model.ratio != 1:
            raise ConfigError("a model is played live that gives a sample for each, and this one does not")
        self.model_rate, self.channel = player.sample_rate, channel
        inputs, self.outputs = channels_of(player.model)
        self.sample_rate = float(rate or self.model_rate)
        self.latency_s = player.latency / self.sample_rate
        levels = levels_of(input_level_db, output_level_db)
        self.knobs = [*knobs_of(player.model, controls or {}), *levels]
        self._voice = voice_of(player, [knob.start for knob in self.knobs[: -len(levels)]])
        self.keeps_up = isinstance(self._voice, CoreVoice)
        self.bypass = False
        self._ending = False
        self.failure: Exception | None = None  # of a callback, which has nobody to tell it to
        self._trim, self._level = (Fader(db_to_gain(level.start), self.sample_rate) for level in levels)
        self._through, self._master = Fader(1.0, self.sample_rate), Fader(0.0, self.sample_rate)
        turns = [functools.partial(self._voice.turn, i) for i in range(len(self.knobs) - len(levels))]
        self._turns = [*turns, *(functools.partial(_to_level, fader) for fader in (self._trim, self._level))]
        self._turned = [knob.value for knob in self.knobs]
        self._dry, self._wet = (Rows(channels) for channels in (inputs, self.outputs))
        self._warm_up()
        self.tally, self._peaks = Tally(), Peaks()
        self._master.send(1.0, FADE_IN_S)

    def knob(self, name: str) -> Knob:
        """The knob of that name.

        Raises:
            ConfigError: there is none.
        """
        for knob in self.knobs:
            if knob.name == name:
                return knob
        raise ConfigError(
            f"there is no knob called '{name}'{did_you_mean(name, [k.name for k in self.knobs])}"
        )

    def take_peaks(self) -> Peaks:
        """What the meters show: the most since this was last asked. [other thread]"""
        taken, self._peaks = self._peaks, Peaks()
        return taken

    def fade_out(self) -> None:
        """Fall silent within FADE_OUT_S, for good. [other thread]"""
        self._ending = True

    def let_go(self) -> None:
        """Of the model; should a driver still call, it gets silence. [other thread]"""
        self._voice, self._turns = None, []

    def __call__(self, x: np.ndarray, y: np.ndarray, frames: int, time, status) -> None:
        """What PortAudio calls: x [frames, inputs] to y [frames, outputs]. [audio thread]"""
        began = perf_counter()
        try:
            for at in range(0, frames, MAX_FRAMES):
                self._play(x[at : at + MAX_FRAMES, self.channel], y[at : at + MAX_FRAMES])
        except Exception as error:
            y.fill(0.0)
            self.failure = error
        if frames:
            self._count(perf_counter() - began, frames, status)

    def _play(self, x: np.ndarray, y: np.ndarray) -> None:
        """A block of at most MAX_FRAMES, x [T] to y [T, outputs]."""
        dry, wet = self._dry.of(len(x)), self._wet.of(len(x))
        np.copyto(dry, x)
        into = _peak(dry)
        if not math.isfinite(into):
            np.nan_to_num(dry, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        self._follow_knobs()
        self._trim.apply(dry)
        self._voice.play(dry, wet)
        if not math.isfinite(_peak(wet)):
            wet.fill(0.0)
            self.tally.broken += 1
        self._mix(dry, wet)
        self._level.apply(wet)
        self._master.apply(wet)
        self._measure(into, _peak(wet))
        np.clip(wet, -1.0, 1.0, out=wet)
        if len(wet) == 1:
            y[:] = wet.T
        else:
            y[:, : len(wet)] = wet[: y.shape[1]].T
            y[:, len(wet) :] = 0.0

    def _follow_knobs(self) -> None:
        """What the other thread has wished for since the block before."""
        for index, knob in enumerate(self.knobs):
            value = knob.value
            if value != self._turned[index]:
                self._turned[index] = value
                self._turns[index](value)
        if self._ending and self._master.target:
            self._master.send(0.0, FADE_OUT_S)

    def _mix(self, dry: np.ndarray, wet: np.ndarray) -> None:
        """The model's answer, what came in, or a moment of both, in `wet`."""
        wanted = 0.0 if self.bypass else 1.0
        if wanted != self._through.target:
            self._through.send(wanted, KNOB_S)
        if self._through.resting:
            if wanted == 0.0:
                np.copyto(wet, dry[:1])
            return
        np.subtract(wet, dry[:1], out=wet)
        self._through.apply(wet)
        np.add(wet, dry[:1], out=wet)

    def _measure(self, into: float, out: float) -> None:
        peaks, tally = self._peaks, self.tally
        peaks.input, peaks.output = max(peaks.input, into), max(peaks.output, out)
        tally.clipped_in += into >= CLIPPED
        tally.clipped_out += out >= CLIPPED

    def _count(self, busy_s: float, frames: int, status) -> None:
        load = busy_s * self.sample_rate / frames
        self._peaks.load = max(self._peaks.load, load)
        tally = self.tally
        tally.worst_load = max(tally.worst_load, load)
        tally.busy_s += busy_s
        tally.frames += frames
        tally.xruns += bool(status) and _lost(status)

    def _warm_up(self) -> None:
        """Silence through all of it, for what is done the first time takes longer than a block."""
        silence, nowhere = (np.zeros((64, self.channel + 1), np.float32) for _ in range(2))
        self.tally, self._peaks = Tally(), Peaks()
        for _ in range(WARM_UP):
            self(silence, nowhere, 64, None, None)


def _to_level(fader: Fader, level_db: float) -> None:
    fader.send(db_to_gain(level_db), KNOB_S)


def _peak(x: np.ndarray) -> float:
    """The largest sample without its sign; NaN when there is one."""
    return max(float(x.max()), -float(x.min()))


def _lost(status) -> bool:
    """Whether sound was lost, and not only the card's buffers filled for the first time."""
    return (
        status.input_overflow or status.output_underflow or status.input_underflow or status.output_overflow
    )
