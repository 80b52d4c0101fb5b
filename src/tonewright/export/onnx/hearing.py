"""What an instrument hears: pitch and loudness, frame by frame, in float64."""

import math
from typing import TYPE_CHECKING

import numpy as np

from tonewright.dsp import loudness as levels
from tonewright.dsp import pitch as pitches
from tonewright.export.onnx.node import Node

if TYPE_CHECKING:
    from tonewright.export.onnx.sheet import Sheet

F32, F64 = np.float32, np.float64
NOTHING = F64(-1e30)  # the score of what is no pitch


def loudness(node: Node) -> str:
    sheet, rate = node.sheet, node.attributes["sample_rate"]
    window, weights = (table.numpy() for table in levels.tables(rate))
    windows = _windows(node, len(window), node.attributes["hop"])
    power = _power(sheet, sheet("Mul", windows, window), levels.transform_size(len(window)))
    power = sheet("MatMul", power, weights)
    floor = F64(10.0 ** (levels.FLOOR_DB / 10.0))
    power = sheet("Where", sheet("Greater", power, floor), power, floor)
    level = sheet("Mul", sheet("Log", power), F64(10.0 / math.log(10.0)))
    return sheet.cast(sheet.reshape(level, 1, 1, -1), F32)


def pitch(node: Node) -> str:
    sheet, facts = node.sheet, node.attributes
    find = pitches.finder_of(*(facts[key] for key in ("sample_rate", "hop", "lowest_hz", "highest_hz")))
    windows = _windows(node, pitches.WINDOW * facts["hop"], facts["hop"])
    likeness, sounds = _likeness(sheet, windows, find)
    rows = _peaks(sheet, likeness, sounds, find)
    track, (y,) = sheet.scan(
        _follow, [(sheet.reshape(node.state[1], 3), F64)], [(row, F64) for row in rows], [F64], axis=0, rank=1
    )
    node.after += [sheet.reshape(track[0], 1, 3)]
    return sheet.cast(sheet.unsqueeze(sheet.transpose(y, 1, 0), 0), F32)


def _windows(node: Node, size: int, hop: int) -> str:
    """[F, size] in float64, a window for each hop; what is heard becomes what is remembered."""
    sheet = node.sheet
    heard = sheet.cat(node.state[0], node.inputs[0])
    length = sheet.length(node.inputs[0])
    node.after = [sheet.slice(heard, length)]
    starts = sheet("Mul", sheet.count(sheet("Div", length, np.int64(hop))), np.int64(hop))
    at = sheet("Add", sheet.unsqueeze(starts, 1), np.arange(size))
    return sheet.cast(sheet.take(sheet.reshape(heard, -1), at, axis=0), F64)


def _spectrum(sheet: "Sheet", rows: str, size: int) -> str:
    """[F, T] to [F, size / 2 + 1, 2], real and imaginary parts."""
    return sheet("DFT", sheet.unsqueeze(rows, 2), np.int64(size), axis=1, onesided=1)


def _power(sheet: "Sheet", rows: str, size: int) -> str:
    spectrum = _spectrum(sheet, rows, size)
    return sheet.total(sheet("Mul", spectrum, spectrum), axis=2)


def _likeness(sheet: "Sheet", windows: str, find) -> tuple[str, str]:
    """As the finder of tonewright.dsp.pitch has it: at its lags, [F, lags]; and where it is no silence, [F, 1]."""
    taper, spectrum = find.taper.numpy(), find.spectrum.numpy()
    tapered = sheet("Mul", windows, taper)
    alike = sheet("Mul", _power(sheet, tapered, find.size), find.weight.numpy())
    pairs = np.stack([spectrum.real, spectrum.imag], axis=-1) * 2.0
    energy = _spectrum(sheet, sheet("Mul", tapered, windows), find.size)
    energy = sheet.total(sheet("Mul", energy, pairs), axis=2)
    alike, energy = (_transformed_back(sheet, part, find.size, find.fine) for part in (alike, energy))
    alike_0, energy_0 = (sheet.slice(part, 0, 1) for part in (alike, energy))
    least = pitches.QUIET**2 * float((taper**2).sum()) * find.size / find.fine
    sounds = sheet("And", sheet("Greater", alike_0, F64(least)), sheet("Greater", energy_0, F64(0.0)))
    lags = find.first - 1, find.last + 2
    alike, of_lags = (sheet.slice(part, *lags) for part in (alike, energy))
    energy = sheet("Max", of_lags, sheet("Mul", energy_0, F64(1e-9)))
    return sheet("Div", sheet("Mul", alike, sheet("Div", energy_0, alike_0)), energy), sounds


