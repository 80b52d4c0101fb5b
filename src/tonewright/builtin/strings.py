"""One plucked string of an electric guitar: a digital waveguide with a pick, a pickup and losses.

Positions along the string are fractions of the open string's length from the bridge. A wave needs
position / open_hz seconds from there to the bridge and back, on every fret, which is what makes the combs of
pick and pickup.

Sources: D. A. Jaffe and J. O. Smith, Extensions of the Karplus-Strong Plucked-String Algorithm, Computer
Music Journal 7(2), 1983 (losses, tuning, stiffness, pick position); T. I. Laakso and others, Splitting the
Unit Delay, IEEE Signal Processing Magazine 13(1), 1996 (Lagrange fractional delay). Left out: the second
polarisation and the body.
"""

import math

import numpy as np
from scipy import ndimage, signal

from tonewright.errors import ConfigError

PICK, PICKUP = 0.13, 0.17  # positions from the bridge
SOFT_PICK_S, HARD_PICK_S = 1.5e-3, 0.25e-3  # how long the pick takes to let go
SCRATCH, SCRATCH_S = 0.05, 5e-3  # the pick's noise beside the string's jump of 1
RELEASE_S = 0.04  # a finger stops the string
DAMP_HZ = 3000.0  # where the treble's decay time is meant
STIFF_HZ = 1200.0  # where the treble begins to come round sooner


def pluck(
    open_hz: float,
    fret: float,
    seconds: float,
    sample_rate: int,
    force: float = 0.7,
    muted: bool = False,
    semitones: np.ndarray | None = None,
    random: np.random.RandomState | None = None,
) -> np.ndarray:
    """One note, as the string's speed above the pickup.

    Args:
        open_hz: the string's pitch when no fret is held.
        fret: which fret is held, 0 or more.
        seconds: until a finger stops the string.
        sample_rate: in Hz, more than 20 times the note's pitch.
        force: 0..1; from 0 to 1 it grows by 24 dB and gets brighter.
        muted: the palm lies on the string.
        semitones: [T] added to the pitch over time by bending the string.
        random: where the pick's noise comes from.

    Returns:
        [T], about 1 at its peak for force 1.

    Raises:
        ConfigError: when the note is too high for the sample rate.

    >>> y = pluck(110.0, 0, 0.5, 48000)
    >>> y.shape, bool(np.std(y[:4800]) > 1.3 * np.std(y[-4800:]))
    ((24000,), True)
    """
    f0_hz = open_hz * 2 ** (fret / 12)
    if not 0 < 20 * f0_hz < sample_rate:
        raise ConfigError(
            f"a note of {f0_hz:.0f} Hz wants a sample rate above {20 * f0_hz:.0f}, not {sample_rate}"
        )
    random = random or np.random.RandomState(0)
    samples = round(seconds * sample_rate)
    position = np.arange(samples, dtype=float)
    if semitones is not None:
        position = np.cumsum(2.0 ** (semitones / 12)) - 1.0
    y = np.zeros(max(samples, math.ceil(position[-1]) + 1) if samples else 0)
    excitation = _let_go(open_hz, f0_hz, sample_rate, force, random)[: len(y)]
    y[: len(excitation)] = excitation
    _ring(y, f0_hz, sample_rate, muted)
    y -= _delayed(y, PICKUP / open_hz * sample_rate)
    if semitones is not None:
        # A bent string is played back faster: the same waves on a shorter round trip.
        y = ndimage.map_coordinates(y, position[None], order=3, mode="nearest")
    fade = min(samples, round(RELEASE_S * sample_rate))
    y[samples - fade :] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fade) / max(fade, 1))
    return y


