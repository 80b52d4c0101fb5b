"""The filter bank plays in blocks, whatever delay is between its halves, and in the core."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.contract.stream import check_contract
from tests.layers.faces import native
from tests.runtime.test_native import in_blocks, needs_core
from tonewright.errors import ConfigError, FileError
from tonewright.layers.base import Layer
from tonewright.layers.combine import Serial
from tonewright.layers.conv import Delay
from tonewright.layers.pqmf import Alternate, Analysis, Synthesis
from tonewright.models.lstm import Config
from tonewright.runtime.stream import Stream


class Bank(Layer):
    """There and back, with band samples of delay in between; with the face of a model."""

    inputs = outputs = 1
    ports = ()

    def __init__(self, attenuation_db: int, delay: int, told: int | None = None):
        super().__init__()
        down = Analysis(16, attenuation_db)
        up = Synthesis(16, attenuation_db, late=down.latency + (delay if told is None else told))
        self.config = Config()
        self.way = Serial(down, Delay(16, delay), up)
        self.unused = nn.Parameter(torch.zeros(1))
        for name in ("ratio", "block", "latency", "settle"):
            setattr(self, name, getattr(self.way, name))

    def initial_state(self, batch):
        return self.way.initial_state(batch)

    def forward(self, x, state):
        return self.way(x, state)


def returned(bank: Bank, x: np.ndarray) -> np.ndarray:
    y = in_blocks(Stream(bank.eval(), 48000), x[None], 0)[0]
    return y[bank.latency + bank.block - 1 :]


def snr_db(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x[1000 : len(y) - 1000], y[1000 : len(y) - 1000]
    return 10 * np.log10(np.sum(x**2) / np.sum((x - y) ** 2))


@pytest.mark.parametrize("delay", (0, 1, 2, 7, 85))
@pytest.mark.parametrize(("attenuation_db", "least"), ((40, 55), (70, 53), (100, 60)))
def test_it_comes_back_whatever_the_delay_of_the_bands(attenuation_db, least, delay):
    x = np.random.default_rng(0).uniform(-0.5, 0.5, 12000).astype(np.float32)
    assert snr_db(x, returned(Bank(attenuation_db, delay), x)) >= least


def test_a_synthesis_that_is_told_wrong_turns_every_second_band_over():
    """What the peer does at odd delays, and what the test above has to see."""
    x = np.random.default_rng(0).uniform(-0.5, 0.5, 12000).astype(np.float32)
    assert snr_db(x, returned(Bank(100, delay=1, told=0), x)) < 10


@pytest.mark.parametrize("attenuation_db", (40, 70, 100))
def test_the_delay_is_short(attenuation_db):
    peer = {40: 144, 70: 272, 100: 528}
    assert Bank(attenuation_db, 0).latency < peer[attenuation_db]


@pytest.mark.parametrize("layer", (Analysis(8, 40), Synthesis(8, 40, late=3), Alternate(3, late=1)))
def test_the_layers_keep_the_contract(layer):
    check_contract(layer, layer.inputs)


def test_the_bank_keeps_the_contract():
    check_contract(Bank(40, 3), 1)


@needs_core
@pytest.mark.parametrize("delay", (0, 3))
def test_the_core_plays_the_bank(delay):
    bank = Bank(70, delay)
    x = np.random.default_rng(2).uniform(-0.5, 0.5, (1, 5000)).astype(np.float32)
    core, python = native(bank), Stream(bank.eval(), 48000)
    wanted = in_blocks(python, x, 1)
    np.testing.assert_allclose(in_blocks(core, x, 2), wanted, atol=2e-6)
    core.reset()
    np.testing.assert_allclose(in_blocks(core, x, 3), wanted, atol=2e-6)


@needs_core
@pytest.mark.parametrize(
    ("before", "after"), (('"channels":16,"start":1', '"channels":15,"start":1'), ('"start":1', '"start":7'))
)
def test_a_damaged_one_is_refused(before, after):
    with pytest.raises(FileError):
        native(Bank(40, 0), before, after)


def test_impossible_ones_are_refused():
    for channels, late in ((0, 0), (2, -1), (1 << 15, 0)):
        with pytest.raises(ConfigError, match="Alternate wants"):
            Alternate(channels, late)
