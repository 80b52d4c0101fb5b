"""The .nam file of the Neural Amp Modeler: JSON with the settings of a network and its weights in one list.

What is read: WaveNet in the older keys (version 0.5) and the newer ones (up to 0.7), ConvNet, LSTM, Linear, and
the container that holds one model in several sizes. A file that asks for anything else, such as another architecture
or several channels, is refused in a sentence that names it.
"""

import datetime
from pathlib import Path

from tonewright import storage
from tonewright.errors import ConfigError
from tonewright.export import stranger
from tonewright.export.fields import field, is_number, number, numbers, rate_of_sound, shown, words
from tonewright.export.nam.convnet import convnet
from tonewright.export.nam.linear import linear
from tonewright.export.nam.read_lstm import lstm
from tonewright.export.nam.read_wavenet import wavenet
from tonewright.export.nam.version import check_version

# (settings, weights, rate in Hz) to the key of our architecture, and its model
ARCHITECTURES = {"WaveNet": wavenet, "LSTM": lstm, "ConvNet": convnet, "Linear": linear}
CONTAINER, MAX_DEPTH = "SlimmableContainer", 4  # containers within containers
DEFAULT_RATE = 48000  # Hz; of a file that says none

# names in the file's metadata: our names of the same things
LEVELS = {
    "loudness": "nam_loudness_db",  # not at the level, nor of the sound, that our loudness_db is of
    "gain": "nam_gain",
    "input_level_dbu": "input_level_dbu",
    "output_level_dbu": "output_level_dbu",
}
PROVENANCE = ("name", "modeled_by", "gear_type", "gear_make", "gear_model", "tone_type")
DATE = ("year", "month", "day", "hour", "minute", "second")
MAX_WORDS = 200  # characters


def read(path: Path | str, size: float = 1.0) -> storage.Tone:
    """The model of a .nam file. Runs no code from it, and believes no size before it has checked it.

    Args:
        path: the file.
        size: which model of a container to take, from 0, the smallest, to 1, the largest.

    Returns:
        The model with its rate, its loudness and who made it, as far as the file tells.

    Raises:
        FileError: when the file is missing, damaged, or asks for what this version does not play.

    >>> read("missing.nam")
    Traceback (most recent call last):
    tonewright.errors.FileError: there is no file missing.nam
    """
    return stranger.read(path, from_values, size=size)


def looks_like(values: dict) -> bool:
    """Whether these are the values of such a file."""
    return "architecture" in values


def from_values(whole: dict, size: float = 1.0) -> storage.Tone:
    """What `read` gives, of the values of a file.

    Raises:
        ConfigError: when they ask for what this version does not play.
    """
    if not looks_like(whole):
        raise ConfigError("it is not a .nam file")
    models = _within(whole, size, MAX_DEPTH)
    chosen = models[0]
    make = ARCHITECTURES[_architecture(chosen, ARCHITECTURES)]
    rate = _rate(next((model for model in models if model.get("sample_rate") is not None), chosen))
    weights = numbers(field(chosen, "weights", list), "weights")
    key, model = make(field(chosen, "config", dict), weights, rate)
    return storage.Tone(key, model.eval(), rate, **_facts(*models))


def _within(values: dict, size: float, depth: int) -> list[dict]:
    """The model of that size, and the containers that it is in, from the innermost out."""
    check_version(values)
    if values.get("architecture") != CONTAINER:
        return [values]
    if depth == 0:
        raise ConfigError(f"its containers are more than {MAX_DEPTH} deep")
    rows = field(field(values, "config", dict), "submodels", list)
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ConfigError("its container wants a list of models")
    last = next((row for row in rows if size < number(row, "max_value")), rows[-1])
    return [*_within(field(last, "model", dict), size, depth - 1), values]


def _architecture(values: dict, known) -> str:
    name = field(values, "architecture", str)
    if name not in known:
        raise ConfigError(f"its architecture is {shown(name)}, and this version plays {words(known)}")
    return name


def _rate(values: dict) -> int:
    return DEFAULT_RATE if values.get("sample_rate") is None else rate_of_sound(number(values, "sample_rate"))


def _facts(*models: dict) -> dict:
    """What is told of the model beside how to play it; the first model's word counts, and nonsense does not."""
    told: dict = {}
    for model in reversed(models):
        metadata = model.get("metadata")
        told |= metadata if isinstance(metadata, dict) else {}
    levels = {ours: float(told[name]) for name, ours in LEVELS.items() if is_number(told.get(name))}
    provenance = {
        name: told[name][:MAX_WORDS] for name in PROVENANCE if isinstance(told.get(name), str) and told[name]
    }
    if date := _date(told.get("date")):
        provenance["date"] = date
    training = told.get("training")
    esr = training.get("validation_esr") if isinstance(training, dict) else None
    return {
        "levels": levels,
        "metrics": {"esr": float(esr)} if is_number(esr) else {},
        "provenance": provenance,
    }


def _date(told) -> str:
    """When the model was made, as 2026-11-26T20:15:00, or nothing when that is told in no such way."""
    try:
        return datetime.datetime(*(told[name] for name in DATE)).isoformat()
    except (TypeError, KeyError, ValueError, OverflowError):
        return ""