def loop_filter(f0_hz: float, sample_rate: int, muted: bool) -> tuple[int, np.ndarray, np.ndarray]:
    """What one round trip on the string does: a whole delay in samples, and a filter (b, a) behind it.

    Three symmetric taps lose treble, six Lagrange taps tune between the samples, and all-passes let the
    treble of low notes come round sooner, as it does on a stiff string.

    >>> delay, b, a = loop_filter(110.0, 48000, muted=False)
    >>> 300 < delay < 48000 / 110, bool(0.99 < b.sum() / a.sum() < 1)
    (True, True)
    """
    bass_s = 0.45 if muted else 9.0 * math.sqrt(110.0 / f0_hz)  # decay by 60 dB
    treble_s = 0.07 if muted else 1.6
    bass_gain = 10 ** (-3 / (bass_s * f0_hz))
    treble_gain = min(1.0, 10 ** (-3 / (treble_s * f0_hz)) / bass_gain)
    side = (1 - treble_gain) / (2 - 2 * math.cos(2 * math.pi * DAMP_HZ / sample_rate))
    side = min(side, 0.25)  # beyond, the highest frequencies would come back
    b, a = bass_gain * np.array([side, 1 - 2 * side, side]), np.ones(1)
    corner = math.tan(math.pi * STIFF_HZ / sample_rate)
    pole = (1 - corner) / (1 + corner)
    for _ in range(round((130.0 / f0_hz) ** 2)):  # a stiffness B of 1 to 5e-4, and none above 184 Hz
        b, a = np.polymul(b, [-pole, 1.0]), np.polymul(a, [1.0, -pole])
    w = 2 * math.pi * f0_hz / sample_rate
    unity = np.exp(-1j * w * np.arange(len(b)))
    turned = np.angle((b @ unity) / (a @ unity[: len(a)])) % (-2 * math.pi)
    missing = sample_rate / f0_hz + turned / w  # samples until the fundamental has turned once
    delay = math.floor(missing) - 2
    fraction = missing - delay  # 2..3, the middle of the six taps
    others = [[k for k in range(6) if k != n] for n in range(6)]
    lagrange = [math.prod((fraction - k) / (n - k) for k in ks) for n, ks in enumerate(others)]
    return delay, np.polymul(b, lagrange), a


def _ring(y: np.ndarray, f0_hz: float, sample_rate: int, muted: bool) -> None:
    """Adds to y, in place and one round trip at a time, what has come round through the loop filter."""
    delay, b, a = loop_filter(f0_hz, sample_rate, muted)
    memory = np.zeros(max(len(b), len(a)) - 1)
    for start in range(delay, len(y), delay):
        stop = min(start + delay, len(y))
        back, memory = signal.lfilter(b, a, y[start - delay : stop - delay], zi=memory)
        y[start:stop] += back


def _let_go(
    open_hz: float, f0_hz: float, sample_rate: int, force: float, random: np.random.RandomState
) -> np.ndarray:
    """The first round trip: the speed of a string that was pulled to a corner, and the pick's scratch.

    A corner at PICK makes a box as wide as the way from there to the bridge and back, and the opposite
    on the rest of the string, so that the whole has no mean.
    """
    period = round(sample_rate / f0_hz)
    width = min(max(1, round(PICK / open_hz * sample_rate)), period // 2)
    box = np.full(period, -width / (period - width))
    box[:width] = 1.0
    letting_go_s = SOFT_PICK_S * (HARD_PICK_S / SOFT_PICK_S) ** force
    pick = np.hanning(max(3, round(letting_go_s * sample_rate) + 2))
    y = np.convolve(box, pick / pick.sum())
    scratch = random.standard_normal(round(SCRATCH_S * sample_rate))
    y[: len(scratch)] += SCRATCH * (scratch * np.hanning(len(scratch)))[: len(y)]
    return 10 ** (1.2 * (force - 1)) * y


def _delayed(y: np.ndarray, samples: float) -> np.ndarray:
    """y later by any number of samples, from two neighbours: the comb it is for needs no more."""
    whole = math.floor(samples)
    between = np.concatenate([np.zeros(whole + 1), y])[: len(y) + 1]
    return (samples - whole) * between[:-1] + (1 - samples + whole) * between[1:]
