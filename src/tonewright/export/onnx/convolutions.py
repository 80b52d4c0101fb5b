"""What remembers the last samples that it heard: convolutions, the plain delay, long filters; and what counts."""

import numpy as np

from tonewright.export.onnx.node import Node


def conv1d(node: Node) -> str:
    facts = node.attributes
    return node.sheet(
        "Conv",
        node.remembering(facts["memory"]),
        node.weight("weight"),
        *([node.weight("bias")] if "bias" in node.weights else []),
        dilations=[facts["dilation"]],
        strides=[facts["stride"]],
        group=facts["groups"],
    )


def conv_transpose1d(node: Node) -> str:
    facts, kernel = node.attributes, node.array("weight").shape[2]
    # of what comes out, the part of what is remembered, and what later samples still add to
    cut = [facts["memory"] * facts["stride"], kernel - facts["stride"]]
    return node.sheet(
        "ConvTranspose",
        node.remembering(facts["memory"]),
        node.weight("weight"),
        *([node.weight("bias")] if "bias" in node.weights else []),
        strides=[facts["stride"]],
        group=facts["groups"],
        pads=cut,
    )


def delay(node: Node) -> str:
    samples = node.attributes["samples"]
    heard = node.remembering(samples)
    return node.sheet.slice(heard, 0, -samples) if samples else heard


def long_fir(node: Node) -> str:
    """Every channel by itself: as if each were another sound."""
    sheet, taps = node.sheet, node.array("response")
    heard = sheet.cat(node.state[0], node.inputs[0])
    node.after = [sheet.slice(heard, sheet.length(node.inputs[0]))]
    rows = sheet.transpose(heard, 1, 0, 2)
    y = sheet("Conv", rows, taps[None, None, ::-1].astype(np.float32))
    return sheet.transpose(y, 1, 0, 2)


def alternate(node: Node) -> str:
    sheet, channels = node.sheet, node.attributes["channels"]
    length = sheet.length(node.inputs[0])
    odd = sheet("Mod", sheet("Add", sheet.count(length), node.state[0]), np.int64(2))
    node.after = [sheet("Mod", sheet("Add", node.state[0], length), np.int64(2))]
    turned = (-2.0 * (np.arange(channels) % 2)).astype(np.float32)[:, None]
    sign = sheet("Add", sheet("Mul", turned, sheet.cast(odd, np.float32)), np.float32(1.0))
    return sheet("Mul", node.inputs[0], sign)


OPS = {
    "conv1d": conv1d,
    "conv_transpose1d": conv_transpose1d,
    "delay": delay,
    "long_fir": long_fir,
    "alternate": alternate,
}
