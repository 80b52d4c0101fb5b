"""ONNX Runtime, fed block by block as a program of anybody's would."""

from collections.abc import Iterator

import numpy as np
import onnx
import onnxruntime
import torch

from tonewright import storage
from tonewright.export.onnx import started, to_onnx
from tonewright.runtime.player import Player
from tonewright.runtime.stream import settled_state


def player_of(layer, rate: int = 48000) -> Player:
    """The player of a layer by itself, which then has no settings and no controls."""
    if not hasattr(layer, "ports"):
        layer.ports = ()
    return Player(storage.Tone("any", layer, rate))


def session_of(model: onnx.ModelProto | str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    file = model if isinstance(model, str) else model.SerializeToString()
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def cuts(length: int, block: int = 1, seed: int = 0) -> Iterator[tuple[int, int]]:
    """Starts and ends of blocks of 1, 7, 64 and random sizes, as multiples of `block`; what is left is left out."""
    rng, start = np.random.default_rng(seed), 0
    while start + block <= length:
        size = block * int(rng.choice([1, 7, 64, int(rng.integers(1, 500))]))
        end = start + min(size, (length - start) // block * block)
        yield start, end
        start = end


def played(session: onnxruntime.InferenceSession, x: np.ndarray, block: int = 1, seed: int = 0, **controls):
    """x [inputs, T] in random blocks to [outputs, T * ratio]; of controls, all of them, a number or [T]."""
    memory, made = started(session, block), []
    names = wanted(session)
    for start, end in cuts(x.shape[-1], block, seed):
        given = {"x": x[None, :, start:end]} | memory
        for name, value in controls.items():
            row = np.float32(value)[None] if np.ndim(value) == 0 else np.float32(value)[start:end]
            given[f"control.{name}"] = row[None, None]
        y, *after = session.run(names, given)
        memory = {f"state.{i}": value for i, value in enumerate(after)}
        made.append(y[0])
    return np.concatenate(made, axis=-1)


def wanted(session: onnxruntime.InferenceSession) -> list[str]:
    """What a program asks for from block to block."""
    return [port.name for port in session.get_outputs() if not port.name.startswith("start.")]


@torch.inference_mode()
def by_torch(layer, x: np.ndarray, **controls) -> np.ndarray:
    """The same sound through the layer in torch, whole blocks only; of controls, all of them, a number or [T]."""
    state = settled_state(layer.eval(), 1, {port.name: port.default for port in layer.ports})
    size = x.shape[-1] // layer.block * layer.block
    ports = {
        name: torch.from_numpy(np.broadcast_to(np.float32(value), x.shape[-1:])[None, None, :size].copy())
        for name, value in controls.items()
    }
    return layer(torch.from_numpy(x[None, :, :size]), state, **ports)[0][0].numpy()


def same(layer, x: np.ndarray, tolerance: float = 1e-5, seeds: tuple[int, ...] = (0, 1)) -> None:
    """Any blocks in ONNX Runtime give what torch makes of the whole; the file is what the checker takes."""
    model = to_onnx(player_of(layer))
    onnx.checker.check_model(model, full_check=True)
    session, expected = session_of(model), by_torch(layer, x)
    for seed in seeds:
        got = played(session, x, layer.block, seed)
        np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * np.abs(expected).max())
