"""Recurrent networks: LSTM and GRU."""

import numpy as np

from tonewright.export.onnx.node import Node


def lstm(node: Node) -> str:
    """Our gates are i, f, g, o; theirs i, o, f, c."""
    sheet, (h, c) = node.sheet, node.state
    y, h, c = sheet(
        "LSTM",
        sheet.transpose(node.inputs[0], 2, 0, 1),
        *_gates(node, (0, 3, 1, 2)),
        "",
        sheet.unsqueeze(h, 0),
        sheet.unsqueeze(c, 0),
        outputs=3,
        hidden_size=node.attributes["hidden"],
    )
    node.after = [sheet.squeeze(h, 0), sheet.squeeze(c, 0)]
    return _sound(node, y)


def gru(node: Node) -> str:
    """Our gates are r, z, n; theirs z, r, h. The reset gate scales what comes of the past with its bias."""
    sheet = node.sheet
    y, h = sheet(
        "GRU",
        sheet.transpose(node.inputs[0], 2, 0, 1),
        *_gates(node, (1, 0, 2)),
        "",
        sheet.unsqueeze(node.state[0], 0),
        outputs=2,
        hidden_size=node.attributes["hidden"],
        linear_before_reset=1,
    )
    node.after = [sheet.squeeze(h, 0)]
    return _sound(node, y)


def _gates(node: Node, order: tuple[int, ...]) -> list[np.ndarray]:
    """The weights of what is heard, of what is remembered, and both biases."""
    parts = [node.tensors[node.weights[key]] for key in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    ours = [np.split(part, len(order)) for part in parts]
    w, r, b_w, b_r = (np.concatenate([part[gate] for gate in order])[None] for part in ours)
    return [w, r, np.concatenate([b_w, b_r], axis=1)]


def _sound(node: Node, y: str) -> str:
    """[T, 1, 1, hidden] to [1, hidden, T]."""
    return node.sheet.transpose(node.sheet.squeeze(y, 1), 1, 2, 0)


OPS = {"lstm": lstm, "gru": gru}
