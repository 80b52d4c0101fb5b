"""ONNX, for programs of one's own: a model whose memory goes in and comes out beside the sound.

Such a file plays in any runtime that knows the operations, without any code of ours:

    inputs    x                [1, channels, samples]  any number of samples that is a multiple of `block`
              control.<name>   [1, 1, samples], or [1, 1, 1] to hold it; the default when it is left out
              state.<number>   what the last call gave as next.<number>; at first left out: settled silence
    outputs   y                [1, channels, samples * ratio]
              next.<number>    for the call after

One sound has one memory: of a stereo sound through a model of one channel, each channel takes calls of its own.
"""

import importlib.util
import json
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import numpy as np

from tonewright.atomic import write_whole
from tonewright.errors import ConfigError, FileError
from tonewright.layers.graph import places_of_memory, trace_whole
from tonewright.models.base import channels_of
from tonewright.runtime.player import Player
from tonewright.runtime.stream import settled_state

LONGEST = (1 << 31) - (1 << 20)  # bytes of weights; a file of this kind ends at 2^31
CUTS = (64, 1, 480, 7, 2048)  # blocks of a replay, in turn
TOLD = ("name", "author", "description", "license")  # beside what is told of every model


def check(player: Player) -> None:
    """Refuse a model that cannot be said in ONNX.

    Raises:
        ConfigError: with what it cannot say, or that the package is not installed.
    """
    if importlib.util.find_spec("onnx") is None:
        raise ConfigError(
            "writing .onnx wants the package onnx, and it is not installed; write: pip install '.[onnx]'"
        )
    from tonewright.export.onnx.operations import unknown

    graph, tensors = _of(player)
    if found := unknown(graph):
        raise ConfigError(f"ONNX cannot say the operation '{found[0]}' of this model; keep it as .tone")
    size = sum(array.nbytes for array in tensors.values())
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
        ConfigError: when ONNX cannot say the model.
        FileError: when it cannot be written there.
    """
    check(player)
    import onnx

    from tonewright.export.onnx.translate import IR, OPSET

    made = to_onnx(player)
    onnx.helper.set_model_props(made, _facts(player, about or {}))
    write_whole(path, made.SerializeToString(deterministic=True))
    memories = len(made.graph.output) - 1
    blocks = (
        "blocks of any size" if player.model.block == 1 else f"blocks of multiples of {player.model.block}"
    )
    return (
        f"a {player.tone.architecture} model at {player.sample_rate} Hz for {blocks}, with {memories} memories as "
        f"inputs and outputs; opset {OPSET}, IR {IR}"
    )


def to_onnx(player: Player):
    """The onnx.ModelProto of a model."""
    from tonewright.export.onnx.translate import translate

    graph, tensors = _of(player)
    state = settled_state(player.model, 1, player.controls)
    places = places_of_memory(player.model, tuple(player.controls))
    memory = [state[place].numpy() for place in places]
    _, outputs = channels_of(player.model)
    return translate(graph, tensors, memory, player.controls, outputs, str(player.model.ratio))


def replay(player: Player, path: Path, x: np.ndarray) -> np.ndarray:
    """The sound x [T] or [inputs, T] through the file in ONNX Runtime, in blocks of many sizes: the raw stream.

    Raises:
        FileError: when the runtime does not play it.
    """
    blocks, ratio = player.model.block, player.model.ratio
    rows = np.atleast_2d(x).astype(np.float32)
    waiting = np.zeros((channels_of(player.model)[1], int((blocks - 1) * ratio)), np.float32)
    y = np.concatenate([waiting, *play(path, rows, blocks)], axis=-1)[:, : int(rows.shape[-1] * ratio)]
    return y[0] if x.ndim == 1 and len(y) == 1 else y


def play(path: Path, x: np.ndarray, block: int = 1):
    """What ONNX Runtime makes of x [inputs, T], block by block, without what is left at the end."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common class
        raise FileError(f"ONNX Runtime does not play {path} ({error})") from error
    state, start, turn = {}, 0, 0
    while (left := (x.shape[-1] - start) // block * block) > 0:
        size = min(left, max(1, CUTS[turn % len(CUTS)] // block) * block)
        y, *memory = session.run(None, {"x": x[None, :, start : start + size]} | state)
        state = {f"state.{i}": after for i, after in enumerate(memory)}
        start, turn = start + size, turn + 1
        yield y[0]


def _of(player: Player) -> tuple[dict, dict[str, np.ndarray]]:
    """The graph, and the tensors that it names."""
    graph, folded = trace_whole(player.model, tuple(player.controls))
    tensors = player.model.state_dict() | folded
    return graph, {name: value.detach().numpy() for name, value in tensors.items()}


def _facts(player: Player, about: dict[str, str]) -> dict[str, str]:
    """What a program needs to know beside the graph, and what people want to."""
    model = player.model
    ports = [asdict(port) | {"rate": str(port.rate)} for port in model.ports]
    facts = {name: getattr(model, name) for name in ("ratio", "block", "latency", "settle")}
    facts |= {"architecture": player.tone.architecture, "sample_rate": player.sample_rate}
    told = {name: value for name, value in player.tone.provenance.items() if name in TOLD} | about
    words = {
        name: str(Fraction(value) if name == "ratio" else value) for name, value in (facts | told).items()
    }
    return words | {"ports": json.dumps(ports, sort_keys=True)}
