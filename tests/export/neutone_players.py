"""Small models with random weights, to be written for Neutone."""

import importlib.util
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfilt

from tests.runtime import instruments, timbres
from tonewright import models, storage
from tonewright.export import formats
from tonewright.layers.conv import Delay
from tonewright.layers.pqmf import Analysis, Synthesis
from tonewright.models.base import Model
from tonewright.runtime.player import Player

needs_sdk = pytest.mark.skipif(
    importlib.util.find_spec("neutone_sdk") is None, reason="neutone-sdk is not installed"
)
ROW = formats.named("neutone")
BANDS = 16


@dataclass(frozen=True)
class NoSettings:
    """A model without any."""


class Bank(Model):
    """The sound as it was, through bands and back: late, and in blocks."""

    inputs = outputs = 1
    block = BANDS

    def __init__(self, longer: int = 0):
        super().__init__()
        self.config = NoSettings()
        self.down = Analysis(BANDS, 40)
        self.up = Synthesis(BANDS, 40, late=self.down.latency)
        self.delay = Delay(1, longer)
        self.latency = self.down.latency * BANDS + self.up.latency + longer
        self.settle = 1024

    def initial_state(self, batch):
        return [p for part in (self.down, self.up, self.delay) for p in part.initial_state(batch)]

    def forward(self, x, state):
        y, down = self.down(x, state[:2])
        y, up = self.up(y, state[2:4])
        y, delay = self.delay(y, state[4:])
        return y, down + up + delay


def made(architecture: str, config, rate: int = 48000) -> Player:
    torch.manual_seed(0)
    return Player(storage.Tone(architecture, models.find(architecture).Model(config).eval(), rate))


def preset(architecture: str, name: str, rate: int = 48000) -> Player:
    return made(architecture, models.preset(architecture, name), rate)


def chain(words: str, channels: int = 1) -> Player:
    room = models.find("chain")
    player = made("chain", room.Config(room.spoken(words), channels=channels))
    if "pan" in words:
        player.turn({"pan.pan": 0.4})
    return player


def of(model: Model, rate: int = 48000) -> Player:
    """Of a model that is of no architecture."""
    return Player(storage.Tone("wavenet", model, rate))


PLAYERS = {
    "wavenet": lambda: preset("wavenet", "nano"),
    "lstm": lambda: preset("lstm", "1x8", 44100),
    "knobs": lambda: made("lstm", models.find("lstm").Config(hidden=8, knobs=tuple("abcdef"))),
    "feedback": lambda: preset("feedback", "tiny"),
    "chain": lambda: chain("gain,eq,compressor"),
    "mono to stereo": lambda: chain("tanh,pan"),
    "stereo": lambda: chain("gain,width", channels=2),
    "ddsp": lambda: Player(instruments.tone()),
    "rave": lambda: Player(timbres.tone()),
    "bank": lambda: of(Bank()),
}


def band_noise(rate: int, block: int) -> np.ndarray:
    """Noise in the middle of the spectrum, about a second in whole blocks, on both channels [2, T]."""
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, -(-rate // block) * block)
    x = sosfilt(butter(4, [200, 3000], "bandpass", fs=rate, output="sos"), noise).astype(np.float32)
    return np.stack([x, x])
