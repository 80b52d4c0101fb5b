"""Convolutions keep the contract at every stride, dilation and lookahead, against torch's own."""

import pytest
import torch
import torch.nn.functional as F

from tests.contract.stream import check_contract
from tonewright.errors import ConfigError, ShapeError
from tonewright.layers.conv import Conv1d, ConvTranspose1d, Delay


def centred(layer: Conv1d):
    """torch's convolution with the padding that the lookahead means."""
    span = (layer.weight.shape[-1] - 1) * layer.dilation
    pad = (span - layer.lookahead, layer.lookahead)
    return lambda x: F.conv1d(
        F.pad(x, pad), layer.weight, layer.bias, layer.stride, dilation=layer.dilation, groups=layer.groups
    )


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("kernel,dilation", [(1, 1), (2, 1), (3, 7), (5, 2), (9, 1)])
@pytest.mark.parametrize("look", [0.0, 0.5, 1.0])
def test_conv_equals_torch(kernel, dilation, stride, look):
    lookahead = int((kernel - 1) * dilation * look)
    layer = Conv1d(2, 4, kernel, dilation, stride, groups=2, lookahead=lookahead)
    check_contract(layer, 2, offline=centred(layer))


@pytest.mark.parametrize("kernel,stride", [(2, 2), (4, 2), (8, 4), (7, 3), (3, 2), (5, 1)])
@pytest.mark.parametrize("look", [0.0, 0.5, 1.0])
def test_transposed_equals_torch(kernel, stride, look):
    layer = ConvTranspose1d(2, 4, kernel, stride, groups=2, lookahead=int((kernel - stride) * look))

    def offline(x):
        y = F.conv_transpose1d(x, layer.weight, layer.bias, stride, groups=2)
        return y[..., layer.lookahead :]

    check_contract(layer, 2, offline=offline)


def test_free_lookahead_costs_no_latency():
    """A stride of 4 has three samples to spare when its output is due: looking three ahead is free."""
    assert Conv1d(1, 1, 8, stride=4, lookahead=3).latency == 0
    assert Conv1d(1, 1, 8, stride=4, lookahead=4).latency == 1


@pytest.mark.parametrize("samples", [0, 1, 100])
def test_delay(samples):
    check_contract(Delay(3, samples), 3, offline=lambda x: x)


def test_wrong_shapes_and_settings_are_told():
    conv = Conv1d(2, 2, 3, stride=2)
    with pytest.raises(ShapeError, match=r"wants x as \[B, 2, T\], and got \[1, 3, 8\]"):
        conv(torch.zeros(1, 3, 8), conv.initial_state(1))
    with pytest.raises(ShapeError, match="multiple of 2 samples, and got 7"):
        conv(torch.zeros(1, 2, 7), conv.initial_state(1))
    with pytest.raises(ConfigError, match="0 to 2"):
        Conv1d(1, 1, 3, lookahead=3)
    with pytest.raises(ConfigError, match="at least its stride"):
        ConvTranspose1d(1, 1, 2, 3)


@pytest.mark.parametrize("layer", [Conv1d(64, 64, 3, groups=64), Delay(64, 5)])
def test_what_is_remembered_keeps_no_long_block(layer):
    _, (memory,) = layer(torch.zeros(1, 64, 4096), layer.initial_state(1))
    assert memory.untyped_storage().nbytes() == 4 * memory.numel()
