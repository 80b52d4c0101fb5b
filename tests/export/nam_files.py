"""Small .nam files, as JSON values."""

import numpy as np

from tests.export.nam_player import FILMS, needed


def array(source: int, channels: int, head: int, /, **changes) -> dict:
    """A layer array in the older keys."""
    row = {
        "input_size": source,
        "condition_size": 1,
        "channels": channels,
        "head_size": head,
        "kernel_size": 3,
    }
    row |= {"dilations": [1, 2], "activation": "Tanh", "gated": False, "head_bias": head == 1}
    return {key: value for key, value in (row | changes).items() if value is not ...}


def newer(source: int, channels: int, head: int, /, **changes) -> dict:
    """The same in the newer keys."""
    row = array(source, channels, head, head_size=..., head_bias=..., kernel_size=..., gated=...)
    off = {"active": False, "shift": True, "groups": 1}
    row |= {"kernel_sizes": [3, 3], "activation": [{"type": "Tanh"}] * 2, "gating_mode": ["none"] * 2}
    row |= {"head": {"out_channels": head, "kernel_size": 1, "bias": head == 1}, "bottleneck": channels}
    row |= {"secondary_activation": [None] * 2, "slimmable": None, "groups_input": 1, "conv_pre_film": off}
    row |= {"head1x1": {"active": False, "out_channels": 1}, "layer1x1": {"active": True, "groups": 1}}
    return {key: value for key, value in (row | changes).items() if value is not ...}


def model_file(config: dict, count: int, architecture: str = "WaveNet", **changes) -> dict:
    weights = np.random.default_rng(0).uniform(-0.5, 0.5, count).astype(np.float32).tolist()
    row = {"version": "0.5.4", "architecture": architecture, "config": config, "weights": weights}
    row |= {"sample_rate": 48000, "metadata": {"loudness": -18.5, "name": "amp"}}
    return {key: value for key, value in (row | changes).items() if value is not ...}


def wavenet_file(*arrays: dict, **changes) -> dict:
    return model_file({"layers": list(arrays), "head": None, "head_scale": 0.02}, 220, **changes)


def lstm_file(**changes) -> dict:
    config = {"input_size": 1, "hidden_size": 3, "num_layers": 2}
    return model_file(config | changes.pop("config", {}), 160, "LSTM", **changes)


OLD = wavenet_file(array(1, 4, 2), array(4, 2, 1))
NEW = wavenet_file(newer(1, 4, 2), newer(4, 2, 1), version="0.7.0")
LSTM = lstm_file()
SMALL = model_file({"layers": [array(1, 1, 1)]}, 18)
CONTAINER = {
    "version": "0.7.0",
    "architecture": "SlimmableContainer",
    "config": {"submodels": [{"max_value": 0.5, "model": SMALL}, {"max_value": 1.0, "model": OLD}]},
    "weights": [],
    "sample_rate": 48000.0,
    "metadata": {"name": "several"},
}

ON = {"active": True, "shift": True, "groups": 1}


def whole(*arrays: dict, **config) -> dict:
    """A WaveNet in the newer keys with as many weights as it needs."""
    settings = {"layers": list(arrays), "head": None, "head_scale": 0.5, **config}
    return model_file(settings, needed("WaveNet", settings), version="0.7.0")


def full(source: int, channels: int, head: int, /, **changes) -> dict:
    """A layer array with everything that a player must know of it, all parts off."""
    off = {name: {"active": False, "shift": True, "groups": 1} for name in FILMS}
    usual = {"gating_mode": ["none"] * 2, "secondary_activation": [None] * 2, "groups_input_mixin": 1}
    return newer(source, channels, head, **off | usual | {"activation": [{"type": "Tanh"}] * 2} | changes)


def convnet_file(**changes) -> dict:
    config = {"channels": 4, "dilations": [1, 2, 4], "batchnorm": True, "activation": "Tanh"} | changes
    values = model_file(config, needed("ConvNet", config), "ConvNet")
    # among them are variances, which are not below zero
    return values | {"weights": np.abs(values["weights"]).tolist()}


CONVNET = convnet_file()
LISTENER = whole(full(1, 3, 2, kernel_sizes=[2, 2]))
# one of each kind of thing that the newer keys know
RICH = whole(
    full(
        *(1, 8, 6),
        condition_size=2,
        bottleneck=4,
        kernel_sizes=[2, 3, 4, 1],
        dilations=[1, 3, 9, 2],
        activation=[
            {"type": "PReLU", "negative_slopes": [0.5, -0.25, 1.5, 0.125]},
            {
                "type": "LeakyHardtanh",
                "min_val": -0.5,
                "max_val": 0.75,
                "min_slope": 0.25,
                "max_slope": 0.125,
            },
            {"type": "Hardswish"},
            {"type": "LeakyReLU", "negative_slope": 0.25},
        ],
        gating_mode=["none", "gated", "blended", "none"],
        secondary_activation=[None, {"type": "PReLU", "negative_slope": 0.5}, {"type": "Sigmoid"}, None],
        groups_input=2,
        groups_input_mixin=2,
        head={"out_channels": 6, "kernel_size": 3, "bias": False, "head_dilation": 2},
        head1x1={"active": True, "out_channels": 4, "groups": 2},
        layer1x1={"active": True, "groups": 2},
        **{name: ON | {"shift": i % 2 == 0, "groups": 1 + i // 4} for i, name in enumerate(FILMS)},
    ),
    full(
        *(8, 6, 2),
        condition_size=2,
        activation=[{"type": "SiLU"}, {"type": "Hardtanh"}],
        gating_mode=["none", "blended"],
        secondary_activation=[None, {"type": "Softsign"}],
        layer1x1={"active": False, "groups": 1},
        slimmable={"method": "slice_channels_uniform", "kwargs": {"allowed_channels": [3, 6]}},
    ),
    head={"channels": 3, "out_channels": 1, "kernel_sizes": [3, 1], "activation": "ReLU"},
    condition_dsp=LISTENER,
)
