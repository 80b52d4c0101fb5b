"""What the processors of a chain do, each as a picture that an engineer would draw of it."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from tonewright.dsp.delay_line import LEAST
from tonewright.models.base import Curve
from tonewright.models.chain.processor import Processor
from tonewright.models.chain.processors import dynamics, filters, modulation, shapers, space

LOWEST_HZ, HIGHEST_HZ, POINTS = 20.0, 20000.0, 481
SMOOTH = 2.0 ** (1.0 / 24.0)  # a twenty-fourth of an octave to both sides of a frequency
FAINTEST = 1e-6  # -120 dB
LEVELS_DB = (-80.0, 0.0)
ENVELOPE, TAIL_S, TAIL_DB = 400, 6.0, -80.0
CYCLE = 1000  # samples of one period of an oscillator, at least
UNCHANGED = "unchanged"


@torch.no_grad()
def curves(processors: Mapping[str, Processor]) -> list[Curve]:
    """All pictures of a chain: its tone, its levels, its shapes, its oscillators and its echoes.

    Args:
        processors: by name, in their order.
    """
    made = [*tone(processors), *levels(processors)]
    for name, processor in processors.items():
        if isinstance(processor, SHAPERS):
            made.append(shape(name, processor))
    for name, processor in processors.items():
        if isinstance(processor, modulation.Moving):
            made.append(swing(name, processor))
    for name, processor in processors.items():
        if isinstance(processor, SPACES):
            made.append(decay(name, processor))
    return made


def tone(processors: Mapping[str, Processor]) -> list[Curve]:
    """Gain over frequency of all that is linear and has a tone, together and each."""
    ours = {
        n: p for n, p in processors.items() if isinstance(p, (filters.Equaliser, space.Response, space.Room))
    }
    if not ours:
        return []
    rate = next(iter(ours.values())).sample_rate
    hz = np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, 0.49 * rate), POINTS)
    each = {name: gain_db(processor, hz) for name, processor in ours.items()}
    together = {"all together": sum(each.values())} if len(each) > 1 else {}
    words = "How much louder (above 0) or quieter (below 0) each pitch comes out, from bass on the left to treble."
    return [
        Curve(
            *("Tone", words, hz, together | each, "Hz", "gain, dB"),
            log_x=True,
            shown=(-6.0, 6.0),
            floor=-48.0,
        )
    ]


def gain_db(processor: Processor, hz: np.ndarray) -> np.ndarray:
    """How many dB an equaliser or a response adds at these frequencies, [N]."""
    if isinstance(processor, filters.Equaliser):
        return equaliser_db(processor, hz)
    return response_db(click(processor), hz, processor.sample_rate)


def equaliser_db(equaliser: filters.Equaliser, hz: np.ndarray) -> np.ndarray:
    """How many dB an equaliser adds at these frequencies, [N].

    >>> equaliser_db(filters.LowPass(44100), np.array([100.0, 8000.0])).round(1) + 0.0
    array([ 0., -3.])
    """
    s = 1j * np.tan(np.pi * np.minimum(hz / equaliser.sample_rate, 0.4999))
    total = np.zeros(len(hz))
    for g, k, direct, band, low in equaliser.sections().detach().double().numpy():
        h = direct + (band * g * s + low * g * g) / (s * s + k * g * s + g * g)
        total += 20.0 * np.log10(np.maximum(np.abs(h), FAINTEST))
    return total


def response_db(taps: np.ndarray, hz: np.ndarray, sample_rate: int) -> np.ndarray:
    """How many dB a response adds around these frequencies, [N]: the mean power of a twelfth of an octave.

    >>> response_db(np.array([0.5]), np.array([100.0, 8000.0]), 44100).round(1)
    array([-6., -6.])
    """
    size = 1 << max(15, (2 * len(taps) - 1).bit_length())
    power = np.abs(np.fft.rfft(taps, size)) ** 2
    edges = (np.arange(len(power) + 1) - 0.5) * sample_rate / size
    below = np.concatenate([[0.0], np.cumsum(power)]) * sample_rate / size
    low, high = hz / SMOOTH, np.minimum(hz * SMOOTH, edges[-1])
    mean = (np.interp(high, edges, below) - np.interp(low, edges, below)) / (high - low)
    return 10.0 * np.log10(np.maximum(mean, FAINTEST**2))


def levels(processors: Mapping[str, Processor]) -> list[Curve]:
    """Level out over level in, of all dynamics, for sounds that hold still."""
    ours = {name: p for name, p in processors.items() if isinstance(p, dynamics.Dynamics)}
    if not ours:
        return []
    level = np.linspace(*LEVELS_DB, 321)
    lines = {UNCHANGED: level}
    for name, processor in ours.items():
        given = torch.from_numpy(level)
        lines[name] = (given + processor.reduction_db(given) + processor.extra_db()).double().numpy()
    words = (
        "How loud a steady sound comes out, over how loud it goes in. Where a line is flatter than the dashed one, "
        "loud and quiet come closer together; where it is steeper, they part."
    )
    return [
        Curve(
            *("Loud and quiet", words, level, lines, "level in, dB", "level out, dB"),
            faint=(UNCHANGED,),
            floor=-100.0,
        )
    ]


def shape(name: str, shaper: Processor) -> Curve:
    """Sample out over sample in."""
    x = torch.linspace(-1.0, 1.0, 801, dtype=torch.float64)
    y, _ = shaper(x[None, None], shaper.initial_state(1))
    lines = {UNCHANGED: x.numpy(), name: y[0, 0].double().numpy()}
    words = (
        "What each sample of the sound becomes. Where the line lies on the dashed one, the sound passes as it is; "
        "where it bends away from it, it is distorted."
    )
    return Curve(f"The bend of {name}", words, x.numpy(), lines, "in", "out", faint=(UNCHANGED,))


def swing(name: str, moving: modulation.Moving) -> Curve:
    """What an oscillator turns, over two of its periods."""
    rate_hz = float(moving.panel.rate_hz)
    slow = type(moving)(max(CYCLE, round(CYCLE * rate_hz)), 1, moving.size)
    slow.load_state_dict(moving.state_dict(), strict=False)
    half = round(2.0 * slow.sample_rate / rate_hz)
    ones = torch.ones(1, 1, 2 * half, dtype=moving.panel.rate_hz.dtype)
    if isinstance(moving, (modulation.Tremolo, modulation.OpticalTremolo)):
        turned, _ = slow(ones, slow.initial_state(1))
        what, label, shown = "The level", "gain", (0.0, 1.0)
    else:
        lfo, _ = slow.lfo(ones, slow.phasor.initial_state(1))
        if isinstance(moving, modulation.Phaser):
            turned = corner_hz(moving, lfo)
            what, label, shown = "The corner of the all-passes", "corner, Hz", None
        else:
            ends = [samples * 1000.0 / moving.sample_rate for samples in (LEAST, moving.line.most)]
            turned = torch.clamp(moving.panel.delay_ms + lfo * moving.panel.depth_ms, *ends)
            what, label, shown = "The delay of the second voice", "delay, ms", None
    seconds = np.arange(half + 1) / slow.sample_rate
    y = turned[0, 0].double().numpy()
    # by then a lamp has found its rhythm
    y = np.append(y[half:], y[half])
    keep = slice(None, None, max(1, len(y) // 1000))
    words = f"{what} during two swings, of which there are {rate_hz:.3g} in a second."
    curve = (f"The swing of {name}", words, seconds[keep], {name: y[keep]}, "seconds", label)
    return Curve(*curve, log_y=isinstance(moving, modulation.Phaser), shown=shown)


def corner_hz(phaser: modulation.Phaser, lfo: Tensor) -> Tensor:
    """Where the all-passes of a phaser have turned by a quarter, when its oscillator is there."""
    g = torch.tan(phaser.panel.centre_hz.double() * (math.pi / phaser.sample_rate))
    octaves = torch.pow(2.0, lfo.double() * phaser.panel.depth_octaves)
    return torch.atan(g * octaves) * (phaser.sample_rate / math.pi)


def decay(name: str, processor: Processor) -> Curve:
    """The envelope of what a click becomes."""
    h = np.abs(click(processor))
    peak = 10.0 ** (TAIL_DB / 20.0) * (h.max() or 1.0)
    h = h[: max(2, int(np.max(np.nonzero(h > peak), initial=0)) + 2)]
    size = math.ceil(len(h) / ENVELOPE)
    parts = np.pad(h, (0, -len(h) % size)).reshape(-1, size).max(axis=1)
    ms = len(h) < processor.sample_rate // 2
    time = np.arange(len(parts)) * size / processor.sample_rate * (1000.0 if ms else 1.0)
    db = 20.0 * np.log10(np.maximum(parts, FAINTEST))
    words = (
        "What a single click becomes, and how it dies away: every peak is a repeat, 20 dB less is a tenth."
    )
    label = "milliseconds" if ms else "seconds"
    top = max(0.0, float(db.max()))
    return Curve(
        *(f"The tail of {name}", words, time, {name: db}, label, "level, dB"),
        shown=(top - 20.0, top),
        floor=top + TAIL_DB,
        filled=True,
    )


def click(processor: Processor) -> np.ndarray:
    """What one sample of 1 becomes, [T], of something linear; as far as it is heard, or TAIL_S."""
    panel = processor.panel
    if (taps := processor.taps()) is not None:
        return taps.detach().double().numpy()
    if isinstance(processor, space.Echo):
        feedback = min(max(abs(float(panel.feedback)), 1e-3), 0.999)
        repeats = 2 + TAIL_DB / (20.0 * math.log10(feedback))
        lasts_s = repeats * float(panel.delay_ms) / 1000.0
    else:
        lasts_s = float(panel.t60_s) * -TAIL_DB / 60.0
    x = torch.zeros(
        1, processor.inputs, round(min(lasts_s, TAIL_S) * processor.sample_rate) + 1, dtype=panel.mix.dtype
    )
    x[..., 0] = 1.0
    y, _ = processor(x, processor.initial_state(1))
    return y[0, 0].double().numpy()


SHAPERS = (shapers.Tanh, shapers.Clip, shapers.Asymmetric, shapers.Curve)
SPACES = (space.Echo, space.Response, space.Room, space.Hall)
