"""A long filter keeps the contract with the response of whoever holds it."""

import pytest
import torch
from scipy import signal
from torch import nn

from tests.contract.stream import check_contract
from tonewright.errors import ConfigError, ShapeError
from tonewright.layers.base import Layer
from tonewright.layers.fir import LongFir


class Room(Layer):
    """Holds the response that its filter wants."""

    def __init__(self, channels: int, taps: int):
        super().__init__()
        self.fir = LongFir(channels, taps)
        self.response = nn.Parameter(torch.randn(taps) * torch.exp(-torch.arange(taps) * 4.0 / taps))
        self.inputs, self.outputs, self.settle = self.fir.inputs, self.fir.outputs, self.fir.settle

    def initial_state(self, batch):
        return self.fir.initial_state(batch)

    def forward(self, x, state):
        return self.fir(x, state, self.response)


@pytest.mark.parametrize("channels,taps", [(1, 1), (2, 2), (1, 64), (3, 65), (2, 700), (1, 5000)])
def test_contract(channels, taps):
    torch.manual_seed(taps)
    check_contract(Room(channels, taps), channels)


def test_is_scipys_from_the_first_sample_on():
    torch.manual_seed(0)
    room = Room(2, 3000).double()
    x = torch.randn(3, 2, 4000, dtype=torch.float64)
    y, _ = room(x, room.initial_state(3))
    expect = signal.fftconvolve(x.numpy(), room.response.detach().numpy()[None, None], axes=-1)
    torch.testing.assert_close(y.detach(), torch.from_numpy(expect[..., :4000]))


def test_holds_no_weights():
    assert not LongFir(1, 10).state_dict() and not list(LongFir(1, 10).parameters())


@pytest.mark.parametrize("taps", [0, -1, (1 << 20) + 1])
def test_taps_have_a_range(taps):
    with pytest.raises(ConfigError, match=rf"1 to 1048576 taps, and this one is to have {taps}"):
        LongFir(1, taps)


def test_the_response_has_so_many_taps():
    fir = LongFir(1, 3)
    for response in (torch.zeros(2), torch.zeros(1, 3)):
        with pytest.raises(ShapeError, match=r"wants a response \[3\], and got"):
            fir(torch.zeros(1, 1, 8), fir.initial_state(1), response)
