"""RTNeural files hold weights as Keras gives them, so they mean what Keras plays with them; tested where Keras is."""

import os

import numpy as np
import pytest

from tests.export.begun import answers
from tests.export.json_files import NOISE
from tonewright.export import formats

read = formats.named("aidax").read

read = formats.named("aidax").read

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed, whose weights these files hold")
TYPES = {"GRU": "gru", "LSTM": "lstm", "Dense": "dense", "TimeDistributed": "time-distributed-dense"}
TYPES |= {"Conv1D": "conv1d", "BatchNormalization": "batchnorm", "PReLU": "prelu", "Activation": "activation"}


def saved(model) -> dict:
    """The file of a Keras model, as the format says it."""
    rows = []
    for layer in model.layers:
        name = type(layer).__name__
        if name == "InputLayer":
            continue
        inner = getattr(layer, "layer", layer)
        bend = getattr(inner, "activation", None)
        row = {
            "type": TYPES[name],
            "activation": bend if isinstance(bend, str) or not bend else bend.__name__,
        }
        row |= {"shape": [None, None, layer.output.shape[-1]]}
        row |= {"weights": [weight.tolist() for weight in layer.get_weights()]}
        if name == "Conv1D":
            row |= {"kernel_size": list(layer.kernel_size), "dilation": list(layer.dilation_rate)}
            row |= {"groups": layer.groups}
        if name == "BatchNormalization":
            row |= {"epsilon": layer.epsilon}
        rows.append(row)
    return {"in_shape": [None, None, model.input_shape[-1]], "layers": rows}


def conv(outputs: int, **options):
    return keras.layers.Conv1D(outputs, 3, padding="causal", **options)


LAYERS = keras.layers
MODELS = {
    "lstm": lambda: [LAYERS.LSTM(8, return_sequences=True), LAYERS.Dense(1)],
    "gru": lambda: [LAYERS.GRU(8, return_sequences=True), LAYERS.Dense(1)],
    "conv": lambda: [
        conv(4, activation="tanh"),
        conv(4, dilation_rate=2, groups=2, activation="relu"),
        conv(1),
    ],
    "norm": lambda: [LAYERS.Dense(4), LAYERS.BatchNormalization(), LAYERS.Dense(1)],
    "bare norm": lambda: [
        LAYERS.Dense(4),
        LAYERS.BatchNormalization(scale=False, center=False),
        LAYERS.Dense(1),
    ],
    "prelu": lambda: [LAYERS.Dense(4), LAYERS.PReLU(shared_axes=[1]), LAYERS.Dense(1)],
    "bends": lambda: [
        *(LAYERS.Dense(4, activation="sigmoid"), LAYERS.Dense(4, activation="elu")),
        *(
            LAYERS.TimeDistributed(LAYERS.Dense(4, activation="softmax")),
            LAYERS.Activation("tanh"),
            LAYERS.Dense(1),
        ),
    ],
    "mixed": lambda: [
        *(LAYERS.Dense(5), conv(6), LAYERS.GRU(5, return_sequences=True), LAYERS.PReLU(shared_axes=[1])),
        *(
            LAYERS.LSTM(4, return_sequences=True),
            LAYERS.BatchNormalization(),
            LAYERS.Dense(1, activation="tanh"),
        ),
    ],
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("knobs", [(), (0.3, 0.8)], ids=["plain", "knobs"])
def test_a_file_sounds_as_keras_plays_its_weights(put, name, knobs):
    model = keras.Sequential([keras.Input((None, 1 + len(knobs))), *MODELS[name]()])
    rng = np.random.default_rng(0)
    for layer in model.layers:  # for most begin as nothing: biases, means, slopes
        weights = [rng.uniform(-0.5, 0.5, weight.shape) for weight in layer.get_weights()]
        if type(layer).__name__ == "BatchNormalization":
            weights[-1] = np.abs(weights[-1])
        layer.set_weights(weights)
    heard = np.stack([NOISE, *(np.full_like(NOISE, knob) for knob in knobs)], axis=-1)
    expected = np.asarray(keras.ops.convert_to_numpy(model(heard[None], training=False)))[0, :, 0]
    tone = read(put(saved(model), ".json"))
    for engine, got in answers(tone, NOISE, *knobs):
        np.testing.assert_allclose(got, expected, atol=2e-6, err_msg=engine)
