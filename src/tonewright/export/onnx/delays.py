"""Delay lines that feed themselves, in float64: what comes out before the shortest delay is over is known at once."""

from typing import TYPE_CHECKING

import numpy as np

from tonewright.dsp.delay_line import LEAST, REACH
from tonewright.export.onnx.node import Node

if TYPE_CHECKING:
    from tonewright.export.onnx.sheet import Sheet

F64 = np.float64
# The interpolator of Lagrange by powers of the fraction, 0 to 3: a column for each place that is read, oldest first.
POWERS = np.arange(4.0)
LAGRANGE = np.array(
    [[0, 0, 1, 0], [-1 / 6, 1, -1 / 2, -1 / 3], [0, 1 / 2, -1, 1 / 2], [1 / 6, -1 / 2, 1 / 2, -1 / 6]]
)


def delay_line(node: Node) -> str:
    sheet = node.sheet
    x = sheet.squeeze(sheet.cast(node.inputs[0], F64), 0)  # [C, T]
    line, last = sheet.squeeze(node.state[0], 0), sheet.transpose(node.state[1], 1, 0)
    feedback, damping = node.number("feedback"), node.number("damping")
    places, taps, piece = _read(node, sheet.length(x, axis=1))

    def heard(sheet: "Sheet", line: str, places: str, taps: str, last: str) -> str:
        """What comes out of the line at these places [samples, 4]."""
        y = sheet.total(sheet("Mul", sheet.take(line, places, axis=1), taps), axis=-1)
        return _one_pole(sheet, y, last, np.array([damping])) if damping else y

    def step(sheet: "Sheet", start: str, stop: str, state):
        line, y, last = state
        now = [sheet.slice(part, start, stop, axis=0) for part in (places, taps)]
        made = heard(sheet, line, *now, last)
        given = sheet("Add", sheet.slice(x, start, stop), sheet("Mul", made, F64(feedback)))
        return [sheet.cat(line, given), sheet.cat(y, made), sheet.slice(made, -1)]

    if feedback == 0.0:
        line = sheet.cat(line, x)
        y = heard(sheet, line, places, taps, last)
        last = sheet.slice(y, -1)
    else:
        none = sheet("Identity", np.zeros((node.shapes[0][0], 0)))
        line, y, last = _pieces(sheet, step, x, piece, [line, none, last])
    node.after = [
        sheet.unsqueeze(sheet.slice(line, -node.shapes[0][1]), 0),
        sheet.transpose(last, 1, 0),
    ]
    return sheet.cast(sheet.unsqueeze(y, 0), np.float32)


def _read(node: Node, length: str) -> tuple[str, str, str]:
    """Where the line is read, [T, 4], how much of each place, and how many samples come out of what is in it already.

    Of a whole delay of n, a sample is read n - 1 samples after it came at the soonest.
    """
    sheet, most = node.sheet, float(node.attributes["most"])
    if len(node.inputs) == 2:
        delay = sheet.reshape(sheet.cast(node.inputs[1], F64), -1)
        delay = sheet("Where", sheet("GreaterOrEqual", delay, F64(LEAST)), delay, F64(LEAST))
        delay = sheet("Min", delay, F64(most))
        floor = sheet("Floor", delay)
        taps = sheet("MatMul", sheet("Pow", sheet.unsqueeze(sheet("Sub", delay, floor), 1), POWERS), LAGRANGE)
        whole = sheet.cast(floor, np.int64)
        shortest = sheet.total(whole, 0, "Min")
    else:
        delay = min(max(node.number("delay"), LEAST), most)
        taps = (delay % 1.0) ** POWERS @ LAGRANGE
        taps = sheet("Expand", taps, sheet.cat(length, np.array([4]), axis=0))
        whole = shortest = np.int64(delay)
    first = sheet.unsqueeze(sheet("Sub", sheet.count(length), whole), 1)
    places = sheet("Add", first, node.shapes[0][1] - REACH + np.arange(4))
    return places, taps, sheet("Sub", shortest, np.int64(1))


def delay_network(node: Node) -> str:
    sheet, delays = node.sheet, node.attributes["delays"]
    gains, damping, inputs, outputs = (
        node.array(key)[:, None] for key in ("gains", "damping", "inputs", "outputs")
    )
    x = sheet.squeeze(sheet.cast(node.inputs[0], F64), 0)  # [C, T]
    memory, low = (sheet.squeeze(state, 0) for state in node.state)
    ends = np.cumsum(delays)
    lines = [sheet.slice(memory, end - delay, end) for delay, end in zip(delays, ends, strict=True)]

    def step(sheet: "Sheet", start: str, stop: str, state):
        y, low, *lines = state
        given = sheet.slice(x, start, stop)
        size = sheet.length(given, axis=1)
        read = sheet.cat(*(sheet.unsqueeze(sheet.slice(line, 0, size), 1) for line in lines), axis=1)
        low = sheet.unsqueeze(low, 2)
        p = _one_pole(sheet, read, low, damping[:, 0], axis=2)
        f = sheet("Mul", p, gains)
        made = sheet.total(sheet("Mul", f, outputs), axis=1)
        mixed = sheet("Mul", sheet.total(f, axis=1, keep=True), F64(2.0 / len(delays)))
        w = sheet("Sub", sheet("Add", sheet("Mul", sheet.unsqueeze(given, 1), inputs), f), mixed)
        rows = [sheet.take(w, np.int64(i), axis=1) for i in range(len(lines))]
        lines = [sheet.cat(sheet.slice(line, size), row) for line, row in zip(lines, rows, strict=True)]
        return [sheet.cat(y, made), sheet.squeeze(sheet.slice(p, -1), 2), *lines]

    none = sheet("Identity", np.zeros((node.shapes[0][0], 0)))
    shortest = sheet("Identity", np.int64(min(delays)))
    y, low, *lines = _pieces(sheet, step, x, shortest, [none, low, *lines])
    node.after = [sheet.unsqueeze(sheet.cat(*lines), 0), sheet.unsqueeze(low, 0)]
    return sheet.cast(sheet.unsqueeze(y, 0), np.float32)


def _pieces(sheet: "Sheet", step, x: str, size: str, state: list[str]) -> list[str]:
    """step(sheet, start, stop, state) for pieces of x [C, T] of so many samples, of which the last may be shorter."""

    def piece(sheet: "Sheet", number: str, state):
        start = sheet.reshape(sheet("Mul", number, size), 1)
        return step(sheet, start, sheet("Add", start, size), state)

    last = sheet("Sub", sheet.squeeze(sheet.length(x, axis=1), 0), np.int64(1))
    times = sheet("Add", sheet("Div", last, size), np.int64(1))
    return sheet.loop(piece, times, [(name, F64) for name in state])


def _one_pole(sheet: "Sheet", r: str, last: str, damping: np.ndarray, axis: int = 1) -> str:
    """y = r + damping (the y before - r) along the last axis of r; `last` is the y before the first sample."""

    def step(sheet: "Sheet", state, heard):
        y = sheet("Add", sheet("Mul", state[0], damping), heard[0])
        return [y], [y]

    given = sheet("Mul", r, 1.0 - damping[:, None])
    first = [(sheet.squeeze(last, axis), F64)]
    _, (y,) = sheet.scan(step, first, [(given, F64)], [F64], axis=axis, rank=axis)
    return y


OPS = {"delay_line": delay_line, "delay_network": delay_network}
