"""What sounds by itself: phasors, harmonics and noise, counted in whole numbers of 64 bits that wrap."""

from typing import TYPE_CHECKING

import numpy as np

from tonewright.dsp.noise import FIRST, GOLDEN, SECOND
from tonewright.dsp.oscillators import FADE
from tonewright.dsp.phasor import steps_of
from tonewright.export.onnx.node import Node

if TYPE_CHECKING:
    from tonewright.export.onnx.sheet import Sheet

F32, F64 = np.float32, np.float64


def phasor(node: Node) -> str:
    sheet, length = node.sheet, node.sheet.length(node.inputs[0])
    step, first = steps_of(node.number("rate_hz"), node.number("phase"), node.attributes["sample_rate"])
    n = sheet("Add", sheet.count(length), node.state[0])
    turns = sheet("Add", sheet("Mul", n, np.int64(step)), np.int64(first))
    node.after = [sheet("Add", node.state[0], length)]
    upper = sheet("BitShift", sheet.cast(turns, np.uint64), np.uint64(40), direction="RIGHT")
    ramp = sheet("Mul", sheet.cast(upper, F32), F32(2.0**-24))
    return sheet.unsqueeze(ramp, 0, 1)


def harmonic_bank(node: Node) -> str:
    facts, sheet = node.attributes, node.sheet
    harmonics, rate = facts["harmonics"], facts["sample_rate"]
    f0, distribution, amplitude = node.inputs
    last_f0, last_amplitudes, phase = node.state
    number = np.arange(1.0, harmonics + 1)
    amplitudes = _amplitudes(sheet, f0, distribution, amplitude, number.astype(F32)[:, None], rate)
    rows = sheet.cat(sheet.unsqueeze(last_amplitudes, 2), amplitudes)  # [1, K, 1 + F]
    before, own = _ends(sheet, last_f0, f0, rate)  # [F] in Hz, float64
    turns, phase = _turns(sheet, before, own, phase, facts["hop"], rate)  # [F, hop]
    turns = sheet("Mul", sheet.unsqueeze(turns, 2), number)  # [F, hop, K]
    part = sheet.cast(sheet("Sub", turns, sheet("Round", turns)), F32)
    sines = sheet("Sin", sheet("Mul", part, F32(2.0 * np.pi)))
    lower = sheet("Mul", sheet.unsqueeze(sheet("Min", before, own), 1), number)
    heard = sheet.cast(sheet("Less", lower, F64(rate / 2)), F32)  # [F, K]
    ends = [sheet.slice(rows, 0, -1), sheet.slice(rows, 1)]
    ends = [sheet("Mul", sheet.transpose(sheet.squeeze(end, 0), 1, 0), heard) for end in ends]
    y = _faded(sheet, sines, ends, facts["hop"])
    node.after = [sheet.cast(sheet.unsqueeze(sheet.slice(own, -1, axis=0), 0), F32)]
    node.after += [sheet.squeeze(sheet.slice(amplitudes, -1), 2), phase]
    return y


def _amplitudes(sheet: "Sheet", f0: str, shares: str, amplitude: str, number: np.ndarray, rate: int) -> str:
    start, end = FADE
    heard = sheet("Mul", f0, -number / F32(rate * (end - start)))
    heard = sheet("Clip", sheet("Add", heard, F32(end / (end - start))), F32(0.0), F32(1.0))
    shares = sheet("Mul", shares, heard)
    whole = sheet("Add", sheet.total(shares, axis=1, keep=True), F32(1e-8))
    return sheet("Mul", shares, sheet("Div", amplitude, whole))


def _ends(sheet: "Sheet", last_f0: str, f0: str, rate: int) -> tuple[str, str]:
    row = sheet.cast(sheet.cat(sheet.reshape(last_f0, 1), sheet.reshape(f0, -1), axis=0), F64)
    row = sheet("Where", sheet("IsNaN", row), F64(0.0), row)
    row = sheet("Clip", row, F64(0.0), F64(rate / 2))
    before, own = sheet.slice(row, 0, -1, axis=0), sheet.slice(row, 1, axis=0)
    return sheet("Where", sheet("Greater", before, F64(0.0)), before, own), own


def _turns(sheet: "Sheet", before: str, own: str, phase: str, hop: int, rate: int) -> tuple[str, str]:
    """The phase of the first harmonic in turns, [F, hop] in float64, and after the last frame."""
    turns = sheet("Mul", sheet("Add", before, own), F64(0.5 * hop / rate))
    part = sheet("Sub", turns, sheet("Round", turns))
    part = sheet("Where", sheet("Less", part, F64(0.5)), part, F64(-0.5))
    steps = sheet.cast(sheet("Round", sheet("Mul", part, F64(2.0**64))), np.int64)
    ends = sheet("Add", sheet("CumSum", steps, np.int64(0)), phase)
    starts = sheet("Mul", sheet.cast(sheet("Sub", ends, steps), F64), F64(2.0**-64))
    j = np.arange(float(hop))
    swing = sheet("Mul", sheet.unsqueeze(sheet("Sub", own, before), 1), j / (2.0 * hop))
    way = sheet("Mul", sheet("Add", sheet.unsqueeze(before, 1), swing), j / rate)
    return sheet("Add", sheet.unsqueeze(starts, 1), way), sheet.slice(ends, -1, axis=0)


