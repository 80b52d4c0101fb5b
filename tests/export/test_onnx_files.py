"""What a file of ONNX holds and says, what goes in and comes out, and what is refused."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from tests.export.onnx_models import noise, small
from tests.export.onnx_sessions import player_of, session_of, wanted
from tonewright.errors import ConfigError, FileError
from tonewright.export import onnx as module
from tonewright.export.onnx import operations
from tonewright.layers.base import Layer


def test_all_inputs_are_plain_ones():
    made = module.to_onnx(small("lstm", "2x8", knobs=("drive",)))
    inputs = ["x", "control.drive", *(f"state.{i}" for i in range(4))]
    assert [port.name for port in made.graph.input] == inputs
    assert not {tensor.name for tensor in made.graph.initializer} & set(inputs)
    session = session_of(made)
    assert [port.name for port in session.get_inputs()] == inputs
    starts = [f"start.{i}" for i in range(4)]
    assert [port.name for port in session.get_outputs()] == wanted(session) + starts
    with pytest.raises(ValueError, match="missing"):
        session.run(None, {"x": noise()[None]})


def test_what_is_given_to_start_with_is_settled_silence_and_no_work():
    player = small("wavenet", "nano")
    made = module.to_onnx(player)
    assert not [name for node in made.graph.node for name in node.output if name.startswith("start.")]
    session, x = session_of(made), noise()
    memory = module.started(session)
    kept = {tensor.name: tensor for tensor in made.graph.initializer}
    for i, settled in enumerate(module.settled_state(player.model, 1, {})):
        assert np.array_equal(memory[f"state.{i}"], settled.numpy())
        assert np.array_equal(memory[f"state.{i}"], numpy_helper.to_array(kept[f"start.{i}"]))
    silence = session.run(["y"], {"x": np.zeros((1, 1, 500), np.float32)} | memory)[0]
    assert np.ptp(silence) < 1e-6
    zeros = {name: 0 * array for name, array in memory.items()}
    y, other = (session.run(["y"], {"x": x[None]} | state)[0] for state in (memory, zeros))
    assert np.abs(y - other).max() > 1e-3


def test_each_node_has_a_name_of_its_own():
    made = module.to_onnx(small("chain", "movement"))
    names = [node.name for node in made.graph.node]
    loops = [
        attribute.g for node in made.graph.node for attribute in node.attribute if attribute.HasField("g")
    ]
    names += [node.name for loop in loops for node in loop.node]
    assert loops and all(names) and len(set(names)) == len(names)


def test_the_file_says_what_it_is(tmp_path):
    player = small("lstm", "1x8", knobs=("drive",))
    player.tone.provenance["name"] = "amp"
    said = module.write(player, tmp_path / "a.onnx", about={"author": "me"})
    assert said == (
        "a lstm model at 48000 Hz for blocks of any size, with 2 memories as inputs and outputs; opset 18, IR 8"
    )
    made = onnx.load(tmp_path / "a.onnx")
    onnx.checker.check_model(made, full_check=True)
    props = {row.key: row.value for row in made.metadata_props}
    assert props["name"] == "amp" and props["author"] == "me" and props["architecture"] == "lstm"
    assert [props[key] for key in ("sample_rate", "ratio", "block", "latency")] == ["48000", "1", "1", "0"]
    (port,) = json.loads(props["ports"])
    assert (port["name"], port["minimum"], port["maximum"], port["default"]) == ("drive", 0.0, 1.0, 0.5)
    assert made.opset_import[0].version == 18 and made.ir_version == 8 and not made.graph.value_info
    session = session_of(str(tmp_path / "a.onnx"))
    assert session.get_modelmeta().custom_metadata_map["settle"] == str(player.model.settle)
    assert wanted(session) == ["y", "next.0", "next.1"]


def test_a_model_written_twice_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        module.write(small("chain", "space"), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_nothing_is_left_of_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(FileError, match="there is no folder"):
        module.write(small("wavenet", "nano"), tmp_path / "none" / "a.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_told(monkeypatch):
    player = small("wavenet", "nano")
    module.check(player)
    monkeypatch.setattr(module, "LONGEST", 1000)
    with pytest.raises(ConfigError, match=r"end at 2 GB, and this model has 0\.0 GB of weights"):
        module.check(player)
    monkeypatch.delitem(operations.OPS, "tanh")
    with pytest.raises(ConfigError, match=r"ONNX cannot say the operation .tanh."):
        module.check(player)


def test_what_no_graph_can_hold_is_told():
    class Arched(Layer):
        inputs = outputs = 1

        def forward(self, x, state):
            return torch.cosh(x), []

    with pytest.raises(ConfigError, match="cosh"):
        module.check(player_of(Arched()))


def test_a_missing_package_is_told_when_a_file_is_written(monkeypatch, tmp_path):
    player = small("wavenet", "nano")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    module.check(player)
    with pytest.raises(ConfigError, match=r"wants the package onnx, .* pip install '\.\[onnx\]'"):
        module.write(player, tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_model_is_looked_at_without_the_package():
    code = """
import sys
sys.modules["onnx"] = None
from tonewright.export.onnx import operations
print(operations.unknown({"nodes": [{"op": "warp"}]}))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "['warp']\n"


@pytest.mark.parametrize(
    ("provenance", "about", "author"),
    [
        ({"modeled_by": "you"}, {}, "you"),
        ({"modeled_by": "you", "author": "me"}, {}, "me"),
        ({"modeled_by": "you", "author": ""}, {}, "you"),
        ({"author": "me"}, {"author": "her"}, "her"),
        ({}, {}, None),
    ],
)
def test_who_made_a_model(provenance, about, author, tmp_path):
    player = small("wavenet", "nano")
    player.tone.provenance.update(provenance)
    module.write(player, tmp_path / "a.onnx", about=about)
    props = {row.key: row.value for row in onnx.load(tmp_path / "a.onnx").metadata_props}
    assert props.get("author") == author and "modeled_by" not in props


def test_a_file_that_does_not_play_is_told(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"\x08\x08nothing")
    with pytest.raises(FileError, match="ONNX Runtime does not play"):
        module.replay(small("wavenet", "nano"), tmp_path / "a.onnx", noise()[0])
