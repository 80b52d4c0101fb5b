"""The real players of .nam files, where they are installed: their answers to what we wrote.

The trainer is `pip install neural-amp-modeler`; its own modules of torch play. The core is the C++ one that plugins
and boards play with, as WebAssembly: `npm install @opendaw/nam-wasm` in a folder that TONEWRIGHT_NAM_CORE names.
"""

import copy
import importlib.util
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch

CORE = os.environ.get("TONEWRIGHT_NAM_CORE", "")
SCRIPT = Path(__file__).with_name("nam_core.js")
PACKAGE = "node_modules/@opendaw/nam-wasm/dist"


def has_trainer() -> bool:
    """Whether the trainer is installed beside us."""
    return importlib.util.find_spec("nam") is not None and importlib.util.find_spec("nam.models") is not None


def has_core() -> bool:
    """Whether there is a folder with the core."""
    return bool(CORE) and (Path(CORE) / PACKAGE).is_dir()


@torch.no_grad()
def trainer(values: dict, x: np.ndarray) -> np.ndarray:
    """What the trainer's modules make of x [T], which for them begins after silence."""
    from nam.models._from_nam import init_from_nam

    model = init_from_nam(newer(values)).eval()
    return model(torch.from_numpy(x)[None], pad_start=True)[0].numpy()


def newer(values: dict) -> dict:
    """The same in the newer keys, for the trainer reads no others."""
    values = copy.deepcopy(values)
    for array in values["config"].get("layers", ()):
        if "head_size" in array:
            size, bias = array.pop("head_size"), array.pop("head_bias")
            array["head"] = {"out_channels": size, "kernel_size": 1, "bias": bias}
            del array["gated"]
    return values


def core(path: Path, x: np.ndarray, rate: int = 48000) -> np.ndarray:
    """What the core makes of x [T] with the file, in blocks of 64, after it has heard silence.

    It was built with the quick tanh that plugins switch on, which is up to some thousandths away from tanh.
    """
    with tempfile.TemporaryDirectory() as folder:
        heard, made = Path(folder) / "x.f32", Path(folder) / "y.f32"
        x.astype("<f4").tofile(heard)
        command = ["node", SCRIPT, Path(CORE) / PACKAGE, path, heard, made, str(rate)]
        subprocess.run(
            [str(word) for word in command], check=True, capture_output=True, text=True, timeout=300
        )
        return np.fromfile(made, "<f4")


def quick_tanh(x):
    """The quotient of polynomials that the core takes for tanh."""
    a = abs(x)
    above = x * (
        2.45550750702956 + 2.45550750702956 * a + (0.893229853513558 + 0.821226666969744 * a) * x * x
    )
    return above / (2.44506634652299 + (2.44506634652299 + x * x) * abs(x + 0.814642734961073 * x * a))


def quick_sigmoid(x):
    """As the core makes it of the former."""
    return 0.5 * (1.0 + quick_tanh(0.5 * x))


@torch.no_grad()
def played_quickly(model, x: np.ndarray) -> np.ndarray:
    """What our model makes of x [T] after `settle` samples of silence, with the core's tanh in place of torch's."""
    heard = torch.cat([torch.zeros(model.settle), torch.from_numpy(x)])[None, None]
    kept, torch.tanh = torch.tanh, quick_tanh
    try:
        y = quick_lstm(model, heard) if hasattr(model, "body") else model(heard, model.initial_state(1))[0]
    finally:
        torch.tanh = kept
    return y[0, 0, model.settle :].numpy()


def quick_lstm(model, x: torch.Tensor) -> torch.Tensor:
    """An LSTM of ours sample by sample, x [1, 1, T]."""
    *cells, head = model.body.layers
    x = x[0].numpy()
    for cell in cells:
        w, u = cell.weight_ih.numpy(), cell.weight_hh.numpy()
        given = w @ x + (cell.bias_ih + cell.bias_hh).numpy()[:, None]
        h, c = cell.initial_h.numpy(), cell.initial_c.numpy()
        made = np.empty((cell.hidden, x.shape[1]), np.float32)
        for t in range(x.shape[1]):
            i, f, g, o = np.split(given[:, t] + u @ h, 4)
            c = quick_sigmoid(f) * c + quick_sigmoid(i) * quick_tanh(g)
            h = made[:, t] = quick_sigmoid(o) * quick_tanh(c)
        x = made
    return head(torch.from_numpy(x)[None], [])[0] * model.head_scale
