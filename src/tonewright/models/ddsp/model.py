"""An instrument: what it hears of a sound, its pitch and its loudness, and what it plays upon that."""

import math

import torch
from torch import Tensor

from tonewright.errors import ConfigError
from tonewright.layers.base import State
from tonewright.layers.dense import Every
from tonewright.layers.hearing import Loudness, Pitch
from tonewright.models.base import Model, Port
from tonewright.models.ddsp.config import Config
from tonewright.models.ddsp.timbre import Encoder
from tonewright.models.ddsp.voice import Room, Voice

TRANSPOSE = Port("transpose", "semitones", -36.0, 36.0, 0.0, smoothing_ms=0.0)
LOUDNESS = Port("loudness", "dB", -40.0, 40.0, 0.0, smoothing_ms=20.0)
REVERB = Port("reverb", "", 0.0, 2.0, 1.0, smoothing_ms=50.0)
# float32 near COARSE has steps of 2^-16. SCALE was searched for: with it no ratio of whole semitones is within 2
# units of its last place of the middle between two steps; so no player rounds it to another one.
COARSE, SCALE = 192.0, 8836 / 8192


class Instrument(Model):
    """x [B, 1, T], any monophonic sound, to what the instrument plays instead, y [B, 1, T]; T a multiple of a frame.

    `voice` and `room` are what is taught; they sound from frames as well, whoever made them.

    Ports: `transpose` in semitones and `loudness` in dB are added to what is heard, `reverb` is the amount of room,
    and `timbre_1` ... are the numbers of timbre, when it has any: 0 is the typical timbre of what was taught.

    >>> model = Instrument(Config(units=16, harmonics=20)).eval()
    >>> sum(p.numel() for p in Instrument(Config()).parameters())
    4837670
    """

    inputs = outputs = 1

    def __init__(self, config: Config | None = None):
        super().__init__()
        self.config = config = config or Config()
        timbres = (
            Port(f"timbre_{i + 1}", "", -1.0, 1.0, 0.0, smoothing_ms=20.0) for i in range(config.latent)
        )
        self.ports = (TRANSPOSE, LOUDNESS, *([REVERB] if config.reverb_samples else []), *timbres)
        self.pitch = Pitch(config.sample_rate, config.hop, config.lowest_hz, config.highest_hz)
        self.loudness = Loudness(config.sample_rate, config.hop)
        self.every = Every(config.hop)
        self.voice = Voice(config)
        self.room = Room(config.reverb_samples) if config.reverb_samples else None
        self.encoder = Encoder(config) if config.latent else None  # teaches, and takes no part in playing
        self.parts = [part for part in (self.pitch, self.loudness, self.voice, self.room) if part is not None]
        self.counts = {part: part.state_count for part in self.parts}
        self.block = config.hop
        self.latency = self.pitch.latency * config.hop + self.voice.latency

    def initial_state(self, batch: int) -> State:
        return [memory for part in self.parts for memory in part.initial_state(batch)]

    def encode(self, sound: Tensor) -> Tensor:
        """The timbre of a sound, as the knobs would have to move to follow it.

        Args:
            sound: [B, 1, T] at the instrument's rate.

        Returns:
            timbre [B, latent, T // hop], mostly within -1 and 1, each frame of the 64 ms around it and of what came
            before. Differentiable in the weights of the encoder.

        Raises:
            ConfigError: when the instrument was made without timbre.

        >>> model = Instrument(Config(units=16, harmonics=20, latent=3))
        >>> model.encode(torch.randn(1, 1, 1600)).shape
        torch.Size([1, 3, 10])
        """
        if self.encoder is None:
            raise ConfigError("this instrument has no timbre to hear; teach one with --setting latent=4")
        return (self.encoder(sound) - self.voice.timbre_mean) / self.voice.timbre_spread

    def forward(self, x: Tensor, state: State, **ports: Tensor) -> tuple[Tensor, State]:
        before, after = iter(state), []

        def play(part, heard, *settings):
            y, memory = part(heard, [next(before) for _ in range(self.counts[part])], *settings)
            after.extend(memory)
            return y

        knobs = {port.name: ports[port.name] for port in self.ports}
        amount = knobs.pop(REVERB.name, None)
        knobs = {name: self.every(knob, [])[0] for name, knob in knobs.items()}  # a value for each frame
        f0_hz = play(self.pitch, x)[:, :1] * ratio_of(knobs.pop(TRANSPOSE.name))
        loudness_db = play(self.loudness, x) + knobs.pop(LOUDNESS.name)
        y = play(self.voice, torch.cat([f0_hz, loudness_db, *knobs.values()], dim=1))
        return (y if self.room is None else play(self.room, y, amount)), after


def ratio_of(semitones: Tensor) -> Tensor:
    """Semitones, -36 to 36, to the factor by which a pitch is higher; in float32 the same to the bit in every player.

    The exponentials of two players differ in their last bit, and what a pitch differs by adds up in the phase: after
    a minute the two would no longer play the same. So the last bits are rounded away, by less than 0.1 cents. That
    helps for certain where the semitones are whole, and nearly always between them.

    >>> ratio_of(torch.tensor([-12.0, 0.0, 7.0]))
    tensor([0.5000, 1.0000, 1.4983])
    """
    return (torch.exp(semitones * (math.log(2) / 12)) * SCALE + COARSE - COARSE) / SCALE
