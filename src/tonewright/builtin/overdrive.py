"""An overdrive pedal of the Tube Screamer family, computed from its circuit.

    in -> 20 nF / 510 k -> buffer -> 1 uF / 10 k -> clipping stage -> tone stage -> level -> out

One sample of 1.0 is one volt, which is about what a pickup gives when the strings are hit hard.

The clipping stage is a non-inverting operational amplifier: 4.7 k and 47 nF from its inverting input to
ground, and in its feedback 51 k + the drive potentiometer, 51 pF and two diodes, one in each direction. With
an ideal amplifier the current into the feedback is the input through a linear high-pass, so one unknown is
left, the voltage v across the diodes, in one differential equation:

    C dv/dt = i - v / R - 2 Is sinh(v / Vt)            output = input + v

Sources: D. T. Yeh, Digital Implementation of Musical Distortion Circuits by Analysis and Simulation, PhD
thesis, Stanford 2009, and Yeh, Abel and Smith, Simplified, Physically-Informed Models of Distortion and
Overdrive Guitar Effects Pedals, DAFx 2007: the circuit, its parts and the diode. Left out: the buffers'
own distortion, the amplifier's finite speed and supply, and couplings with corners below 5 Hz.
"""

import math

import numpy as np
from scipy import signal

from tonewright.errors import AudioError, ConfigError, ShapeError

INPUT_HIGHPASS_S = (20e-9 * 510e3, 1e-6 * 10e3)  # time constants of the two couplings before the clipper
GROUND_OHM, GROUND_F = 4.7e3, 47e-9  # inverting input to ground
FEEDBACK_OHM, DRIVE_OHM, FEEDBACK_F = 51e3, 500e3, 51e-12
DIODE_A, DIODE_V = 2.52e-9, 45.3e-3  # Yeh's small-signal silicon diode: saturation current and n * kT / q
TONE_IN_OHM, TONE_BIAS_OHM, TONE_IN_F = 1e3, 10e3, 220e-9
TONE_POT_OHM, TONE_FEEDBACK_OHM = 20e3, 1e3
TONE_WIPER_OHM, TONE_WIPER_F = 220.0, 220e-9

PAGE = 1 << 18  # samples oversampled at a time, so that an hour needs no more memory than a minute
PAGE_LEAD_S = 0.05  # the slowest part behind the couplings forgets with 1.2 ms: e^-40 is left
HALF_TAPS = 40  # reach of the resampling filters, in samples to either side
FORGOTTEN = 24  # time constants R C after which the diodes' past is below 1e-10 V


def overdrive(
    x: np.ndarray, sample_rate: int, drive: float = 0.6, tone: float = 0.5, level: float = 0.7
) -> np.ndarray:
    """A recording through the pedal. The wet sound lines up with the dry one: latency 0.

    Args:
        x: samples [T], 1.0 being one volt.
        sample_rate: in Hz, 32000 or more.
        drive: 0..1, linear: how much of 500 kOhm joins the 51 kOhm in the feedback (gain 12 to 118).
        tone: 0..1, linear: where on its 20 kOhm the wiper stands; 0 is dark and 1 bright.
        level: 0..1, linear: the fraction of the output that the level potentiometer lets through.

    Returns:
        float32 [T]. Calculated at 16 times the rate (8 times from 64 kHz up) and in float64. The resampling
        filters are symmetric; before the hardest pluck out of silence they ring at -75 dB of the peak.
        At level 1 loud playing passes 1.0: turn down before writing a file of integers.

    Raises:
        ShapeError: when x is not [T].
        AudioError: when x holds a NaN or an infinity, or the rate is too low.
        ConfigError: when a knob is outside 0..1.

    >>> t = np.arange(4800) / 48000
    >>> y = overdrive(0.5 * np.sin(2 * np.pi * 440 * t), 48000, drive=1.0)
    >>> y.shape, y.dtype, bool(0.3 < abs(y).max() < 0.8)
    ((4800,), dtype('float32'), True)
    """
    x = _checked(x, sample_rate, drive=drive, tone=tone, level=level)
    for seconds in INPUT_HIGHPASS_S:
        x = signal.lfilter(*signal.bilinear([seconds, 0.0], [seconds, 1.0], sample_rate), x)
    y = np.empty(len(x), np.float32)
    lead, tail = math.ceil(PAGE_LEAD_S * sample_rate), 2 * HALF_TAPS
    for start in range(0, len(x), PAGE):
        first = max(0, start - lead)
        page = _clip_and_tone(x[first : start + PAGE + tail], sample_rate, drive, tone)
        y[start : start + PAGE] = level * page[start - first :][:PAGE]
    return y


def clipping_stage(
    v_in: np.ndarray, rate: float, feedback_ohm: float, segments: int | None = None
) -> np.ndarray:
    """The operational amplifier with diodes in its feedback, sample by sample without oversampling.

    Args:
        v_in: volts [T], at a rate far above the highest frequency in it.
        rate: steps per second.
        feedback_ohm: resistance beside the diodes.
        segments: pieces solved side by side; any number gives the same within 1e-9. About sqrt(T) when None.

    Returns:
        volts [T] at the amplifier's output.

    >>> clipping_stage(np.zeros(3), 384000.0, 51e3)
    array([0., 0., 0.])
    """
    seconds = GROUND_OHM * GROUND_F
    current = signal.lfilter(*signal.bilinear([GROUND_F, 0.0], [seconds, 1.0], rate), v_in)
    return v_in + _diode_voltage(current, rate, feedback_ohm, segments or math.isqrt(len(v_in)) + 1)


