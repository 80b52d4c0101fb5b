"""Operations without a memory."""

import math

import numpy as np

from tonewright.export.onnx.node import Node
from tonewright.layers.dense import EPSILON

# ours: theirs
SAME = {
    "add": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "div": "Div",
    "pow": "Pow",
    "maximum": "Max",
    "minimum": "Min",
}
SAME |= {"neg": "Neg", "abs": "Abs", "exp": "Exp", "log": "Log", "sin": "Sin", "tanh": "Tanh"}
SAME |= {"sigmoid": "Sigmoid", "relu": "Relu", "softsign": "Softsign"}


def same(node: Node) -> str:
    return node.sheet(SAME[node.op], *node.inputs)


def constant(node: Node) -> str:
    return node.weight("value")


def number(node: Node) -> str:
    return node.sheet("Identity", np.float32(node.attributes["value"]))


def leaky_relu(node: Node) -> str:
    return node.sheet("LeakyRelu", node.inputs[0], alpha=node.attributes["slope"])


def gelu(node: Node) -> str:
    """In the steps that runtimes know as one operation."""
    sheet, x = node.sheet, node.inputs[0]
    if node.attributes.get("approximate") == "tanh":
        cube = sheet("Mul", sheet("Mul", x, x), x)
        inner = sheet("Add", x, sheet("Mul", cube, np.float32(0.044715)))
        share = sheet("Tanh", sheet("Mul", inner, np.float32(math.sqrt(2.0 / math.pi))))
    else:
        share = sheet("Erf", sheet("Div", x, np.float32(math.sqrt(2.0))))
    return sheet("Mul", sheet("Mul", x, sheet("Add", share, np.float32(1.0))), np.float32(0.5))


def cat(node: Node) -> str:
    return node.sheet.cat(*node.inputs, axis=1)


def slice_channels(node: Node) -> str:
    return node.sheet.slice(node.inputs[0], node.attributes["start"], node.attributes["stop"], axis=1)


def linear(node: Node) -> str:
    y = node.sheet("MatMul", node.weight("weight"), node.inputs[0])
    if "bias" not in node.weights:
        return y
    return node.sheet("Add", y, node.array("bias").astype(np.float32)[:, None])


def layer_norm(node: Node) -> str:
    sheet = node.sheet
    x = sheet.transpose(node.inputs[0], 0, 2, 1)
    y = sheet("LayerNormalization", x, node.weight("weight"), node.weight("bias"), epsilon=EPSILON)
    return sheet.transpose(y, 0, 2, 1)


def every(node: Node) -> str:
    hop = node.attributes["hop"]
    return node.sheet.slice(node.inputs[0], hop - 1, step=hop)


OPS = dict.fromkeys(SAME, same) | {
    "constant": constant,
    "number": number,
    "leaky_relu": leaky_relu,
    "gelu": gelu,
    "cat": cat,
    "slice": slice_channels,
    "linear": linear,
    "layer_norm": layer_norm,
    "every": every,
}
