"""The .tone file: a safetensors container whose one metadata key holds JSON. Nothing in it is code.

    format        1; a higher number is refused
    architecture  folder under models/, "wavenet"
    config        the settings, whole
    graph         what a native player plays (layers/graph.py)
    ports         the controls, with unit, range, default, smoothing and rate
    sample_rate, ratio, block, latency, settle
    levels        of the recordings, and the loudness at a reference input
    metrics       the error on what was held out, and how long was recorded and taught
    provenance    how it was made
    history       the error against time while it was taught

Beside the weights and what was made of them alone (`folded.0` ...), `probe.x` and `probe.y` are a short sound and the
model's answer to it, after `settle` samples of silence and with its controls at their defaults, so that any player
can check itself. A model of several channels hears the probe on every input, each 7 samples later than the last.
"""

import json
import math
import struct
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from tonewright import models
from tonewright.atomic import write_whole
from tonewright.config import from_json, to_json
from tonewright.errors import ConfigError, FileError
from tonewright.layers.feedback import Feedback
from tonewright.layers.graph import FOLDED, trace_whole
from tonewright.models.base import Model, channels_of
from tonewright.models.limits import PROBE_SAMPLES
from tonewright.threads import one_thread

FORMAT = 1
KEY = "tonewright"
SHORT_PROBE, MAX_PROBE = 2048, 1 << 20
PIECE = 2048  # samples that a model answers at a time, for each of its layers takes memory for as many
PROBE_STEP = 7  # samples by which each input hears the probe later than the one before
MAX_HEADER, MAX_FILE = 1 << 22, 1 << 32  # bytes; beyond this a file is not one of ours
ROW = {"seconds", "step", "loss", "error"}  # of the history


@dataclass
class Tone:
    """What a .tone file holds beside the weights.

    Attributes:
        architecture: key of the folder under models/.
        model: in eval mode.
        sample_rate: in Hz.
        levels, metrics, provenance: numbers and words by name.
        history: rows of seconds, step, loss and error.
    """

    architecture: str
    model: Model
    sample_rate: int
    levels: dict[str, float] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    provenance: dict[str, str] = field(default_factory=dict)
    history: list[dict] = field(default_factory=list)


def save(tone: Tone, path: Path | str) -> None:
    """Write a .tone file, whole or not at all.

    Raises:
        FileError: when it cannot be written there.
        NotPlayable: when the model uses an operation that no native player knows.
    """
    write_whole(path, to_bytes(tone))


