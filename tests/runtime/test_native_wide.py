"""The native core gives what torch gives where convolutions have many channels, and steps between their frames."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.runtime.test_native import _Whole, needs_core, random_layer, same
from tonewright.layers.base import Layer
from tonewright.layers.combine import Pointwise, Residual, Serial
from tonewright.layers.conv import Conv1d, ConvTranspose1d

WIDTHS = (24, 33, 64, 96, 130)
bend = partial(Pointwise, partial(F.leaky_relu, negative_slope=0.2))


def unit(width: int, dilation: int, lookahead: int = 0) -> Layer:
    """As in a timbre model: x, and what two convolutions make of it."""
    far = Conv1d(width, width, 3, dilation, lookahead=lookahead)
    return Residual(Serial(bend(), far, bend(), Conv1d(width, width, 1)))


def stages(width: int, ratio: int) -> Layer:
    """Into twice the width at a part of the rate, and back."""
    inner = 2 * width
    return _Whole(
        Conv1d(1, width, 2 * ratio, stride=ratio),
        unit(width, 3, lookahead=3),
        bend(),
        Conv1d(width, inner, 2 * ratio, stride=ratio),
        unit(inner, 1),
        unit(inner, 9, lookahead=2),
        bend(),
        ConvTranspose1d(inner, width, 2 * ratio, ratio, lookahead=ratio // 2),
        unit(width, 1),
        bend(),
        ConvTranspose1d(width, 1, 4 * ratio - 1, ratio),
    ).eval()


@needs_core
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("ratio", [2, 3])
def test_stages(width, ratio):
    torch.manual_seed(width)
    same(stages(width, ratio))


@needs_core
@pytest.mark.parametrize("width", [8, 4])
def test_stages_on_lesser_processors(width):
    """The whole way again with narrower vectors, which one process cannot choose twice."""
    code = "from tests.runtime.test_native_wide import *\nfor width in WIDTHS: test_stages(width, 2)"
    environment = os.environ | {"TONEWRIGHT_WIDTH": str(width)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=Path(__file__).parents[2])


@needs_core
@pytest.mark.parametrize("seed", range(6))
def test_random_graphs(seed):
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    channels = int(rng.integers(25, 120))
    body = [random_layer(rng, channels, 2) for _ in range(2)]
    same(_Whole(Conv1d(1, channels, 1), *body, Conv1d(channels, 1, 1)).eval())


@needs_core
def test_an_activation_that_others_hear_is_heard():
    """Fused into the convolution behind it, it would be missing."""

    class Twice(Layer):
        def __init__(self):
            super().__init__()
            self.conv, self.bend = Conv1d(100, 100, 3, dilation=2), bend()
            self.inputs = self.outputs = 100
            self.settle = self.conv.settle

        def initial_state(self, batch):
            return self.conv.initial_state(batch)

        def forward(self, x, state):
            bent = self.bend(x, [])[0]
            y, state = self.conv(bent, state)
            return y + 0.5 * bent + x, state  # x is heard too, or the convolution before would bend it

    same(_Whole(Conv1d(1, 100, 1), Twice(), Conv1d(100, 1, 1)).eval())
