"""Small files of the JSON formats, as values."""

import numpy as np

NOISE = (0.3 * np.random.default_rng(1).standard_normal(600)).astype(np.float32)


def _some(*shape: int, seed: int = 0) -> list:
    values = np.random.default_rng([seed, *shape]).uniform(-0.5, 0.5, shape)
    return values.astype(np.float32).tolist()


def va_file(activation: str = "gated", words: bool = False, **changes) -> dict:
    """A stack of three layers of four channels."""
    channels, taps, dilations = 4, 3, [1, 2, 4]
    made = 2 * channels if "gated" in activation else channels
    sizes = {(-1, ""): (channels, channels)}
    for i in range(len(dilations)):
        sizes |= {(i, "_conv"): (taps * channels * made, made), (i, "_out"): (channels * channels, channels)}
    sizes |= {(len(dilations), ""): (channels * len(dilations), 1)}
    rows = [
        {"layer_idx": place, "name": f"{letter}{name}", "data": _some(count, seed=place + 1)}
        for (place, name), counts in sizes.items()
        for letter, count in zip("Wb", counts, strict=True)
    ]
    if words:
        rows = [row | {"data": [str(value) for value in row["data"]]} for row in rows]
    values = {
        "activation": activation,
        "output_channels": 1,
        "input_channels": 1,
        "residual_channels": channels,
    }
    values |= {"filter_width": taps, "dilations": dilations, "variables": rows}
    return {key: value for key, value in (values | changes).items() if value is not ...}


def ml_file(hidden: int = 3, knobs: int = 1, unit: str = "LSTM", skip: int = 1, **changes) -> dict:
    rows, inputs = hidden * {"LSTM": 4, "GRU": 3}[unit], 1 + knobs
    shape = {"model": "SimpleRNN", "input_size": inputs, "skip": skip, "output_size": 1, "unit_type": unit}
    shape |= {"num_layers": 1, "hidden_size": hidden, "bias_fl": True}
    state = {"rec.weight_ih_l0": _some(rows, inputs), "rec.weight_hh_l0": _some(rows, hidden)}
    state |= {"rec.bias_ih_l0": _some(rows), "rec.bias_hh_l0": _some(rows, seed=1)}
    state |= {"lin.weight": _some(1, hidden), "lin.bias": _some(1)}
    values = {
        "model_data": shape | changes.pop("model_data", {}),
        "state_dict": state | changes.pop("state_dict", {}),
    }
    return {key: value for key, value in (values | changes).items() if value is not ...}


def layer(kind: str, outputs: int, *weights: list, **others) -> dict:
    return {"type": kind, "activation": "", "shape": [None, None, outputs], "weights": list(weights)} | others


def recurrent(kind: str, inputs: int, hidden: int) -> dict:
    if kind == "lstm":
        return layer(kind, hidden, _some(inputs, 4 * hidden), _some(hidden, 4 * hidden), _some(4 * hidden))
    return layer(kind, hidden, _some(inputs, 3 * hidden), _some(hidden, 3 * hidden), _some(2, 3 * hidden))


def dense(inputs: int, outputs: int = 1, **others) -> dict:
    return layer("dense", outputs, _some(inputs, outputs), _some(outputs), **others)


def conv1d(inputs: int, outputs: int, kernel: int, dilation: int = 1, groups: int = 1, **others) -> dict:
    weight = _some(kernel, inputs // groups, outputs)
    facts = {"kernel_size": [kernel], "dilation": [dilation], "groups": groups}
    return layer("conv1d", outputs, weight, _some(outputs), **facts, **others)


def batchnorm(channels: int, affine: bool = True) -> dict:
    variance = np.abs(_some(channels, seed=3)).tolist()
    lists = [_some(channels), _some(channels, seed=1)] if affine else []
    return layer("batchnorm", channels, *lists, _some(channels, seed=2), variance, epsilon=0.001)


def rt_file(*layers: dict, inputs: int = 1, **others) -> dict:
    return {"in_shape": [None, None, inputs], "layers": list(layers), **others}


def cell_file(kind: str = "lstm", hidden: int = 3, knobs: int = 0, **others) -> dict:
    return rt_file(recurrent(kind, 1 + knobs, hidden), dense(hidden), inputs=1 + knobs, **others)


MIXED = rt_file(
    *(conv1d(1, 4, 3, 2, activation="tanh"), batchnorm(4), layer("prelu", 4, [[0.1, 0.2, 0.3, 0.4]])),
    *(conv1d(4, 4, 2, groups=2, activation="elu"), batchnorm(4, affine=False), recurrent("gru", 4, 3)),
    *(recurrent("lstm", 3, 4), layer("activation", 4, activation="softmax"), dense(4, 5, activation="relu")),
    *(dense(5, 4, activation="sigmoid", type="time-distributed-dense"), dense(4)),
)
