"""The .nam file of the Neural Amp Modeler: JSON with the settings of a network and its weights in one list.

What is read: WaveNet in the older keys (version 0.5) and the newer ones (up to 0.7), LSTM, and the container that
holds one model in several sizes. A file that asks for anything else, such as another architecture, another activation
or modulation within the layers, is refused in a sentence that names it.
"""

import json
import math
import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tonewright import storage
from tonewright.errors import ConfigError, FileError
from tonewright.export.nam_fields import field, shown, words
from tonewright.export.nam_models import lstm, wavenet

MAX_FILE = 1 << 24  # bytes; three quarters of a million weights
MAX_LISTS, MAX_VALUES = 1 << 14, 1 << 21  # a model needs some hundreds of lists
VERSIONS = ((0, 5), (0, 7))  # the first and the last that is understood
ARCHITECTURES = {"WaveNet": ("wavenet", wavenet), "LSTM": ("lstm", lstm)}
DEFAULT_RATE = 48000  # Hz; of a file that says none

# names in the file's metadata: our names of the same things
LEVELS = {
    "loudness": "loudness_db",
    "input_level_dbu": "input_level_dbu",
    "output_level_dbu": "output_level_dbu",
}
PROVENANCE = ("name", "modeled_by", "gear_type", "gear_make", "gear_model", "tone_type")
MAX_WORDS = 200  # characters


def read(path: Path | str, size: float = 1.0) -> storage.Tone:
    """The model of a .nam file. Runs no code from it, and believes no size before it has checked it.

    Args:
        path: the file.
        size: which model of a container to take, from 0, the smallest, to 1, the largest.

    Returns:
        The model with its rate, its loudness and who made it, as far as the file tells. What the file calls "gain"
        has no place in a Tone and is left out.

    Raises:
        FileError: when the file is missing, damaged, or asks for what this version does not play.

    >>> read("missing.nam")
    Traceback (most recent call last):
    tonewright.errors.FileError: there is no file missing.nam
    """
    path = Path(path)
    text = _text(path)
    try:
        whole = _parsed(text)
        chosen = _chosen(whole, size)
        key, make = ARCHITECTURES[_architecture(chosen, ARCHITECTURES)]
        model = make(field(chosen, "config", dict), _weights(chosen))
        rate = _rate(chosen if chosen.get("sample_rate") is not None else whole)
        return storage.Tone(key, model.eval(), rate, **_facts(chosen, whole))
    except ConfigError as error:
        raise FileError(f"{path} cannot be played: {error}") from error


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise FileError(f"there is no file {path}")
        if path.stat().st_size > MAX_FILE:
            raise FileError(f"{path} is larger than the {MAX_FILE >> 20} MB that a .nam file may have")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not a .nam file") from error
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read ({error}); copy it to where you may read it") from error


def _parsed(text: str) -> dict:
    # Each takes many times the memory of its characters, so they are counted before any is made.
    if text.count("[") + text.count("{") > MAX_LISTS or text.count(",") > MAX_VALUES:
        raise ConfigError(f"it holds more than {MAX_LISTS} lists or {MAX_VALUES} values, and no model does")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError("it is not a .nam file, or only a part of one") from error
    if not isinstance(values, dict) or "architecture" not in values:
        raise ConfigError("it is not a .nam file")
    return values


def _chosen(whole: dict, size: float) -> dict:
    """The file itself, or the model of that size in its container."""
    _check_version(whole)
    if whole["architecture"] != "SlimmableContainer":
        return whole
    rows = field(field(whole, "config", dict), "submodels", list)
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ConfigError("its container wants a list of models")
    last = next((row for row in rows if size < _number(row, "max_value")), rows[-1])
    chosen = field(last, "model", dict)
    _check_version(chosen)
    return chosen


def _check_version(values: dict) -> None:
    version = field(values, "version", str)
    if not re.fullmatch(r"\d{1,4}\.\d{1,4}\.\d{1,4}", version):
        raise ConfigError(f"its version wants three numbers, and is {shown(version)}")
    number = tuple(int(part) for part in version.split(".")[:2])
    if not VERSIONS[0] <= number <= VERSIONS[1]:
        first, last = (f"{major}.{minor}" for major, minor in VERSIONS)
        raise ConfigError(
            f"it is of version {version}, and this program reads {first} to {last}; update tonewright"
        )


def _architecture(values: dict, known) -> str:
    name = field(values, "architecture", str)
    if name not in known:
        raise ConfigError(f"its architecture is {shown(name)}, and this version plays {words(known)}")
    return name


def _weights(values: dict) -> Tensor:
    """The list of weights [n], finite and in float32."""
    weights = field(values, "weights", list)
    if not all(type(weight) in (int, float) for weight in weights):
        raise ConfigError("its weights hold something that is no number")
    try:
        # what float32 cannot hold becomes infinite, which is told below
        with np.errstate(over="ignore"):
            array = np.array(weights, np.float64).astype(np.float32)
    except OverflowError as error:
        raise ConfigError("its weights hold a number that is too large") from error
    if not np.isfinite(array).all():
        raise ConfigError("its weights hold NaN or infinite numbers")
    return torch.from_numpy(array)


def _rate(values: dict) -> int:
    if values.get("sample_rate") is None:
        return DEFAULT_RATE
    rate = _number(values, "sample_rate")
    if rate != int(rate) or not 1000 <= rate <= 1_000_000:
        raise ConfigError(f"its sample rate is {rate:g} Hz, which is no rate of sound")
    return int(rate)


def _number(values: dict, name: str) -> float:
    value = values.get(name)
    if type(value) not in (int, float) or not -1e9 < value < 1e9:
        raise ConfigError(f"'{name}' wants a number, and is {shown(value)}")
    return float(value)


def _facts(*models: dict) -> dict:
    """What is told of the model beside how to play it; the first model's word counts, and nonsense does not."""
    told: dict = {}
    for model in reversed(models):
        metadata = model.get("metadata")
        told |= metadata if isinstance(metadata, dict) else {}
    levels = {ours: float(told[name]) for name, ours in LEVELS.items() if _is_finite(told.get(name))}
    provenance = {
        name: told[name][:MAX_WORDS] for name in PROVENANCE if isinstance(told.get(name), str) and told[name]
    }
    training = told.get("training")
    esr = training.get("validation_esr") if isinstance(training, dict) else None
    return {
        "levels": levels,
        "metrics": {"esr": float(esr)} if _is_finite(esr) else {},
        "provenance": provenance,
    }


def _is_finite(value) -> bool:
    return type(value) in (int, float) and abs(value) < 1e9 and math.isfinite(value)
