"""A .tone file of a timbre from a stranger: whatever it claims, it is a sentence, soon, and no memory."""

import json
import random
import resource
import subprocess
import sys

import pytest
import safetensors.torch
import torch

from tests.models.rave.test_model import TINIES
from tests.runtime.test_native import needs_core
from tonewright import storage
from tonewright.errors import FileError, TonewrightError
from tonewright.models.rave import Model
from tonewright.runtime import native
from tonewright.runtime.native import NativeStream

LARGEST = {
    "capacity": 512,
    "ratios": [2, 2, 2, 2],
    "dilations": [[1, 3, 9, 27, 1, 3, 9, 27]] * 4,
    "latent": 512,
}
HOSTILE = (
    {"capacity": 1 << 40},
    {"capacity": -1},
    {"capacity": "4"},
    {"ratios": [2] * 1000},
    {"ratios": [1 << 30]},
    {"dilations": [[1] * 100000, [1]]},
    {"dilations": [[1 << 60, 3], [1]]},
    {"attenuation_db": 1 << 20},
    {"noise_bands": 1 << 30},
    {"latent": 0},
    {"knobs": 1 << 20},
    {"lookahead": 1e300},
    {"family": "../../etc"},
    LARGEST,  # which is allowed, and not what the weights are
)
# What reads a file in a process of its own, and says how much memory that took, in MiB.
READ = """
import resource, sys
from tonewright import storage
from tonewright.errors import FileError
from tonewright.models import find
find("rave").Model(find("rave").PRESETS["live"])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    storage.load(sys.argv[1])
except FileError as error:
    print("refused", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("rave") / "a.tone"
    storage.save(storage.Tone("rave", Model(TINIES["causal"]).eval(), 48000), path)
    return path


def changed(valid, tmp_path, **header):
    told = storage.read_header(valid)
    told |= {name: told[name] | value if name == "config" else value for name, value in header.items()}
    path = tmp_path / "b.tone"
    tensors = safetensors.torch.load_file(valid)
    path.write_bytes(safetensors.torch.save(tensors, metadata={storage.KEY: json.dumps(told)}))
    return path


@pytest.mark.parametrize("config", HOSTILE, ids=lambda config: next(iter(config)))
def test_settings_that_are_not_ours(valid, tmp_path, config):
    with pytest.raises(FileError) as told:
        storage.load(changed(valid, tmp_path, config=config))
    assert "\n" not in str(told.value) and len(str(told.value)) < 600


def test_the_largest_settings_take_no_memory_before_the_weights_fit(valid, tmp_path):
    path = changed(valid, tmp_path, config=LARGEST)
    said = subprocess.run(
        [sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True
    ).stdout
    refused, took = said.split()
    assert refused == "refused" and float(took) < 200


@needs_core
def test_a_damaged_graph_is_told_or_played(valid):
    """Numbers of the header of a file, each in turn another one: the core plays it or says why not."""
    model, data, rng = Model(TINIES["causal"]).eval(), valid.read_bytes(), random.Random(0)
    start, played = data.index(b'\\"graph\\"'), 0
    end = data.index(b'\\"latency\\"')
    digits = [at for at in range(start, end) if chr(data[at]).isdigit()]
    for at in rng.sample(digits, 300):
        other = bytearray(data)
        other[at] = ord(rng.choice("0123456789-"))
        try:
            stream = NativeStream(bytes(other), model)
            stream.process(torch.zeros(1, 700).numpy())
            played += 1
        except TonewrightError:
            pass
    assert native.why_not() is None and played < 300
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4 << 20  # KiB
