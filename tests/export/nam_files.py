"""Small .nam files, as JSON values."""

import numpy as np


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
    "sample_rate": 44100.0,
    "metadata": {"name": "several"},
}
