"""A layer graph as a model of ONNX: op by op, with what it remembers as inputs and outputs."""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper

from tonewright.export.onnx import operations
from tonewright.export.onnx.node import Node
from tonewright.export.onnx.sheet import Sheet, element, initializer

# ONNX 1.13, of December 2022; the first opset with the exclusive or of numbers, for the noise.
OPSET, IR = 18, 8
X, Y, STATE, NEXT, START, CONTROL = "x", "y", "state.", "next.", "start.", "control."


def translate(
    graph: dict,
    tensors: dict[str, np.ndarray],
    memory: list[np.ndarray],
    controls: Sequence[str],
    outputs: int,
    ratio: str = "1",
) -> onnx.ModelProto:
    """The model of a graph.

    Args:
        graph: as layers/graph.py has it.
        tensors: all that it names.
        memory: where each memory begins, in the order of the nodes, with a first axis of 1.
        controls: their names.
        outputs: channels that come out.
        ratio: samples that come out for one that goes in; in words.

    Returns:
        Inputs `x` [1, channels, samples], `control.<name>` [1, 1, samples or 1] and `state.<number>`; outputs `y`,
        `next.<number>` and, the same at any time, `start.<number>`.
    """
    sheet = Sheet()
    values = {X: X} | {name: _held(sheet, name) for name in controls}
    count = range(len(memory))
    y, after = _play(graph, tensors, sheet, values, [f"{STATE}{i}" for i in count])
    names = [Y, *(f"{NEXT}{i}" for i in count)]
    for name, made in zip(names, [y, *after], strict=True):
        sheet.nodes.append(helper.make_node("Identity", [made], [name], name=name))
    channels = next(node["attributes"]["channels"] for node in graph["nodes"] if node["op"] == "input")
    given = [_value(X, np.float32, [1, channels, "samples"])]
    given += [_value(f"{CONTROL}{name}", np.float32, [1, 1, f"samples of {name}"]) for name in controls]
    given += _remembered(STATE, memory)
    results = [_value(Y, np.float32, [1, outputs, "samples" if ratio == "1" else f"samples * {ratio}"])]
    results += _remembered(NEXT, memory) + _remembered(START, memory)
    # No node makes a start: a runtime has nothing to do for it before it is asked.
    kept = sheet.tensors | {f"{START}{i}": memory[i] for i in count}
    constants = [initializer(name, array) for name, array in kept.items()]
    whole = helper.make_graph(sheet.nodes, "tonewright", given, results, constants)
    return helper.make_model(
        whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="tonewright"
    )


def _held(sheet: Sheet, name: str) -> str:
    """A control, one value for all samples or one for each, as one for each."""
    shape = sheet.cat(np.array([1, 1]), sheet.length(X), axis=0)
    return sheet("Expand", f"{CONTROL}{name}", shape)


def _play(graph: dict, tensors: dict, sheet: Sheet, values: dict[str, str], state: list[str]):
    """What a graph makes of its inputs, by port, and what it remembers afterwards."""
    made, after, place = [], [], 0
    for row in graph["nodes"]:
        if row["op"] == "input":
            made.append(values[row["attributes"]["port"]])
            continue
        own = state[place : place + len(row["state"])]
        place += len(own)
        node = Node(
            op=row["op"],
            name=row["name"],
            sheet=sheet,
            inputs=[made[i] for i in row["inputs"]],
            attributes=row["attributes"],
            weights=row["weights"],
            tensors=tensors,
            state=own,
            shapes=[memory["shape"] for memory in row["state"]],
            kinds=[np.dtype(memory["dtype"]).type for memory in row["state"]],
        )
        made.append(_loop(node) if row["op"] == "feedback" else operations.OPS[row["op"]](node))
        after += node.after
    return made[graph["output"]], after


def _loop(node: Node) -> str:
    """Sample by sample."""

    def step(sheet: Sheet, state: list[str], heard: list[str]):
        values = {"x": sheet.unsqueeze(heard[0], 2), "y": state[0]}
        y, after = _play(node.attributes["graph"], node.tensors, sheet, values, state[1:])
        return [y, *after], [sheet.squeeze(y, 2)]

    state = list(zip(node.state, node.kinds, strict=True))
    f32 = np.float32
    node.after, (y,) = node.sheet.scan(step, state, [(node.inputs[0], f32)], [f32], axis=2)
    return y


def _remembered(name: str, memory: list[np.ndarray]) -> list[onnx.ValueInfoProto]:
    return [_value(f"{name}{i}", first.dtype, first.shape) for i, first in enumerate(memory)]


def _value(name: str, kind, shape) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, element(kind), list(shape))
