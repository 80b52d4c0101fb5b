"""A plucked string by frequency modulation: an instrument that is known exactly, and quickly learned."""

import math

import numpy as np

from tonewright.errors import ConfigError

A4_HZ = 440.0
LOWEST, HIGHEST = -12.0, 12.0  # semitones from A4, the upper one excluded
LEAST_RATE = 2000  # the highest fundamental stays below half of it
FLOOR_POWER = 1e-8  # -80 dB


def plucked_notes(
    count: int,
    sample_rate: int,
    hop: int,
    seed: int = 0,
    seconds: float = 4.0,
    index: float = 8.0,
    decay: float = 3.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Notes one after the other, each with its pitch and loudness as an instrument model hears them.

        y(t) = a(t) cos(2 pi f0 t + index a(t) sin(2 pi f0 t)),    a(t) = exp(-decay t)

    One envelope is the amplitude and the modulation, so a note gets duller as it fades, as strings do. Carrier
    and modulator are of one frequency, so that all partials are harmonics of f0. Near A4 + 12 and at 16 kHz
    the brightest few milliseconds fold back a little, as in the recipe this follows.

    Args:
        count: of notes, 0 or more. Their pitches are spread evenly at random over two octaves, A3 to A5.
        sample_rate: in Hz, 2000 or more.
        hop: samples from one frame to the next, 1 or more.
        seed: 0 or more. The same seed is the same notes on every machine, up to rounding; more notes begin
            with the same ones.
        seconds: of each note, above 0, rounded to whole samples.
        index: of the modulation at the note's beginning, 0 or more; 0 is a plain sine.
        decay: of the envelope per second, 0 or more; 3 is 26 dB per second.

    Returns:
        sound: float32 [T] within -1..1.
        f0_hz: float32 [F] with F = ceil(T / hop), the pitch at the samples 0, hop, 2 hop, ...
        loudness_db: float32 [F], 10 log10(a^2 + 1e-8) there: 0 at an attack, and never below -80. It is not
            weighted by the ear.

    Raises:
        ConfigError: when an argument is outside its range.

    Source: J. M. Chowning, The Synthesis of Complex Audio Spectra by Means of Frequency Modulation, Journal of
    the Audio Engineering Society 21(7), 1973.

    >>> sound, f0_hz, loudness_db = plucked_notes(2, 16000, 160)
    >>> sound.shape, f0_hz.shape, round(float(loudness_db[0]), 2), round(float(loudness_db[100]), 2)
    ((128000,), (800,), 0.0, -26.06)
    """
    _check(count, sample_rate, hop, seed, seconds, index, decay)
    size = max(1, round(seconds * sample_rate))
    t = np.arange(size) / sample_rate
    a = np.exp(-decay * t)
    # RandomState, and not default_rng: NumPy promises that its numbers never change.
    semitones = LOWEST + (HIGHEST - LOWEST) * np.random.RandomState(seed).random_sample(count)
    f0_hz = A4_HZ * 2.0 ** (semitones / 12.0)
    sound = np.empty((count, size), np.float32)
    for y, hz in zip(sound, f0_hz, strict=True):
        turn = 2.0 * np.pi * hz * t
        y[:] = a * np.cos(turn + index * a * np.sin(turn))
    frames = np.arange(0, count * size, hop)
    loudness_db = 10.0 * np.log10(a**2 + FLOOR_POWER)
    return (
        sound.reshape(-1),
        f0_hz[frames // size].astype(np.float32),
        loudness_db[frames % size].astype(np.float32),
    )


def _check(count, sample_rate, hop, seed, seconds, index, decay) -> None:
    least = {
        "count": (count, 0),
        "sample_rate": (sample_rate, LEAST_RATE),
        "hop": (hop, 1),
        "seed": (seed, 0),
    }
    least |= {"index": (index, 0), "decay": (decay, 0)}
    for name, (value, low) in least.items():
        if not (math.isfinite(value) and value >= low):
            raise ConfigError(f"{name} wants {low} or more, and is {value}")
    if not (math.isfinite(seconds) and seconds > 0):
        raise ConfigError(f"seconds wants more than 0, and is {seconds}")
