"""What the JSON files of other players mean, played sample by sample in float64 from the files alone.

Written from the descriptions of the formats, with nothing of ours in it: of an empty memory, as those players begin.
"""

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def softsign(x: np.ndarray) -> np.ndarray:
    return x / (1.0 + np.abs(x))


BENDS = {
    "": lambda x: x,
    "linear": lambda x: x,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "relu": lambda x: np.maximum(x, 0.0),
    "softsign": softsign,
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(),
}
GATED = {"gated": (np.tanh, sigmoid), "softgated": (softsign, softsign)}


def wavenetva(values: dict, x: np.ndarray) -> np.ndarray:
    """x [T] to y [T]."""
    channels, taps = values["residual_channels"], values["filter_width"]
    data = {(row["layer_idx"], row["name"]): row["data"] for row in values["variables"]}
    data = {key: np.array([float(number) for number in row]) for key, row in data.items()}
    last, kind = len(values["dilations"]), values["activation"]
    sound = np.outer(x, data[-1, "W"]) + data[-1, "b"]  # [T, C]
    skips = []
    for i, dilation in enumerate(values["dilations"]):
        weight = data[i, "W_conv"].reshape(taps, channels, -1)
        made = np.zeros((len(x), weight.shape[2])) + data[i, "b_conv"]
        for tap in range(taps):
            late = (taps - 1 - tap) * dilation
            made[late:] += (sound @ weight[tap])[: len(x) - late]
        if kind in GATED:
            first, second = GATED[kind]
            made = first(made[:, :channels]) * second(made[:, channels:])
        else:
            made = BENDS[kind](made)
        skips.append(made)
        sound = sound + made @ data[i, "W_out"].reshape(channels, channels) + data[i, "b_out"]
    return np.concatenate(skips, axis=1) @ data[last, "W"] + data[last, "b"][0]


def lstm_step(gates: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the gates, input, forget, cell, output, to the new h and c."""
    i, f, g, o = np.split(gates, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def guitarml(values: dict, x: np.ndarray, knobs: tuple[float, ...] = ()) -> np.ndarray:
    """x [T] with constant knobs to y [T]; an LSTM."""
    state = {name: np.array(value, float) for name, value in values["state_dict"].items()}
    h = c = np.zeros(values["model_data"]["hidden_size"])
    y = []
    for sample in x.astype(float):
        heard = np.array([sample, *knobs])
        sums = state["rec.weight_ih_l0"] @ heard + state["rec.bias_ih_l0"]
        h, c = lstm_step(sums + state["rec.weight_hh_l0"] @ h + state["rec.bias_hh_l0"], c)
        y.append(state["lin.weight"][0] @ h + state["lin.bias"][0] + values["model_data"]["skip"] * sample)
    return np.array(y)


class Layer:
    """One layer of an RTNeural file, a vector in and a vector out."""

    def __init__(self, values: dict, inputs: int):
        self.kind, self.bend = values["type"], BENDS[values.get("activation", "")]
        self.values, self.outputs = values, values["shape"][-1]
        self.h = self.c = np.zeros(self.outputs)
        if self.kind == "conv1d":
            self.past = [np.zeros(inputs)] * ((values["kernel_size"][0] - 1) * values["dilation"][0] + 1)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        made = getattr(self, self.kind.replace("time-distributed-", ""))(x)
        return made if self.kind in ("lstm", "gru") else self.bend(made)

    def weights(self) -> list[np.ndarray]:
        return [np.array(part, float) for part in self.values["weights"]]

    def dense(self, x):
        weight, bias = self.weights()
        return x @ weight + bias

    def lstm(self, x):
        given, past, bias = self.weights()
        self.h, self.c = lstm_step(x @ given + self.h @ past + bias, self.c)
        return self.h

    def gru(self, x):
        given, past, (of_x, of_h) = self.weights()
        zx, rx, nx = np.split(x @ given + of_x, 3)
        zh, rh, nh = np.split(self.h @ past + of_h, 3)
        z = sigmoid(zx + zh)
        self.h = z * self.h + (1.0 - z) * np.tanh(nx + sigmoid(rx + rh) * nh)
        return self.h

    def conv1d(self, x):
        weight, bias = self.weights()
        (taps,), (dilation,) = self.values["kernel_size"], self.values["dilation"]
        groups = self.values.get("groups", 1)
        self.past = [*self.past[1:], x]
        made = bias.copy()
        for tap in range(taps):
            for group, heard in enumerate(np.split(self.past[tap * dilation], groups)):
                width = len(bias) // groups
                place = slice(group * width, (group + 1) * width)
                made[place] += heard @ weight[tap][:, place]
        return made

    def prelu(self, x):
        return np.where(x > 0, x, np.ravel(self.values["weights"]) * x)

    def batchnorm(self, x):
        *affine, mean, variance = self.weights()
        gain, offset = affine or (1.0, 0.0)
        return (x - mean) / np.sqrt(variance + self.values["epsilon"]) * gain + offset

    def activation(self, x):
        return x


def rtneural(values: dict, x: np.ndarray, knobs: tuple[float, ...] = ()) -> np.ndarray:
    """x [T] with constant knobs to y [T], with the gains and the dry sound of AIDA-X."""
    gain_in, gain_out = (10.0 ** (values.get(name, 0.0) / 20.0) for name in ("in_gain", "out_gain"))
    layers, channels = [], values["in_shape"][-1]
    for row in values["layers"]:
        layers.append(Layer(row, channels))
        channels = layers[-1].outputs
    y = []
    for sample in x.astype(float) * gain_in:
        made = np.array([sample, *knobs])
        for layer in layers:
            made = layer(made)
        y.append(gain_out * (made[0] + values.get("in_skip", 0) * sample))
    return np.array(y)