def _faded(sheet: "Sheet", parts: str, ends: list[str], hop: int) -> str:
    """Parts [F, hop, K], each as loud as `ends` says, [F, K] at the start and at the end of a frame, to a sound."""
    both = sheet.cat(*(sheet.unsqueeze(end, 2) for end in ends))
    before, own = (sheet.slice(sheet("MatMul", parts, both), i, i + 1) for i in (0, 1))
    rise = (np.arange(hop) / hop).astype(F32)[:, None]
    y = sheet("Add", before, sheet("Mul", sheet("Sub", own, before), rise))
    return sheet.reshape(y, 1, 1, -1)


def filtered_noise(node: Node) -> str:
    sheet, bands, hop = node.sheet, node.attributes["bands"], node.attributes["hop"]
    last, seed, count = node.state
    reach = bands - 2  # of a filter, to both sides
    frames = sheet.length(node.inputs[0])
    samples = sheet("Mul", frames, np.int64(hop))
    n = sheet("Add", sheet.count(sheet("Add", samples, np.int64(2 * reach))), count)
    noise = _white(sheet, seed, sheet("Sub", n, np.int64(reach)))
    starts = sheet.unsqueeze(sheet("Mul", sheet.count(frames), np.int64(hop)), 1)
    windows = sheet.take(
        noise, sheet("Add", starts, np.arange(hop + 2 * reach)), axis=0
    )  # [F, hop + 2 reach]
    around = np.arange(hop)[:, None] + np.arange(2 * reach + 1)
    heard = sheet.take(windows, around, axis=1)  # [F, hop, taps]
    rows = sheet.transpose(sheet.cat(sheet.unsqueeze(last, 2), node.inputs[0]), 0, 2, 1)
    filters = sheet("MatMul", sheet.squeeze(rows, 0), _responses(bands))  # [1 + F, taps]
    ends = [sheet.slice(filters, 0, -1, axis=0), sheet.slice(filters, 1, axis=0)]
    node.after = [sheet.squeeze(sheet.slice(node.inputs[0], -1), 2), sheet("Identity", seed)]
    node.after += [sheet("Add", count, samples)]
    return _faded(sheet, heard, ends, hop)


def _responses(bands: int) -> np.ndarray:
    """What each band brings to each tap of a filter, [bands, taps]."""
    size = 2 * (bands - 1)
    d, band = np.arange(2 - bands, bands - 1), np.arange(bands)[:, None]
    twice = np.where((band == 0) | (band == bands - 1), 1.0, 2.0)
    hann = (1.0 + np.cos(2.0 * np.pi * d / size)) / 2.0
    return (hann * twice * np.cos(2.0 * np.pi * band * d / size) / size).astype(F32)


def _white(sheet: "Sheet", seed: str, n: str) -> str:
    """Samples of the noise with these numbers: the upper 24 bits, read with their sign."""
    z = sheet("Mul", sheet("Add", n, np.int64(1)), _signed(GOLDEN))
    z = sheet.cast(_mix(sheet, sheet("Add", z, _mix(sheet, seed))), np.uint64)
    raised = sheet("BitwiseXor", z, np.uint64(1 << 63))  # so that the lowest number is 0
    upper = sheet.cast(sheet("BitShift", raised, np.uint64(40), direction="RIGHT"), F32)
    return sheet("Mul", sheet("Sub", upper, F32(1 << 23)), F32(2.0**-23))


def _mix(sheet: "Sheet", z: str) -> str:
    """Products of int64, which every runtime has; shifts without the sign."""
    for by, factor in ((30, FIRST), (27, SECOND)):
        z = sheet("Mul", _folded(sheet, z, by), _signed(factor))
    return _folded(sheet, z, 31)


def _folded(sheet: "Sheet", z: str, by: int) -> str:
    z = sheet.cast(z, np.uint64)
    shifted = sheet("BitShift", z, np.uint64(by), direction="RIGHT")
    return sheet.cast(sheet("BitwiseXor", z, shifted), np.int64)


def _signed(bits: int) -> np.int64:
    return np.uint64(bits).astype(np.int64)


OPS = {"phasor": phasor, "harmonic_bank": harmonic_bank, "filtered_noise": filtered_noise}
