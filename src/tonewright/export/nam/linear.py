"""Linear models in a .nam file: an impulse response, and a constant behind it where there is one.

The first weight is for the sample that comes in now, the second for the one before, as it is in the player of these
files. The trainer of that project stores them the other way around, so that what it exports sounds reversed in its
own player; and so it does here.
"""

import numpy as np
from torch import Tensor

from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.export.fields import expect, field, only, shown
from tonewright.export.nam.version import OLD
from tonewright.export.responses import Response, chain_of, response_of
from tonewright.models.base import Model
from tonewright.runtime.player import Player

MOST = 1 << 19  # samples to write: as many as go into a file that is read (stranger.MAX_FILE)
WAYS = (None, "auto", "direct", "fft")  # of computing it, in the file's "implementation"; they sound the same


def linear(config: dict, weights: Tensor, sample_rate: int) -> tuple[str, Model]:
    """The chain of these settings, a response and an offset where there is a bias, and the key of our architecture.

    Raises:
        ConfigError: settings that it does not have, or another number of weights than they need.
    """
    for name in ("in_channels", "out_channels"):
        only(config, name, 1)
    if config.get("implementation") not in WAYS:
        raise ConfigError(
            f"'implementation' is {shown(config['implementation'])}, and not auto, direct or fft"
        )
    taps, bias = field(config, "receptive_field", int), field(config, "bias", bool)
    if taps < 1:
        raise ConfigError(f"'receptive_field' is 1 or more, and not {shown(taps)}")
    expect(weights, taps + bias)
    return "chain", chain_of(weights[:taps].numpy(), sample_rate, float(weights[-1]) if bias else None)


def check(player: Player) -> None:
    """Refuse a model that is more than a response and a constant.

    Raises:
        ConfigError: naming what in it is not linear, or why else it cannot be written.
    """
    _response(player)


def weights(player: Player) -> int:
    """How many weights the file will hold."""
    return len(content(player)["weights"])


def content(player: Player) -> dict:
    """The version, settings and weights of the model, as the file has them."""
    response = _response(player)
    taps, constant = response.taps[0].astype(np.float32), response.constant.astype(np.float32)
    bias = bool(constant.any())
    return {
        "version": OLD,
        "architecture": "Linear",
        "config": {"receptive_field": len(taps), "bias": bias},
        "weights": stranger.short(np.concatenate([taps, constant]) if bias else taps),
    }


def left_out(player: Player) -> str:
    """What of the response the file does not hold, in words."""
    return _response(player).left_out


def _response(player: Player) -> Response:
    response = response_of(player, MOST)
    if len(response.taps) > 1:
        raise ConfigError(f".nam files are of one channel, and this chain makes {len(response.taps)}")
    return response