def _transformed_back(sheet: "Sheet", spectrum: str, size: int, fine: int) -> str:
    """A real spectrum without its last bin, which is 0, to [F, fine / 2 + 1]: of what is even, both ways are one."""
    frames = sheet.length(spectrum, axis=0)
    between = sheet("Expand", F64(0.0), sheet.cat(frames, np.array([fine - size + 1]), axis=0))
    half = size // 2
    back = sheet.slice(spectrum, half - 1, 0, step=-1)
    whole = sheet.cat(sheet.slice(spectrum, 0, half), between, back)
    real = sheet.take(_spectrum(sheet, whole, fine), np.int64(0), axis=2)
    return sheet("Mul", real, F64(1.0 / fine))


def _peaks(sheet: "Sheet", likeness: str, sounds: str, find) -> list[str]:
    """Of each lag in each frame, [F, lags]: what it scores, its pitch, the logarithm of that, and its height."""
    left, top, right = (sheet.slice(likeness, *ends) for ends in ((0, -2), (1, -1), (2,)))
    slope = sheet("Sub", left, right)
    bend = sheet("Add", sheet("Sub", left, sheet("Mul", top, F64(2.0))), right)
    shift = sheet("Div", sheet("Mul", slope, F64(0.5)), bend)
    height = sheet("Sub", top, sheet("Mul", sheet("Mul", slope, shift), F64(0.25)))
    lags = np.arange(find.first, find.last + 1.0)
    f0 = sheet("Div", F64(find.rate), sheet("Add", shift, lags))
    good = [sounds, sheet("Greater", top, left), sheet("GreaterOrEqual", top, right)]
    good += [sheet("Greater", top, F64(pitches.FAINT))]
    good += [sheet("GreaterOrEqual", f0, F64(find.lowest_hz / pitches.SLACK))]
    good += [sheet("LessOrEqual", f0, F64(find.highest_hz * pitches.SLACK))]
    is_peak = good[0]
    for other in good[1:]:
        is_peak = sheet("And", is_peak, other)
    f0 = sheet("Where", is_peak, f0, F64(1.0))
    octaves = sheet("Mul", sheet("Log", f0), F64(1.0 / math.log(2.0)))
    cost = sheet("Mul", sheet("Sub", F64(math.log2(find.highest_hz)), octaves), F64(pitches.LOW_COST))
    score = sheet("Where", is_peak, sheet("Sub", height, cost), NOTHING)
    height = sheet("Where", is_peak, sheet("Min", height, F64(1.0)), F64(0.0))
    return [score, f0, octaves, height]


def _follow(sheet: "Sheet", state, heard):
    """The best peak of a frame, and the track [last pitch, trust, whether there is one] after it."""
    score, f0, octaves, height = heard
    last, trust, on = (sheet.slice(state[0], i, i + 1) for i in range(3))
    before = sheet("Mul", sheet("Log", last), F64(1.0 / math.log(2.0)))
    jump = sheet("Min", sheet("Abs", sheet("Sub", octaves, before)), F64(1.0))
    cost = sheet("Mul", jump, sheet("Mul", trust, F64(pitches.JUMP_COST)))
    best = sheet("ArgMax", sheet("Sub", score, cost), axis=0, keepdims=1)
    f0, height = sheet.take(f0, best, axis=0), sheet.take(height, best, axis=0)
    least = sheet("Where", sheet("Greater", on, F64(0.0)), F64(pitches.ENDS), F64(pitches.BEGINS))
    voiced = sheet("GreaterOrEqual", height, least)
    f0 = sheet("Where", voiced, f0, last)
    trust = sheet("Where", voiced, height, sheet("Mul", trust, F64(pitches.FADE)))
    clarity, on = sheet("Where", voiced, height, F64(0.0)), sheet.cast(voiced, F64)
    return [sheet.cat(f0, trust, on)], [sheet.cat(f0, clarity)]


OPS = {"pitch": pitch, "loudness": loudness}
