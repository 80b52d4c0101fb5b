"""The part of an instrument that sounds: pitch and loudness in, sound out. And the room that it stands in."""

import math

import torch
from torch import Tensor, nn

from tonewright.dsp.loudness import FLOOR_DB
from tonewright.layers.base import Layer, State
from tonewright.layers.fir import LongFir
from tonewright.layers.synth import FilteredNoise, HarmonicBank
from tonewright.models.base import Model
from tonewright.models.ddsp.config import Config
from tonewright.models.ddsp.decoder import Decoder

DRY = 5e-5  # the room begins with taps within this: as good as none
# A room dies away: each tap counts so much less than the first, down to this at the last. Without it, what the noise
# of the gradients does to thousands of late taps sounds as loud as the room.
FADED_DB = -40.0
OPEN_DB = 10.0  # above silence; within that the voice opens, and silence is silent
DECIBEL = math.log(10.0) / 20.0


class Voice(Model):
    """Frames [B, 2 + latent, F] of f0_hz, loudness_db and timbre to the dry sound y [B, 1, F * hop].

    It is a model of its own, so that it can be played from frames that come from somewhere else: a better pitch
    tracker than the one that runs live, or a score. y trails the frames by one hop, over which it goes from the
    frame before to the frame that came last.

    Attributes:
        pitch_mean, pitch_spread: of the recordings' log2(f0_hz), for the decoder.
        loudness_mean, loudness_spread: of their loudness in dB.
        softest_db: of what they taught; below it the voice is what it is there, softer by as many dB, to silence.
        timbre_mean, timbre_spread: the timbre [latent, 1] that frames of 0 stand for, and how far ones are from it.

    >>> voice = Voice(Config(units=16, harmonics=20)).eval()
    >>> frames = torch.tensor([[[220.0, 220.0, 230.0], [-30.0, -20.0, -20.0]]])
    >>> y, state = voice(frames, voice.initial_state(1))
    >>> y.shape
    torch.Size([1, 1, 480])
    """

    outputs = 1

    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.inputs, self.ratio, self.latency = 2 + config.latent, config.hop, config.hop
        self.decoder = Decoder(config)
        self.harmonics = HarmonicBank(config.harmonics, config.hop, config.sample_rate)
        self.noise = FilteredNoise(config.bands, config.hop)
        middle = math.log2(config.lowest_hz * config.highest_hz) / 2
        for name, value in (("pitch", (middle, 1.0)), ("loudness", (-40.0, 15.0))):
            self.register_buffer(f"{name}_mean", torch.tensor(value[0]))
            self.register_buffer(f"{name}_spread", torch.tensor(value[1]))
        self.register_buffer("softest_db", torch.tensor(-70.0))
        if config.latent:
            self.register_buffer("timbre_mean", torch.zeros(config.latent, 1))
            self.register_buffer("timbre_spread", torch.ones(config.latent, 1))

    @property
    def parts(self) -> tuple[Layer, ...]:
        """Those that remember, in the order of their memories."""
        return self.decoder, self.harmonics, self.noise

    def initial_state(self, batch: int, seeds: Tensor | None = None) -> State:
        """Before the first frame.

        Args:
            batch: how many are played at once.
            seeds: of their noise, [B] int64.
        """
        state = [memory for part in self.parts for memory in part.initial_state(batch)]
        return state if seeds is None else [*state[:-2], seeds, state[-1]]

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        f0_hz, loudness_db = x[:, :1], x[:, 1:2]
        timbre = x[:, 2:] * self.timbre_spread + self.timbre_mean if self.config.latent else None
        pitch = (torch.log(f0_hz) * (1 / math.log(2)) - self.pitch_mean) / self.pitch_spread
        heard_db = self.softest_db + torch.relu(loudness_db - self.softest_db)
        loudness = (heard_db - self.loudness_mean) / self.loudness_spread
        distribution, amplitude, noise, remembered = self.decoder(pitch, loudness, timbre, state[:1])
        opened = 1.0 - torch.relu(1.0 - torch.relu((loudness_db - FLOOR_DB) * (1 / OPEN_DB)))  # from 0 to 1
        fade = opened * torch.exp(torch.relu(self.softest_db - loudness_db) * -DECIBEL)
        tone, turned = self.harmonics(f0_hz, state[1:-3], distribution, amplitude * fade)
        hiss, drawn = self.noise(noise * fade, state[-3:])
        return tone + hiss, [*remembered, *turned, *drawn]


class Room(Layer):
    """The dry sound and its echoes: y = x + amount * (echoes of x), all [B, 1, T].

    The dry sound itself passes untouched, as the first tap, so that no response can hide a delay.

    Args:
        samples: of the impulse response, 1 or more.
    """

    inputs = outputs = 1

    def __init__(self, samples: int):
        super().__init__()
        self.taps = nn.Parameter((torch.rand(samples) * 2 - 1) * DRY)
        fade = 10.0 ** (FADED_DB / 20 * torch.arange(samples) / samples)
        self.register_buffer("fade", fade, persistent=False)
        self.fir = LongFir(1, samples)

    def initial_state(self, batch: int) -> State:
        return self.fir.initial_state(batch)

    @property
    def echoes(self) -> Tensor:
        """The impulse response without the dry sound, [samples]; each tap within -1 and 1."""
        return torch.cat([self.taps.new_zeros(1), torch.tanh(self.taps[1:]) * self.fade[1:]])

    def forward(self, x: Tensor, state: State, amount: Tensor | float = 1.0) -> tuple[Tensor, State]:
        echoes, state = self.fir(x, state, self.echoes)
        return x + amount * echoes, state
