"""Files for nn~ in a host in C++ that does what nn~ does, with the libtorch that it has.

    python -m benchmarks.nn_tilde --libtorch FOLDER

The folder has `include` and `lib`, as https://pytorch.org has it for C++, in the version of nn~: 2.5.1. Flags of the
compiler and the linker that it needs besides are taken from CXXFLAGS.
"""

import argparse
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.results import table, write_section
from benchmarks.torchscript import figure
from tonewright import models
from tonewright.export import formats
from tonewright.models.base import channels_of
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream
from tonewright.storage import Tone

BUFFERS, SECONDS = (64, 2048), 3.0
PRESETS = [
    *(("wavenet", name) for name in ("standard", "a2", "gated")),
    *(("lstm", name) for name in ("1x16", "gru-1x16")),
    ("feedback", "tiny"),
    *(("chain", name) for name in ("standard", "movement", "space")),
    *(("ddsp", name) for name in ("tiny", "standard")),
    *(("rave", name) for name in ("live", "v2_small", "v2", "default")),
]
HOST = Path(__file__).with_name("nn_tilde_host.cpp")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--libtorch", type=Path, required=True)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = build(parser.parse_args().libtorch.absolute(), folder / "host")
        rows, versions = [], set()
        for key in PRESETS:
            row, version = played(program, folder, *key)
            rows.append(row)
            versions.add(version)
    words = f"""Files that were written with torch {torch.__version__}, in a host that asks for methods and attributes
and plays as nn~ does, with libtorch {", ".join(sorted(versions))}. How many times faster than it has to be, on one
thread, in its buffers; and the largest difference to torch, relative to the loudest sample.
"""
    columns = ["model", *(f"buffers of {buffer}" for buffer in BUFFERS), "error"]
    write_section("nn~: its libtorch", "benchmarks.nn_tilde", f"{words}\n{table(columns, rows)}")


def build(libtorch: Path, program: Path) -> Path:
    """The host, compiled."""
    include, lib = libtorch / "include", libtorch / "lib"
    places = [f"-I{include}", f"-I{include}/torch/csrc/api/include", f"-L{lib}", f"-Wl,-rpath,{lib}"]
    flags = [*places, "-ltorch_cpu", "-lc10", *shlex.split(os.environ.get("CXXFLAGS", ""))]
    subprocess.run(["c++", "-std=c++17", "-O2", str(HOST), *flags, "-o", str(program)], check=True)
    return program


def played(program: Path, folder: Path, architecture: str, preset: str) -> tuple[list, str]:
    """The row of a model with random weights, and the version that played it."""
    torch.manual_seed(0)
    config = models.preset(architecture, preset)
    model = models.find(architecture).Model(config)
    player = Player(Tone(architecture, model, getattr(config, "sample_rate", 48000)))
    inputs, outputs = channels_of(model)
    path, heard, made = (folder / name for name in ("model.ts", "heard", "made"))
    formats.write(formats.FORMATS["nn"], player, path)
    length = int(SECONDS * player.sample_rate) // max(BUFFERS) * max(BUFFERS)
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (inputs, length)).astype(np.float32)
    wanted, times, error, version = Stream(model.eval(), player.sample_rate).process(x), [], 0.0, ""
    wanted = wanted[:, model.block - 1 :]
    heard.write_bytes(x.tobytes())
    for buffer in BUFFERS:
        words = [str(word) for word in (program, path, "forward", buffer, heard, made)]
        told = subprocess.run(words, check=True, capture_output=True, text=True)
        version, taken = told.stdout.split()
        got = np.frombuffer(made.read_bytes(), np.float32).reshape(outputs, -1)
        late = model.block - 1 if buffer % model.block else 0
        got = got[:, late:][:, : wanted.shape[-1]]
        error = max(error, float(np.abs(got - wanted).max() / np.abs(wanted).max()))
        # where a buffer is shorter than a frame, most buffers only wait
        fits = buffer >= model.block
        times.append(figure(buffer / player.sample_rate / float(taken)) if fits else "")
    return [f"{architecture} {preset}", *times, f"{error:.0e}"], version


if __name__ == "__main__":
    main()
