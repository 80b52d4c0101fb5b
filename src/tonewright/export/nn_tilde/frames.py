"""An instrument that is played by signals of pitch and loudness, for the method `decode`."""

import torch
from torch import Tensor

from tonewright.layers.base import State
from tonewright.layers.dense import Every
from tonewright.models.base import Model
from tonewright.runtime.instrument import BEYOND

REVERB = "reverb"


class Frames(Model):
    """x [B, 2 + timbres, T], signals of f0_hz, loudness_db and timbres, to the sound of the instrument y [B, 1, T].

    Of each frame the last sample is heard. Its memories have the names that they have in the instrument.
    """

    outputs = 1

    def __init__(self, instrument: Model):
        super().__init__()
        self.voice, self.room, self.every = instrument.voice, instrument.room, Every(instrument.block)
        self.ports = tuple(port for port in instrument.ports if port.name == REVERB)
        self.inputs, self.block, self.latency = self.voice.inputs, instrument.block, self.voice.latency
        self.count = self.voice.state_count
        # zeros are no pitch, and what a network makes of their logarithm it would never forget
        self.register_buffer("lowest_hz", torch.tensor(self.voice.config.lowest_hz / BEYOND))
        self.register_buffer("highest_hz", torch.tensor(self.voice.config.highest_hz * BEYOND))

    def initial_state(self, batch: int) -> State:
        return self.voice.initial_state(batch) + (self.room.initial_state(batch) if self.room else [])

    def forward(self, x: Tensor, state: State, **ports: Tensor) -> tuple[Tensor, State]:
        frames, _ = self.every(x, [])
        f0_hz = torch.minimum(torch.maximum(frames[:, :1], self.lowest_hz), self.highest_hz)
        y, after = self.voice(torch.cat([f0_hz, frames[:, 1:]], dim=1), state[: self.count])
        if self.room is None:
            return y, after
        y, echoes = self.room(y, state[self.count :], ports[REVERB])
        return y, after + echoes
