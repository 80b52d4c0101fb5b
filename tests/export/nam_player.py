"""A player of .nam files in plain numpy and float64, with nothing of ours in it."""

from collections.abc import Iterator

import numpy as np

FILMS = (
    *("conv_pre_film", "conv_post_film", "input_mixin_pre_film", "input_mixin_post_film"),
    *("activation_pre_film", "activation_post_film", "layer1x1_post_film", "head1x1_post_film"),
)


def play(values: dict, x: np.ndarray, lead: int = 200) -> np.ndarray:
    """The sound [T] through the file, after so many samples of silence."""
    x = np.concatenate([np.zeros(lead), x])[None]
    weights = Weights(values["weights"])
    y = {"WaveNet": _wavenet, "ConvNet": _convnet}[values["architecture"]](values["config"], weights, x)
    assert weights.at == len(weights.values)
    return y[0, lead:]


class Weights:
    """The list of a file, taken from its beginning."""

    def __init__(self, values: list[float]):
        self.values, self.at = np.array(values, np.float64), 0

    def take(self, *shape: int) -> np.ndarray:
        start, self.at = self.at, self.at + int(np.prod(shape))
        return self.values[start : self.at].reshape(shape)


def convolve(x: np.ndarray, weight: np.ndarray, bias=None, dilation: int = 1, groups: int = 1) -> np.ndarray:
    """x [C, T] by weight [D, C / groups, taps], the last of which hears the current sample."""
    outputs, width, taps = weight.shape
    y = np.zeros((outputs, x.shape[1]))
    for o in range(outputs):
        first = o * groups // outputs * width
        for c in range(width):
            for k in range(taps):
                late = (taps - 1 - k) * dilation
                y[o, late:] += weight[o, c, k] * x[first + c, : x.shape[1] - late]
    return y if bias is None else y + bias[:, None]


def bend(x: np.ndarray, kind: dict) -> np.ndarray:
    sigmoid = 1 / (1 + np.exp(-x))
    low, high = kind.get("min_val", -1.0), kind.get("max_val", 1.0)
    slopes = np.array(kind.get("negative_slopes", [kind.get("negative_slope", 0.01)]))[:, None]
    return {
        "Tanh": lambda: np.tanh(x),
        "Hardtanh": lambda: np.clip(x, -1, 1),
        "ReLU": lambda: np.maximum(x, 0),
        "LeakyReLU": lambda: np.where(x > 0, x, slopes * x),
        "PReLU": lambda: np.where(x > 0, x, slopes * x),
        "Sigmoid": lambda: sigmoid,
        "SiLU": lambda: x * sigmoid,
        "Hardswish": lambda: x * np.clip(x + 3, 0, 6) / 6,
        "LeakyHardtanh": lambda: np.where(
            x < low,
            low + kind.get("min_slope", 0.01) * (x - low),
            np.where(x > high, high + kind.get("max_slope", 0.01) * (x - high), x),
        ),
        "Softsign": lambda: x / (1 + np.abs(x)),
    }[kind["type"].replace("HardT", "Hardt")]()


