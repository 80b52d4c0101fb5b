"""Recursions on single samples, in float64: filters, all-passes, followers and lags.

What is linear becomes s[t + 1] = A s[t] + v[t], which is all that is left to do sample by sample; v, and y from all
s, are products of matrices over the whole block.
"""

import numpy as np

from tonewright.dsp.all_passes import MOST
from tonewright.export.onnx.node import Node


def filters(node: Node) -> str:
    sections = node.array("sections")
    (channels, count, _) = node.shapes[0]

    def play(x: float, s: np.ndarray) -> tuple[float, np.ndarray]:
        s = s.reshape(count, 2).copy()
        for row, (g, k, direct, band, low) in zip(s, sections, strict=True):
            v1 = (row[0] + g * (x - row[1])) / (1.0 + g * (g + k))
            v2 = row[1] + g * v1
            x = direct * x + band * v1 + low * v2
            row[:] = 2.0 * v1 - row[0], 2.0 * v2 - row[1]
        return x, s.ravel()

    return _linear(node, [channels, 2 * count], play)


def all_passes(node: Node) -> str:
    if len(node.inputs) == 2:
        return _moving(node)
    a = float(np.clip(node.number("coefficient"), -MOST, MOST))
    feedback = node.number("feedback")

    def play(x: float, s: np.ndarray) -> tuple[float, np.ndarray]:
        *memory, y = s
        y = x + feedback * y
        for i, stage in enumerate(memory):
            u, y = y, a * y + stage
            memory[i] = u - a * y
        return y, np.array([*memory, y])

    return _linear(node, node.shapes[0], play)


def follow(node: Node) -> str:
    """Of two rates, the one that leads lower is the larger when x is below y, and the smaller when it is above."""
    rates = np.array([node.number("attack"), node.number("release")])
    choose = "ReduceMin" if rates[0] >= rates[1] else "ReduceMax"
    sheet = node.sheet
    ways = sheet("Mul", _rows(sheet, node.inputs[0], 3), rates)  # [T, C, 2]

    def step(sheet, state, heard):
        both = sheet("Add", sheet("Mul", state[0], 1.0 - rates), heard[0])
        y = sheet(choose, both, np.array([-1]), keepdims=1)
        return [y], [y]

    return _one(node, ways, step)


def lag(node: Node) -> str:
    """1 / (1 + tau) is a sigmoid of -log(tau)."""
    slow, fast = np.log(node.number("slow")), np.log(node.number("fast"))

    def step(sheet, state, heard):
        place = sheet("Clip", state[0], np.float64(0.0), np.float64(1.0))
        part = sheet("Sigmoid", sheet("Add", sheet("Mul", place, slow - fast), -slow))
        y = sheet("Add", state[0], sheet("Mul", sheet("Sub", heard[0], state[0]), part))
        return [y], [y]

    return _one(node, _rows(node.sheet, node.inputs[0], 3), step)


def _rows(sheet, x: str, rank: int = 2) -> str:
    """[1, C, T] to [T, C], or [T, C, 1], in float64."""
    wide = sheet.cast(x, np.float64)
    return sheet.transpose(wide, 2, 1, 0) if rank == 3 else sheet.transpose(sheet.squeeze(wide, 0), 1, 0)


def _sound(sheet, rows: str) -> str:
    """[T, C, 1] to [1, C, T], in float32."""
    return sheet.cast(sheet.transpose(rows, 2, 1, 0), np.float32)


def _one(node: Node, rows: str, step) -> str:
    """With a memory of one number for each channel, which is the answer."""
    sheet, f64 = node.sheet, np.float64
    first = [(sheet.reshape(node.state[0], -1, 1), f64)]
    (after,), (y,) = sheet.scan(step, first, [(rows, f64)], [f64], axis=0, rank=2)
    node.after = [sheet.reshape(after, 1, *node.shapes[0])]
    return _sound(sheet, y)


def _linear(node: Node, shape: list[int], play) -> str:
    """With a memory of `shape`, channels and numbers; play(x, s) gives y and the s after, linear in x and s."""
    channels, size = shape
    columns = [play(0.0, row) for row in np.eye(size)] + [play(1.0, np.zeros(size))]
    y_of = np.array([y for y, _ in columns])
    s_of = np.stack([s for _, s in columns])  # [size + 1, size]: a row for each number of s, and one for x
    sheet, f64 = node.sheet, np.float64
    x = _rows(sheet, node.inputs[0], 3)  # [T, C, 1]
    given = sheet("MatMul", x, s_of[-1:])

    def step(sheet, state, heard):
        return [sheet("Add", sheet("MatMul", state[0], s_of[:-1]), heard[0])], [state[0]]

    first = sheet.reshape(node.state[0], channels, size)
    (after,), (states,) = sheet.scan(step, [(first, f64)], [(given, f64)], [f64], axis=0, rank=2)
    node.after = [sheet.reshape(after, 1, *node.shapes[0])]
    y = sheet("Add", sheet("MatMul", states, y_of[:-1, None]), sheet("Mul", x, y_of[-1]))
    return _sound(sheet, y)


def _moving(node: Node) -> str:
    """All-passes whose coefficient a moves.

    With u the sound that goes into the first stage, what goes into stage i is u[i] = a^i u + sum over j < i of
    a^(i - 1 - j) s[j], the answer is u[stages], and stage i leaves (1 - a^2) u[i] - a s[i].
    """
    sheet, stages, f64 = node.sheet, node.attributes["stages"], np.float64
    channels, size = node.shapes[0]
    feedback = node.number("feedback")
    a = sheet("Clip", sheet.cast(node.inputs[1], f64), f64(-MOST), f64(MOST))
    a = sheet.reshape(a, -1, 1, 1)
    power = np.arange(stages + 1)[:, None] - 1 - np.arange(stages)  # of a, for what s[j] brings to u[i]
    of_s = sheet("Mul", sheet("Pow", a, np.maximum(power, 0).astype(f64)), (power >= 0).astype(f64))
    of_u = sheet("Pow", a, np.arange(stages + 1.0)[:, None])  # [T, stages + 1, 1]
    of_z = sheet.cat(of_s, sheet("Mul", of_u, f64(feedback)))  # [T, stages + 1, size]: s, and the last answer
    turn = sheet("Sub", f64(1.0), sheet("Mul", a, a))
    left = sheet("Mul", sheet.slice(of_z, 0, stages, axis=1), turn)
    left = sheet("Sub", left, sheet("Mul", a, np.eye(stages, size)))
    matrix = sheet.cat(left, sheet.slice(of_z, stages, axis=1), axis=1)  # [T, size, size]
    ends = sheet("Mul", sheet.slice(of_u, 0, stages, axis=1), turn)
    given = sheet.transpose(sheet.cat(ends, sheet.slice(of_u, stages, axis=1), axis=1), 0, 2, 1)
    given = sheet("Mul", _rows(sheet, node.inputs[0], 3), given)  # [T, C, size]

    def step(sheet, state, heard):
        after = sheet("Add", sheet("MatMul", state[0], heard[0]), heard[1])
        return [after], [after]

    first = sheet.reshape(node.state[0], channels, size)
    turned = sheet.transpose(matrix, 0, 2, 1)
    (after,), (states,) = sheet.scan(
        step, [(first, f64)], [(turned, f64), (given, f64)], [f64], axis=0, rank=2
    )
    node.after = [sheet.reshape(after, 1, channels, size)]
    return _sound(sheet, sheet.slice(states, stages))


OPS = {"filters": filters, "all_passes": all_passes, "follow": follow, "lag": lag}
