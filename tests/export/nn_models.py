"""Small models with random weights, written for nn~."""

import numpy as np
import torch

from tests.export.torchscript.scripts import untaught
from tests.runtime.models import Late
from tonewright import models
from tonewright.export import formats
from tonewright.export.nn_tilde.host import Host
from tonewright.models.feedback import Config as LoopConfig
from tonewright.models.feedback import Model as Loop
from tonewright.models.lstm import Config as LstmConfig
from tonewright.models.lstm import Model as Lstm
from tonewright.models.rave import Config as TimbreConfig
from tonewright.models.rave import Model as Timbre
from tonewright.models.wavenet import Config, Stack
from tonewright.models.wavenet import Model as WaveNet
from tonewright.runtime.player import Player
from tonewright.storage import Tone

ROW = formats.FORMATS["nn"]
SMALL = TimbreConfig(
    capacity=4, ratios=(2, 2), dilations=((1,), (1, 3)), latent=8, noise=(2,), noise_bands=9, knobs=3
)
DDSP = models.find("ddsp")


def player_of(architecture: str, model, rate: int = 48000) -> Player:
    return Player(Tone(architecture, model, getattr(model.config, "sample_rate", rate)))


def amp(*knobs: str) -> Player:
    return player_of("wavenet", WaveNet(Config((Stack(4, (1, 2)),), knobs=knobs)))


def timbre(config: TimbreConfig = SMALL) -> Player:
    model = Timbre(config)
    variance = torch.logspace(1, -2, config.latent)
    directions, _ = torch.linalg.qr(torch.randn(config.latent, config.latent))
    model.set_basis(torch.randn(config.latent), directions, variance)
    return player_of("rave", model)


def instrument(**settings) -> Player:
    return player_of("ddsp", DDSP.Model(DDSP.Config(units=16, harmonics=9, **settings)))


def written(player: Player, tmp_path, **options) -> tuple[str, Host]:
    words = formats.write(ROW, player, tmp_path / "model.ts", **options)
    return words, Host(tmp_path / "model.ts")


def noise(channels: int, length: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (channels, length)).astype(np.float32)


PLAYERS = {
    "wavenet": lambda: amp("drive"),
    "lstm": lambda: player_of("lstm", Lstm(LstmConfig(hidden=5, direct=True))),
    "feedback": lambda: player_of("feedback", Loop(LoopConfig(width=6, window=5, layers=1))),
    "chain": lambda: untaught("chain", "channel"),
    "moving chain": lambda: untaught("chain", "movement"),
    "chain of two channels": lambda: player_of("chain", two_channels()),
    "timbre": timbre,
    "timbre without knobs": lambda: timbre(TimbreConfig(**{**vars(SMALL), "knobs": 0})),
    "instrument": lambda: instrument(latent=2, reverb_s=0.1),
    "late": lambda: player_of("wavenet", Late()),
}


def two_channels():
    from tonewright.models.chain import Config, Link
    from tonewright.models.chain import Model as Chain

    return Chain(Config((Link("gain"), Link("width")), channels=2))
