"""ONNX, for programs of one's own: a model whose memory goes in and comes out beside the sound.

Such a file plays in any runtime that knows the operations, without any code of ours:

    inputs    x                [1, channels, samples]  any number of samples that is a multiple of `block`
              control.<name>   [1, 1, samples], or [1, 1, 1] to hold it
              state.<number>   what the last call gave as next.<number>, and in the first call start.<number>
    outputs   y                [1, channels, samples * ratio]
              next.<number>    for the call after
              start.<number>   to begin with: settled silence with the controls at their defaults

All inputs are wanted in every call, for runtimes differ in what they let a program leave out. What `start` gives is
the same in all calls: a program asks for it once, with zeros for all inputs, and from then on for the other outputs.
One sound has one memory: of a stereo sound through a model of one channel, each channel takes calls of its own.
"""

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tonewright.atomic import write_whole
from tonewright.errors import ConfigError, FileError
from tonewright.export.graphs import traced
from tonewright.layers.graph import places_of_memory
from tonewright.models.base import channels_of
from tonewright.runtime.player import Player
from tonewright.runtime.stream import settled_state

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

LONGEST = (1 << 31) - (1 << 20)  # bytes of weights; a file of this kind ends at 2^31
CUTS = (64, 1, 480, 7, 2048)  # blocks of a replay, in turn
KINDS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}
TOLD = ("name", "author", "description", "license")  # beside what is told of every model


def check(player: Player) -> None:
    """Refuse a model that cannot be said in ONNX.

    Raises:
        ConfigError: with what it cannot say.
    """
    from tonewright.export.onnx.operations import unknown

    graph, tensors = traced(player.model)
    if found := unknown(graph):
        raise ConfigError(f"ONNX cannot say the operation '{found[0]}' of this model; keep it as .tone")
    size = sum(tensor.nbytes for tensor in tensors.values())
    if size > LONGEST:
        raise ConfigError(
            f".onnx files end at 2 GB, and this model has {size / 1e9:.1f} GB of weights; choose a smaller preset"
        )


def write(player: Player, path: Path, about: dict[str, str] | None = None) -> str:
    """Write the model, whole or not at all; the same model gives the same bytes.

    Args:
        player: of the model.
        path: to write.
        about: words of it, by name.

    Returns:
        What was written, in words.

    Raises:
        ConfigError: when ONNX cannot say the model, or the package onnx is not installed.
        FileError: when it cannot be written there.
    """
    check(player)
    if importlib.util.find_spec("onnx") is None:
        raise ConfigError(
            "writing .onnx wants the package onnx, and it is not installed; write: pip install '.[onnx]'"
        )
    import onnx

    from tonewright.export.onnx.translate import IR, OPSET

    made = to_onnx(player)
    onnx.helper.set_model_props(made, _facts(player, about or {}))
    write_whole(path, made.SerializeToString(deterministic=True))
    memories = sum(port.name.startswith("state.") for port in made.graph.input)
    words = "1 memory" if memories == 1 else f"{memories} memories"
    blocks = (
        "blocks of any size" if player.model.block == 1 else f"blocks of multiples of {player.model.block}"
    )
    late = f"; {player.model.latency} samples late" if player.model.latency else ""
    return (
        f"a {player.tone.architecture} model at {player.sample_rate} Hz for {blocks}, with {words} as "
        f"inputs and outputs{late}; opset {OPSET}, IR {IR}"
    )


def to_onnx(player: Player):
    """The onnx.ModelProto of a model."""
    from tonewright.export.onnx.translate import translate

    model, controls = player.model, player.controls
    graph, tensors = traced(model)
    arrays = {name: tensor.detach().numpy() for name, tensor in tensors.items()}
    state = settled_state(model, 1, controls)
    memory = [state[place].numpy() for place in places_of_memory(model, tuple(controls))]
    _, outputs = channels_of(model)
    return translate(graph, arrays, memory, tuple(controls), outputs, str(model.ratio))


def replay(player: Player, path: Path, x: np.ndarray) -> np.ndarray:
    """The sound x [T] or [inputs, T] through the file in ONNX Runtime, in blocks of many sizes: the raw stream.

    Raises:
        FileError: when the runtime does not play it.
    """
    blocks, ratio = player.model.block, player.model.ratio
    rows = np.atleast_2d(x).astype(np.float32)
    waiting = np.zeros((channels_of(player.model)[1], int((blocks - 1) * ratio)), np.float32)
    y = np.concatenate([waiting, *play(path, rows, player.controls, blocks)], axis=-1)[
        :, : int(rows.shape[-1] * ratio)
    ]
    return y[0] if x.ndim == 1 and len(y) == 1 else y


def play(path: Path, x: np.ndarray, controls: dict[str, float], block: int = 1) -> Iterator[np.ndarray]:
    """What ONNX Runtime makes of x [inputs, T], block by block, without what is left at the end."""
    session = _session(path)
    given = {f"control.{name}": np.full((1, 1, 1), value, np.float32) for name, value in controls.items()}
    given |= started(session, block)
    wanted = ["y", *(port.name for port in session.get_outputs() if port.name.startswith("next."))]
    start, turn = 0, 0
    while (left := (x.shape[-1] - start) // block * block) > 0:
        size = min(left, max(1, CUTS[turn % len(CUTS)] // block) * block)
        y, *memory = session.run(wanted, given | {"x": x[None, :, start : start + size]})
        given |= {f"state.{i}": after for i, after in enumerate(memory)}
        start, turn = start + size, turn + 1
        yield y[0]


def started(session: "InferenceSession", block: int = 1) -> dict[str, np.ndarray]:
    """The states of a first call, by name: what the file gives as `start`, for zeros."""
    zeros = {}
    for port in session.get_inputs():
        free = block if port.name == "x" else 1  # a control holds for all samples
        shape = [size if isinstance(size, int) else free for size in port.shape]
        zeros[port.name] = np.zeros(shape, KINDS[port.type])
    names = [port.name for port in session.get_outputs() if port.name.startswith("start.")]
    first = session.run(names, zeros) if names else []
    return {f"state.{i}": memory for i, memory in enumerate(first)}


def _session(path: Path) -> "InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common class
        raise FileError(f"ONNX Runtime does not play {path} ({error})") from error


def _facts(player: Player, about: dict[str, str]) -> dict[str, str]:
    """What a program needs to know beside the graph, and what people want to."""
    model = player.model
    ports = [asdict(port) | {"rate": str(port.rate)} for port in model.ports]
    facts = {name: getattr(model, name) for name in ("ratio", "block", "latency", "settle")}
    facts |= {"architecture": player.tone.architecture, "sample_rate": player.sample_rate}
    known = player.tone.provenance
    told = {name: known[name] for name in TOLD if known.get(name)}
    if known.get("modeled_by"):  # as files of .nam call it
        told = {"author": known["modeled_by"]} | told
    told |= about
    words = {
        name: str(Fraction(value) if name == "ratio" else value) for name, value in (facts | told).items()
    }
    return words | {"ports": json.dumps(ports, sort_keys=True)}