def tone_transfer(tone: float) -> tuple[np.ndarray, np.ndarray]:
    """The tone stage as polynomials in s, highest power first: numerator and denominator.

    The potentiometer lies between the two inputs of an ideal amplifier, so its ends are at one voltage and
    its wiper shunts treble away from the input (tone 0) or from the feedback (tone 1).

    >>> numerator, denominator = tone_transfer(0.5)
    >>> round(float(numerator[-1] / denominator[-1]), 4)  # at DC: 1 kOhm into 10 kOhm
    0.9091
    """
    wiper_ohm = TONE_WIPER_OHM + tone * (1 - tone) * TONE_POT_OHM
    wiper = np.array([wiper_ohm * TONE_WIPER_F, 1.0])
    source = np.array([TONE_IN_OHM * TONE_IN_F, 1.0 + TONE_IN_OHM / TONE_BIAS_OHM])
    numerator = np.polyadd(wiper, [tone * TONE_FEEDBACK_OHM * TONE_WIPER_F, 0.0])
    denominator = np.polyadd(np.polymul(source, wiper), [(1 - tone) * TONE_IN_OHM * TONE_WIPER_F, 0.0])
    return numerator, denominator


def _checked(x: np.ndarray, sample_rate: int, **knobs: float) -> np.ndarray:
    x = np.asarray(x, np.float64)
    if x.ndim != 1:
        raise ShapeError(
            f"overdrive wants one channel as [T], and got {list(x.shape)}; give it one at a time"
        )
    if not np.isfinite(x).all():
        bad = int(np.flatnonzero(~np.isfinite(x))[0])
        raise AudioError(
            f"overdrive wants finite samples, and sample {bad} is {x[bad]}; repair the recording"
        )
    if sample_rate < 32000:
        raise AudioError(f"overdrive wants 32000 Hz or more, and got {sample_rate}; resample the recording")
    for name, value in knobs.items():
        if not 0.0 <= value <= 1.0:
            raise ConfigError(f"{name} is a knob from 0 to 1, and is {value}; turn it back")
    return x


def _clip_and_tone(x: np.ndarray, sample_rate: int, drive: float, tone: float) -> np.ndarray:
    """The part that makes harmonics, at a rate that has room for them. [T] -> [T]."""
    factor = 16 if sample_rate < 64000 else 8
    rate = factor * sample_rate
    # Symmetric and centred by resample_poly, so neither way delays. The stop band begins at half the rate:
    # 100 dB there is a Kaiser beta of 10.06 and, over HALF_TAPS, a band edge 0.08 of the rate lower.
    lowpass = signal.firwin(2 * HALF_TAPS * factor + 1, 0.92 / factor, window=("kaiser", 10.06))
    v = signal.resample_poly(x, factor, 1, window=lowpass)
    v = clipping_stage(v, rate, FEEDBACK_OHM + drive * DRIVE_OHM)
    v = signal.lfilter(*signal.bilinear(*tone_transfer(tone), rate), v)
    return signal.resample_poly(v, 1, factor, window=lowpass)


def _diode_voltage(current: np.ndarray, rate: float, ohm: float, segments: int) -> np.ndarray:
    """Solves the differential equation for v [T], all segments at once, each with a run-up of its own.

    The formula is BDF2. The trapezoidal rule would ring: where the diodes conduct, their time constant is a
    hundredth of a step, and that rule then forgets its last value only after a thousand steps.
    """
    run_up = math.ceil(FORGOTTEN * ohm * FEEDBACK_F * rate) + 2
    length = -(-len(current) // segments)
    padded = np.zeros(run_up + segments * length)
    padded[run_up : run_up + len(current)] = current
    pieces = np.lib.stride_tricks.sliding_window_view(padded, run_up + length)[::length]
    steps = np.array(pieces.T, order="C")  # [run_up + length, segments]: one row is one moment
    slope = FEEDBACK_F * rate
    v_1 = v_2 = np.zeros(segments)
    for t in range(len(steps)):
        drawn = steps[t] + slope * (2.0 * v_1 - 0.5 * v_2)
        v_1, v_2 = _diode_node(drawn, 1.5 * slope + 1.0 / ohm), v_1
        steps[t] = v_1
    return steps[run_up:].T.reshape(-1)[: len(current)]


def _diode_node(current: np.ndarray, siemens: float) -> np.ndarray:
    """The v [N] with siemens * v + 2 Is sinh(v / Vt) = current [N], by Newton's method.

    Each branch alone gives a bound on v, as neither carries more than the whole current. Above the root of
    a rising convex function Newton's steps all go down and never past it, so nothing has to be damped.
    """
    size = np.abs(current)
    v = np.minimum(size / siemens, DIODE_V * np.log1p(size / DIODE_A))
    for _ in range(50):
        forward = np.exp(v / DIODE_V)
        backward = 1.0 / forward
        excess = siemens * v + DIODE_A * (forward - backward) - size
        step = excess / (siemens + DIODE_A / DIODE_V * (forward + backward))
        v -= step
        if step.max() < 1e-9:  # what is left is of the order of its square
            break
    return np.copysign(v, current)
