"""Where a search may begin: what can be read off the two sounds, and a spread of places for all that cannot.

Each guess is a set of values of one processor, in units; several guesses are alternatives. What no guess names is
spread evenly over its range (a Sobol sequence), so that between them the starts look everywhere.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.stats import qmc
from torch import Tensor

from tonewright.models.chain.fitting.knobs import Knobs
from tonewright.models.chain.fitting.linear import equalised
from tonewright.models.chain.processor import Processor
from tonewright.models.chain.processors.filters import Equaliser
from tonewright.models.chain.search import response, swing

Guess = dict[str, float]
EQUALISED = 16  # starts whose equalisers are fitted to the tone first
NARROW = 0.25  # of a range: how far from where it does nothing a start puts a gain of an equaliser


def starts(
    knobs: Knobs, dry: Tensor, wet: Tensor, count: int, seed: int
) -> list[tuple[np.ndarray, dict[str, float]]]:
    """Places to begin: positions [K], and the values of what has choices only, by place.

    Args:
        knobs: of the chain.
        dry, wet: [C, T] float64, as it goes into the chain and as it should come out.
        count: how many.
        seed: of the spread.
    """
    x, y = dry[0].numpy(), wet[0].numpy()
    chain = knobs.chain
    rate = chain.config.sample_rate
    guesses = {
        name: GUESSES[processor.kind](processor, x, y, rate)
        for name, processor in chain.processors.items()
        if processor.kind in GUESSES
    }
    spread = qmc.Sobol(max(1, len(knobs)), seed=seed).random(2 ** math.ceil(math.log2(count)))[:count]
    made = [knobs.read()] if len(knobs) else [np.zeros(0)]
    for row in spread[1:]:
        made.append(
            np.array([_spread(place, position) for place, position in zip(knobs.places, row, strict=False)])
        )
    fitted = equalised(knobs, x, y, made[:EQUALISED])
    ours = [isinstance(chain.processors[place.processor], Equaliser) for place in knobs.places]
    whole = []
    for number, positions in enumerate(made):
        # the best of them come again, with the rest of the chain elsewhere
        positions = np.where(ours, fitted[number % max(1, len(fitted) // 2)], positions)
        chosen = {name: given[number % len(given)] for name, given in guesses.items() if given}
        whole.append(_guessed(knobs, positions, chosen))
    return whole


def _spread(place, position: float) -> float:
    """Gains of equalisers begin near 0 dB: a chain of steep bells is a poor place to see anything from."""
    setting = place.setting
    if setting.neutral is None or not setting.name.endswith("gain_db"):
        return position
    middle = (setting.neutral - setting.low) / (setting.high - setting.low)
    return middle + NARROW * (position - 0.5)


def _guessed(knobs: Knobs, positions: np.ndarray, chosen: dict[str, Guess]):
    positions, choices = positions.copy(), {}
    for index, place in enumerate(knobs.places):
        value = chosen.get(place.processor, {}).get(place.setting.name)
        if value is not None and place.element is None:
            value = min(max(value, place.setting.low), place.setting.high)
            positions[index] = float(place.setting.position(Tensor([value]).double()[0]))
    for name, guess in chosen.items():
        for setting, value in guess.items():
            place = f"{name}.{setting}"
            if knobs.chain.processors[name].setting(setting).choices and place not in knobs.fixed:
                choices[place] = value
    return knobs.within(positions), choices


def _polarity(processor: Processor, x, y, rate) -> list[Guess]:
    # the likelier one three times: a distortion may hide it, and then the other is right
    sign = response.lag(x, y, min(rate, len(x) // 2))[1]
    return [{"sign": float(s)} for s in (sign, sign, sign, -sign)]


def _delay(processor: Processor, x, y, rate) -> list[Guess]:
    late = response.lag(x, y, min(rate, len(x) // 2))[0]
    return [{"delay_ms": 1000.0 * max(0.0, late + d) / rate} for d in (0, -2, 1, -6)]


def _clip(processor: Processor, x, y, rate) -> list[Guess]:
    top = [float(np.abs(y).max()), *(float(np.abs(x).max()) * part for part in (0.5, 0.2, 0.08))]
    return [{"ceiling_db": 20.0 * math.log10(max(level, 1e-3))} for level in top]


def _tremolo(processor: Processor, x, y, rate) -> list[Guess]:
    seconds, gain, sure = swing.level_track(x, y, rate)
    found = swing.swings(seconds, gain, sure, *_rates(processor))
    made = []
    for s in found:
        depth = min(1.0, 2.0 * s.width / max(s.middle + s.width, 1e-9))
        made += [
            {"rate_hz": s.rate_hz, "phase": (s.phase + late) % 1.0, "depth": depth} for late in (0.0, 0.1)
        ]
    return made


def _optical(processor: Processor, x, y, rate) -> list[Guess]:
    # the lag of the lamp hides in the phase; the law hides the depth
    return [
        {"rate_hz": guess["rate_hz"], "phase": (guess["phase"] + late) % 1.0, "depth": depth}
        for guess in _tremolo(processor, x, y, rate)[::2][:1]
        for late in (0.0, 0.05, 0.1)
        for depth in (0.5, 0.7, 0.9)
    ]


def _swept(processor: Processor, x, y, rate) -> list[Guess]:
    most = round(
        1000 * 0.001 * rate * (processor.setting("delay_ms").high + processor.setting("depth_ms").high) / 1000
    )
    least = max(2, round(0.0005 * rate))
    seconds, delay, sure = swing.delay_track(x, y, rate, least, most)
    # in a pause there is no delay to be seen
    loud = np.interp(seconds, *swing.level_track(x, x, rate)[::2])
    sure = sure * np.minimum(1.0, 10.0 * loud)
    found = [
        swing.firm(seconds, delay, sure, s) for s in swing.swings(seconds, delay, sure, *_rates(processor))
    ]
    made = []
    for s in found:
        middle, width = s.middle, s.width
        for wider in (1.0, 1.5, 2.0):
            made.append(
                {
                    "rate_hz": s.rate_hz,
                    "phase": s.phase,
                    "delay_ms": 1000.0 * middle / rate,
                    "depth_ms": 1000.0 * min(width * wider, middle) / rate,
                    "mix": 0.5,
                }
            )
    if processor.setting("mix").low < 0.0:
        made = [guess | {"mix": mix} for guess in made for mix in (0.5, -0.5)]
    return made


def _phaser(processor: Processor, x, y, rate) -> list[Guess]:
    return [
        {"rate_hz": s.rate_hz, "mix": mix}
        for s in swing.colour_swings(x, y, rate, *_rates(processor))[:3]
        for mix in (0.5, -0.5)
    ]


def _echo(processor: Processor, x, y, rate) -> list[Guess]:
    setting = processor.setting("delay_ms")
    least, most = round(setting.low * rate / 1000), round(setting.high * rate / 1000)
    made = []
    for at, first, again, direct in response.repeats(x, y, least, min(most, len(x) // 3)):
        feedback = min(0.95, max(-0.95, again / first)) if first else 0.0
        mix = min(0.95, abs(first) / (abs(first) + abs(direct) + 1e-9))
        made.append({"delay_ms": 1000.0 * at / rate, "feedback": feedback, "mix": mix, "damping": 0.0})
    return made


def _rates(processor: Processor) -> tuple[float, float]:
    setting = processor.setting("rate_hz")
    return setting.low, setting.high


GUESSES: dict[str, Callable] = {
    "polarity": _polarity,
    "delay": _delay,
    "clip": _clip,
    "tremolo": _tremolo,
    "optical-tremolo": _optical,
    "chorus": _swept,
    "flanger": _swept,
    "phaser": _phaser,
    "echo": _echo,
}
