"""The .nam file of the Neural Amp Modeler: JSON with the settings of a network and its weights in one list.

What is read: WaveNet in the older keys (version 0.5) and the newer ones (up to 0.7), ConvNet, LSTM, Linear, and
the container that holds one model in several sizes. A file that asks for anything else, such as another architecture
or several channels, is refused in a sentence that names it.
"""

from tonewright import storage
from tonewright.errors import ConfigError
from tonewright.export.facts import assumed, rate_of
from tonewright.export.fields import field, numbers, shown, words
from tonewright.export.nam.container import models_of, rate_told, sizes
from tonewright.export.nam.convnet import convnet
from tonewright.export.nam.facts import facts
from tonewright.export.nam.linear import linear
from tonewright.export.nam.read_lstm import FROM_ZERO, begins_from_zero, lstm
from tonewright.export.nam.read_wavenet import wavenet

# (settings, weights, rate in Hz) to the key of our architecture, and its model
ARCHITECTURES = {"WaveNet": wavenet, "LSTM": lstm, "ConvNet": convnet, "Linear": linear}
USUAL_RATE = 48000  # Hz; of a file that says none


def looks_like(values: dict) -> bool:
    """Whether these are the values of such a file."""
    return "architecture" in values


def from_values(whole: dict, size: float | None = None, rate: int | None = None) -> storage.Tone:
    """The model of the values of a .nam file.

    Args:
        whole: the values.
        size: which model of a container to take, from 0, the smallest, to 1, the largest; None for that one.
        rate: at how many Hz it plays, where the file tells none; None for 48000.

    Returns:
        The model with its rate, its loudness and who made it, as far as the file tells.

    Raises:
        ConfigError: when they ask for what this version does not play.
    """
    if not looks_like(whole):
        raise ConfigError("it is not a .nam file")
    models = models_of(whole, size)
    chosen = models[0]
    make = ARCHITECTURES[_architecture(chosen, ARCHITECTURES)]
    own, given = rate_told(models), rate
    rate = rate_of(own, given, USUAL_RATE)
    weights = numbers(field(chosen, "weights", list), "weights")
    key, model = make(field(chosen, "config", dict), weights, rate)
    told = facts(*models)
    told["provenance"] |= assumed(own, given)
    if key == "lstm" and begins_from_zero(model.body.layers[:-1]):
        told["provenance"] |= FROM_ZERO
    if sizes(whole) > 1:
        told["provenance"]["sizes"] = str(sizes(whole))
    return storage.Tone(key, model.eval(), rate, **told)


def _architecture(values: dict, known) -> str:
    name = field(values, "architecture", str)
    if name not in known:
        raise ConfigError(f"its architecture is {shown(name)}, and this version plays {words(known)}")
    return name