@one_thread()
def to_bytes(tone: Tone, probed: bool = True) -> bytes:
    """What `save` writes; the same tone gives the same bytes.

    Args:
        tone: what to write.
        probed: with the probe and its answer, which a player does not need to play.
    """
    model = tone.model.eval()
    tensors = {name: value.detach().contiguous() for name, value in model.state_dict().items()}
    graph, folded = trace_whole(model, tuple(port.name for port in model.ports))
    tensors |= folded
    if probed:
        x = probe(tone.sample_rate, probe_samples(model))
        tensors |= {"probe.x": x, "probe.y": answer(model, x)}
    header = {
        "format": FORMAT,
        "architecture": tone.architecture,
        "config": to_json(model.config),
        "graph": graph,
        "ports": [asdict(port) | {"rate": str(port.rate)} for port in model.ports],
        "sample_rate": tone.sample_rate,
        "ratio": str(model.ratio),
        "block": model.block,
        "latency": model.latency,
        "settle": model.settle,
        **{name: getattr(tone, name) for name in ("levels", "metrics", "provenance", "history")},
    }
    text = json.dumps(_finite(header), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return safetensors.torch.save(tensors, metadata={KEY: text})


def load(path: Path | str) -> Tone:
    """Read a .tone file. Runs no code from it, and believes no size before it has checked it.

    Raises:
        FileError: when it is missing, damaged, foreign, or of a future format.

    >>> load("missing.tone")
    Traceback (most recent call last):
    tonewright.errors.FileError: there is no file missing.tone
    """
    header = read_header(path)
    try:
        architecture = _field(header, "architecture", str)
        room = models.find(architecture)
        config = from_json(room.Config, _field(header, "config", dict))
        tensors = safetensors.torch.load_file(path)
        model = _build(room.Model, config, tensors)
        rate, facts = _field(header, "sample_rate", int), _facts(header)
    except ConfigError as error:
        raise FileError(f"{path} is damaged or from another version: {error}") from error
    except (safetensors.SafetensorError, OSError) as error:
        raise FileError(f"{path} is damaged: {error}") from error
    if not 1000 <= rate <= 1_000_000:
        raise FileError(f"{path} is damaged: its sample rate is no rate of sound")
    if rate != (built := getattr(config, "sample_rate", rate)):
        raise FileError(f"{path} is damaged: it says {rate} Hz, and its settings are for {built} Hz")
    return Tone(architecture, model.eval(), rate, **facts)


def read_header(path: Path | str) -> dict:
    """The JSON of a .tone file, without its weights.

    Raises:
        FileError: as `load`.
    """
    path = Path(path)
    try:
        raw = _raw_header(path)
    except OSError as error:
        raise FileError(
            f"{path} cannot be read ({error.strerror}); copy it to where you may read it"
        ) from error
    try:
        header = json.loads(json.loads(raw)["__metadata__"][KEY])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileError(f"{path} is not a .tone file") from error
    if not isinstance(header, dict) or type(header.get("format")) is not int or header["format"] < 1:
        raise FileError(f"{path} is not a .tone file")
    if header["format"] > FORMAT:
        raise FileError(
            f"{path} is of format {header['format']} and this version reads up to {FORMAT}; update tonewright"
        )
    return header


def probe_samples(model: Model) -> int:
    """Length of the probe: short for a loop, which torch plays sample by sample."""
    return SHORT_PROBE if any(isinstance(module, Feedback) for module in model.modules()) else PROBE_SAMPLES


def probe(sample_rate: int, samples: int = PROBE_SAMPLES) -> Tensor:
    """A short sound that asks a model for everything: silence, a rising sweep, and noise at three levels. [T]"""
    silence, rising = samples // 16, samples // 2
    t = np.arange(rising) / sample_rate
    octaves = math.log2(0.4 * sample_rate / 40.0)
    phase = 2 * math.pi * 40.0 * (2 ** (octaves * t / t[-1]) - 1) * t[-1] / (octaves * math.log(2))
    noise = np.random.default_rng(0).standard_normal(samples - silence - rising)
    levels = np.repeat([0.01, 0.1, 0.3], -(-len(noise) // 3))[: len(noise)]
    sound = np.concatenate([np.zeros(silence), 0.5 * np.sin(phase), levels * noise])
    return torch.from_numpy(sound.astype(np.float32))


@one_thread()
@torch.no_grad()
def answer(model: Model, x: Tensor) -> Tensor:
    """The model's answer to the probe [T], after silence and with its controls at their defaults.

    Input c hears it 7 c samples late, for what is the same on all sides says little of a model that tells them apart.

    Returns:
        [T * ratio]; of a model of several channels, [outputs, T * ratio].
    """
    inputs, outputs = channels_of(model)
    lead = -(-model.settle // model.block) * model.block
    x = x[: len(x) // model.block * model.block]
    rows = [torch.cat([x.new_zeros(lead + c * PROBE_STEP), x])[: lead + len(x)] for c in range(inputs)]
    played, state = [], model.initial_state(1)
    for piece in torch.stack(rows)[None].split(-(-PIECE // model.block) * model.block, dim=-1):
        ports = {
            port.name: torch.full((1, 1, int(piece.shape[-1] * port.rate)), port.default, dtype=x.dtype)
            for port in model.ports
        }
        y, state = model(piece, state, **ports)
        played.append(y)
    y = torch.cat(played, dim=-1)[0, :, int(lead * model.ratio) :].contiguous()
    return y[0] if (inputs, outputs) == (1, 1) else y


def self_check(path: Path | str, tone: Tone) -> float:
    """Largest difference between the answer stored in the file and the one that the model gives now."""
    tensors = safetensors.torch.load_file(path)
    if "probe.x" not in tensors or "probe.y" not in tensors:
        raise FileError(f"{path} has no probe; write it again with this version")
    x, y = tensors["probe.x"], tensors["probe.y"]
    if x.ndim != 1 or not 0 < len(x) <= MAX_PROBE or x.dtype != torch.float32:
        raise FileError(f"{path} is damaged: its probe is not a short sound")
    got = answer(tone.model, x)
    if got.shape != y.shape or got.dtype != y.dtype:
        raise FileError(f"{path} is damaged: its probe and the answer have different lengths or types")
    return float((got - y).abs().max())


def _build(make, config, tensors: dict[str, Tensor]) -> Model:
    """The model of those settings with those weights; the shapes are compared before any memory is taken."""
    with torch.device("meta"):
        wanted = make(config).state_dict()
    given = {name: value for name, value in tensors.items() if not name.startswith(("probe.", FOLDED))}
    for name in wanted.keys() | given.keys():
        a, b = wanted.get(name), given.get(name)
        if a is None or b is None or a.shape != b.shape or b.dtype != torch.float32:
            raise ConfigError(f"the weights '{name}' are not those that the settings ask for")
        if not bool(torch.isfinite(b).all()):
            raise ConfigError(f"the weights '{name}' hold NaN or infinite numbers")
    model = make(config)
    model.load_state_dict(given)
    return model


def check_is_file(path: Path) -> None:
    """Refuse what is not there, and what is there and holds nothing that can be read twice.

    Raises:
        FileError: saying which.
    """
    if path.is_file():
        return
    if path.exists():
        raise FileError(f"{path} is no file, but a folder or a pipe; name a file")
    raise FileError(f"there is no file {path}")


def _raw_header(path: Path) -> bytes:
    check_is_file(path)
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(MAX_HEADER, size - 8) or size > MAX_FILE:
            raise FileError(f"{path} is not a .tone file, or only a part of one")
        return file.read(length)


def _facts(header: dict) -> dict:
    """What is told of the model beside how to play it; whoever shows it may trust the types."""
    levels, metrics = (_field(header, name, dict) for name in ("levels", "metrics"))
    words, history = _field(header, "provenance", dict), _field(header, "history", list)
    if not all(isinstance(word, str) for word in words.values()):
        raise ConfigError("'provenance' holds something that is no words")
    if not all(isinstance(row, dict) for row in history):
        raise ConfigError("'history' holds something that is no row")
    # earlier versions knew one error only, and called it by its name
    history = [{"error" if key == "esr" else key: value for key, value in row.items()} for row in history]
    if not all(row.keys() == ROW for row in history):
        raise ConfigError(f"'history' wants rows of {', '.join(sorted(ROW))}")
    numbers = [*levels.values(), *metrics.values(), *(value for row in history for value in row.values())]
    if not all(value is None or (type(value) in (int, float) and abs(value) < 1e300) for value in numbers):
        raise ConfigError("'levels', 'metrics' or 'history' holds something that is no number")
    # what was not finite was written as null
    levels, metrics = (
        {name: math.nan if value is None else float(value) for name, value in given.items()}
        for given in (levels, metrics)
    )
    return {"levels": levels, "metrics": metrics, "provenance": words, "history": history}


def _field(header: dict, name: str, kind: type):
    value = header.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ConfigError(f"'{name}' is missing or not a {kind.__name__}")
    return value


def _finite(value):
    """NaN and infinity, which JSON cannot say, as null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Fraction) else value
