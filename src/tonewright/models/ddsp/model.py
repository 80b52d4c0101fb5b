"""An instrument: what it hears of a sound, its pitch and its loudness, and what it plays upon that."""

import math

import torch
from torch import Tensor

from tonewright.layers.base import State
from tonewright.layers.dense import Every
from tonewright.layers.hearing import Loudness, Pitch
from tonewright.models.base import Model, Port
from tonewright.models.ddsp.config import Config
from tonewright.models.ddsp.voice import Room, Voice

TRANSPOSE = Port("transpose", "semitones", -36.0, 36.0, 0.0, smoothing_ms=0.0)
LOUDNESS = Port("loudness", "dB", -40.0, 40.0, 0.0, smoothing_ms=20.0)
REVERB = Port("reverb", "", 0.0, 2.0, 1.0, smoothing_ms=50.0)


class Instrument(Model):
    """x [B, 1, T], any monophonic sound, to what the instrument plays instead, y [B, 1, T]; T a multiple of a frame.

    `voice` and `room` are what is taught; they sound from frames as well, whoever made them.

    Ports: `transpose` in semitones and `loudness` in dB are added to what is heard, `reverb` is the amount of room,
    and `timbre_1` ... are the numbers of timbre, when it has any.

    >>> model = Instrument(Config(units=16, harmonics=20)).eval()
    >>> sum(p.numel() for p in Instrument(Config()).parameters())
    4837670
    """

    inputs = outputs = 1

    def __init__(self, config: Config | None = None):
        super().__init__()
        self.config = config = config or Config()
        timbres = (Port(f"timbre_{i + 1}", "", -1.0, 1.0, 0.0, smoothing_ms=20.0) for i in range(config.latent))
        self.ports = (TRANSPOSE, LOUDNESS, *([REVERB] if config.reverb_samples else []), *timbres)
        self.pitch = Pitch(config.sample_rate, config.hop, config.lowest_hz, config.highest_hz)
        self.loudness = Loudness(config.sample_rate, config.hop)
        self.every = Every(config.hop)
        self.voice = Voice(config)
        self.room = Room(config.reverb_samples) if config.reverb_samples else None
        self.parts = [part for part in (self.pitch, self.loudness, self.voice, self.room) if part is not None]
        self.counts = {part: part.state_count for part in self.parts}  # known before a graph is read off `forward`
        self.block = config.hop
        self.latency = self.pitch.latency * config.hop + self.voice.latency

    def initial_state(self, batch: int) -> State:
        return [memory for part in self.parts for memory in part.initial_state(batch)]

    def forward(self, x: Tensor, state: State, **ports: Tensor) -> tuple[Tensor, State]:
        state, after = list(state), []

        def play(part, *given):
            count = self.counts[part]
            y, memory = part(given[0], state[:count], *given[1:])
            del state[:count]
            after.extend(memory)
            return y

        f0_hz, loudness_db = play(self.pitch, x)[:, :1], play(self.loudness, x)
        heard = {name: self.every(port, [])[0] for name, port in ports.items() if name != REVERB.name}
        f0_hz = f0_hz * torch.exp(heard.pop(TRANSPOSE.name) * (math.log(2) / 12))
        loudness_db = loudness_db + heard.pop(LOUDNESS.name)
        y = play(self.voice, torch.cat([f0_hz, loudness_db, *heard.values()], dim=1))
        return (y if self.room is None else play(self.room, y, ports[REVERB.name])), after