def _convnet(config: dict, weights: Weights, x: np.ndarray) -> np.ndarray:
    channels, groups = config["channels"], config.get("groups", 1)
    for dilation in config["dilations"]:
        weight = weights.take(channels, len(x) // groups, 2)
        x = convolve(x, weight, None if config["batchnorm"] else weights.take(channels), dilation, groups)
        if config["batchnorm"]:
            mean, variance, scale, shift = weights.take(4, channels)[..., None]
            x = scale * (x - mean) / np.sqrt(variance + weights.take(1)) + shift
        x = bend(x, {"type": config["activation"]})
    return convolve(x, weights.take(1, channels, 1), weights.take(1))


def _wavenet(config: dict, weights: Weights, x: np.ndarray) -> np.ndarray:
    condition, sound, head = x, x, None
    if config.get("condition_dsp"):
        nested = config["condition_dsp"]
        condition = _wavenet(nested["config"], Weights(nested["weights"]), x)
    for array in config["layers"]:
        sound = convolve(sound, weights.take(array["channels"], len(sound), 1))
        for layer in _layers(array):
            sound, heard = _layer(array, layer, weights, sound, condition)
            head = heard if head is None else head + heard
        read = array["head"]
        weight = weights.take(read["out_channels"], len(head), read["kernel_size"])
        bias = weights.take(read["out_channels"]) if read["bias"] else None
        head = convolve(head, weight, bias, read.get("head_dilation", 1))
    tail, made = config.get("head"), []
    for i, taps in enumerate(tail["kernel_sizes"] if tail else ()):
        outputs = tail["out_channels"] if i == len(tail["kernel_sizes"]) - 1 else tail["channels"]
        inputs = tail["channels"] if i else len(head)
        made.append((weights.take(outputs, inputs, taps), weights.take(outputs)))
    head = head * weights.take(1)
    for weight, bias in made:
        head = convolve(bend(head, {"type": tail["activation"]}), weight, bias)
    return head


def _layers(array: dict) -> Iterator[tuple]:
    names = ("kernel_sizes", "dilations", "activation", "gating_mode", "secondary_activation")
    return zip(*(array[name] for name in names), strict=True)


def _layer(array: dict, layer: tuple, weights: Weights, sound: np.ndarray, condition: np.ndarray):
    taps, dilation, first, gating, second = layer
    channels, groups, mixed = array["channels"], array["groups_input"], array["groups_input_mixin"]
    left = array["bottleneck"]
    made = left * (1 if gating == "none" else 2)
    conv = weights.take(made, channels // groups, taps), weights.take(made)
    mixin = weights.take(made, len(condition) // mixed, 1)
    out, side = array["layer1x1"], array["head1x1"]
    if out["active"]:
        to_sound = weights.take(channels, left // out["groups"], 1), weights.take(channels)
    if side["active"]:
        count = side["out_channels"]
        to_head = weights.take(count, left // side["groups"], 1), weights.take(count)
    heard = side["out_channels"] if side["active"] else left
    widths = (channels, made, len(condition), made, made, left, channels, heard)
    films = {}
    for name, width in zip(FILMS, widths, strict=True):
        film = array[name]
        if film["active"]:
            rows = width * (1 + film["shift"])
            weight = weights.take(rows, len(condition) // film["groups"], 1)
            films[name] = convolve(condition, weight, weights.take(rows), groups=film["groups"])

    def film(name: str, x: np.ndarray) -> np.ndarray:
        if name not in films:
            return x
        scale, shift = films[name][: len(x)], films[name][len(x) :]
        return scale * x + (shift if len(shift) else 0.0)

    z = film("conv_post_film", convolve(film("conv_pre_film", sound), *conv, dilation, groups))
    z = z + film(
        "input_mixin_post_film", convolve(film("input_mixin_pre_film", condition), mixin, groups=mixed)
    )
    z = film("activation_pre_film", z)
    a = bend(z[:left], first)
    if gating == "gated":
        a = a * bend(z[left:], second)
    elif gating == "blended":
        share = bend(z[left:], second)
        a = share * a + (1 - share) * z[:left]
    a = film("activation_post_film", a)
    step = convolve(a, *to_sound, groups=out["groups"]) if out["active"] else a
    heard = convolve(a, *to_head, groups=side["groups"]) if side["active"] else a
    return sound + film("layer1x1_post_film", step), film("head1x1_post_film", heard)


def needed(architecture: str, config: dict) -> int:
    """How many weights a file with these settings has: as many as playing takes."""
    weights = Weights(np.random.default_rng(0).uniform(0.1, 0.5, 20_000))
    {"WaveNet": _wavenet, "ConvNet": _convnet}[architecture](config, weights, np.zeros((1, 1)))
    return weights.at
