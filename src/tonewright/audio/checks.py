"""Is this a pair that a model can learn from? What is looked at, each in a function with its threshold.

A threshold is a number that real pairs, good and bad, were found to lie well on either side of.
"""

from dataclasses import dataclass

import numpy as np

from tonewright.audio.align import Alignment, apply, shift_for
from tonewright.audio.clipping import flat_samples
from tonewright.audio.findings import Finding
from tonewright.audio.memory import echo_samples, modulation_hz
from tonewright.audio.noise import noise_floor, tail
from tonewright.errors import PairError
from tonewright.measure.metrics import rms_db

SILENT_DB = -90.0  # the level of 16-bit dither
QUIET_DB = -50.0  # below this a 16-bit recording keeps fewer than seven bits
COPY = 1e-6  # ESR between the sides up to a gain: no device is that clean
UNRELATED = 0.1  # confidence; foreign recordings reach 0.015, a flanger over two seconds has 0.2
CLIPPED_A_LOT = 1e-3  # of all samples: no longer a stray peak
OFFSET, OFFSET_PART = 0.03, 0.25  # of full scale and of the level; a distortion makes 0.02 by itself
SHORT_S, TOO_SHORT_S = 10.0, 1.0  # of sound to learn from
MORE_S = 0.5  # by which the sides may differ in length: people stop two recorders by hand
DRIFT_PPM = 5.0  # together with WANDER: two clocks that are not locked
WANDER = 3.0  # samples: at this a model already loses the top octave
STRAIGHT = 0.9  # of the wander must the drift explain, or it is not a drift
TAIL = 1e-4  # of the wet energy: what still sounds in a silence beyond what the model remembers
NOISE_SAID = 1e-6  # ESR; a lower floor concerns nobody


@dataclass(frozen=True)
class _Pair:
    dry: np.ndarray  # [T], aligned
    wet: np.ndarray  # [T], aligned
    keep: np.ndarray  # [T], the samples to learn from
    sample_rate: int
    found: Alignment
    receptive_field: int
    extra: int  # samples by which the wet side is longer than it should be


def check_rates(dry_name: str, dry_rate: int, wet_name: str, wet_rate: int) -> None:
    """Raises PairError when the two files are not at one sample rate.

    >>> check_rates("dry.wav", 48000, "amp.wav", 44100)
    Traceback (most recent call last):
    tonewright.errors.PairError: dry.wav is 48000 Hz and amp.wav is 44100 Hz; export both at the same rate
    """
    if dry_rate != wet_rate:
        raise PairError(
            f"{dry_name} is {dry_rate} Hz and {wet_name} is {wet_rate} Hz; export both at the same rate"
        )


def check_pair(
    dry: np.ndarray,
    wet: np.ndarray,
    sample_rate: int,
    alignment: Alignment,
    mask: np.ndarray | None = None,
    receptive_field: int = 8192,
) -> list[Finding]:
    """What is wrong, doubtful or good to know about a pair, the worst first.

    Args:
        dry, wet: one channel each, [T], as recorded (not aligned); the lengths may differ.
        sample_rate: of both, in Hz.
        alignment: what `align.estimate` found.
        mask: [T] of the dry side, True where it is not to be used.
        receptive_field: of the model that is to learn it, in samples; 0 when there is none in mind.

    >>> dry = np.random.default_rng(0).uniform(-0.5, 0.5, 20000)
    >>> print(check_pair(dry, 2 * dry, 1000, Alignment(0, 1, 6.0, 1.0, 0.0, 0.0))[0])
    error: the wet side is the dry side but for a gain of 6.0 dB; ...
    """
    if mask is None:
        mask = np.zeros(len(dry), bool)
    x, y = apply(np.asarray(dry, np.float64), np.asarray(wet, np.float64), alignment.latency_samples)
    keep = apply(~mask, wet, alignment.latency_samples)[0]
    extra = len(wet) - len(dry) - alignment.latency_samples
    pair = _Pair(x, y, keep, sample_rate, alignment, receptive_field, extra)
    broken = [*_length(pair), *_silence(dry, wet)]
    if not any(finding.level == "error" for finding in broken):
        broken += [*_copy(pair), *_related(pair)]
    if any(finding.level == "error" for finding in broken):
        return _worst_first(broken)
    checks = (_clipping, _offset, _quiet, _lengths, _moving, _modulation, _echo, _polarity, _latency, _noise)
    found = broken + [finding for check in checks for finding in check(pair)]
    return _worst_first(found)


def _worst_first(found: list[Finding]) -> list[Finding]:
    return sorted(found, key=lambda finding: ("error", "warning", "note").index(finding.level))


def _silence(dry: np.ndarray, wet: np.ndarray) -> list[Finding]:
    return [
        Finding("error", f"the {name} side is silent", "there is nothing to learn", "check cable and track")
        for name, x in (("dry", dry), ("wet", wet))
        if rms_db(np.asarray(x)) < SILENT_DB
    ]


def _length(pair: _Pair) -> list[Finding]:
    samples = int(np.count_nonzero(pair.keep))
    seconds = samples / pair.sample_rate
    seen = f"{seconds:.1f} s of sound can be used"
    do = "record a minute or more"
    if seconds < TOO_SHORT_S or samples < pair.receptive_field:
        return [Finding("error", seen, "the model cannot learn from so little", do)]
    if seconds < SHORT_S:
        return [Finding("warning", seen, "the model will know few notes and levels", do)]
    return []


def _copy(pair: _Pair) -> list[Finding]:
    """A copy may be found a sample or two beside itself, so its neighbourhood is tried."""
    gains = [_copied_gain(pair, shift) for shift in (0, 1, -1, 2, -2)]
    gain = next((gain for gain in gains if gain is not None), None)
    if gain is None:
        return []
    gain_db = 20.0 * np.log10(abs(gain))
    but = "" if abs(gain_db) < 0.05 else f" but for a gain of {gain_db:.1f} dB"
    means = "the device was bypassed or the wrong track was exported"
    return [Finding("error", f"the wet side is the dry side{but}", means, "record it through the device")]


def _copied_gain(pair: _Pair, shift: int) -> float | None:
    """The gain that makes the dry side, moved by `shift`, the wet side; None when no gain does."""
    dry, wet = apply(pair.dry, pair.wet, shift)
    keep = apply(pair.keep, pair.wet, shift)[0]
    x, y = dry[keep], wet[keep]
    power = float(x @ x)
    if power == 0.0:
        return None
    gain = float(x @ y) / power
    return gain if float(np.sum((y - gain * x) ** 2)) <= COPY * float(y @ y) else None


def _related(pair: _Pair) -> list[Finding]:
    if pair.found.confidence >= UNRELATED:
        return []
    seen = f"the wet side follows from the dry side by {100 * pair.found.confidence:.0f} %"
    means = "these recordings do not belong together"
    do = "check that both are of the same take, or raise the largest latency"
    return [Finding("error", seen, means, do)]


def _clipping(pair: _Pair) -> list[Finding]:
    found = []
    for name, x in (("dry", pair.dry[pair.keep]), ("wet", pair.wet[pair.keep])):
        clipped = flat_samples(x)
        if clipped:
            level = "error" if name == "dry" and clipped > CLIPPED_A_LOT * len(x) else "warning"
            seen = f"{clipped} samples of the {name} side are clipped at full scale"
            means = "the model learns the converter together with the device"
            found.append(Finding(level, seen, means, "turn the level down and record again"))
    return found


def _offset(pair: _Pair) -> list[Finding]:
    found = []
    for name, x in (("dry", pair.dry[pair.keep]), ("wet", pair.wet[pair.keep])):
        offset = abs(float(x.mean()))
        if offset > OFFSET and offset > OFFSET_PART * float(np.sqrt(np.mean(x**2))):
            seen = f"the {name} side has a constant offset of {x.mean():+.3f}"
            do = "check the interface, or remove the offset from the file"
            found.append(Finding("warning", seen, "the model spends its effort on something inaudible", do))
    return found


def _quiet(pair: _Pair) -> list[Finding]:
    found = []
    for name, x in (("dry", pair.dry[pair.keep]), ("wet", pair.wet[pair.keep])):
        if rms_db(x) < QUIET_DB:
            seen = f"the {name} side is at {rms_db(x):.0f} dB"
            found.append(Finding("warning", seen, "noise takes a large part of it", "record it louder"))
    return found


def _lengths(pair: _Pair) -> list[Finding]:
    seconds = pair.extra / pair.sample_rate
    if abs(seconds) <= MORE_S:
        return []
    seen = f"the wet side is {abs(seconds):.1f} s {'longer' if seconds > 0 else 'shorter'} than the dry side"
    return [Finding("note", seen, "what has no counterpart is left out")]


def _moving(pair: _Pair) -> list[Finding]:
    found = pair.found
    if found.wander_samples < WANDER:
        return []
    means = "what no model can follow is smeared, the treble first"
    drifted = abs(found.drift_ppm) * 1e-6 * len(pair.dry)
    if abs(found.drift_ppm) > DRIFT_PPM and drifted > STRAIGHT * found.wander_samples:
        seen = f"the latency drifts by {found.drift_ppm:+.1f} ppm ({found.wander_samples:.0f} samples)"
        return [Finding("warning", seen, means, "record both sides with one interface, or lock the clocks")]
    seen = f"the latency wanders by {found.wander_samples:.1f} samples, as a tape does (wow and flutter)"
    return [Finding("warning", seen, means, "learn the parts that do not move, or expect a dull model")]


def _modulation(pair: _Pair) -> list[Finding]:
    hz = modulation_hz(pair.dry, pair.wet, pair.sample_rate, ~pair.keep)
    if hz is None:
        return []
    seen = f"the device sways {hz:.2f} times a second (tremolo, chorus, flanger, phaser)"
    means = "a capture cannot know the phase of that movement"
    return [Finding("warning", seen, means, "use `tonewright match` with a chain that holds such an effect")]


def _echo(pair: _Pair) -> list[Finding]:
    if pair.receptive_field == 0:  # no model in mind, so nothing is beyond it
        return []
    ms = 1000.0 / pair.sample_rate
    means = f"the model remembers {pair.receptive_field * ms:.0f} ms and cannot reach it"
    do = "use `tonewright match` with a delay or a reverb, or switch it off"
    delay = echo_samples(pair.dry, pair.wet, pair.sample_rate, pair.receptive_field, pair.keep)
    if delay is not None:
        seen = f"the device answers again after {delay * ms:.0f} ms (an echo)"
        return [Finding("warning", seen, means, do)]
    left = tail(pair.dry, pair.wet, pair.sample_rate, pair.receptive_field, pair.keep)
    if left is None or left < TAIL:
        return []
    level_db = 10.0 * np.log10(left)
    seen = f"the device still sounds long after the dry side stopped ({level_db:.0f} dB, a reverb)"
    return [Finding("warning", seen, means, do)]


def _polarity(pair: _Pair) -> list[Finding]:
    if pair.found.polarity > 0:
        return []
    return [Finding("note", "the wet side is upside down", "the model learns it as it is")]


def _latency(pair: _Pair) -> list[Finding]:
    late = pair.found.latency_samples
    if abs(late) <= 1:
        return []
    ms = abs(late) / pair.sample_rate * 1000.0
    side = "late" if late > 0 else "early"
    means = "it is taken out" if shift_for(late) else "so little is learned as part of the device"
    return [Finding("note", f"the wet side is {abs(late)} samples ({ms:.1f} ms) {side}", means)]


def _noise(pair: _Pair) -> list[Finding]:
    floor = noise_floor(pair.dry, pair.wet, pair.sample_rate, mask=~pair.keep)
    if floor is None or floor < NOISE_SAID:
        return []
    seen = f"noise in the wet side where the dry side is silent is {10 * np.log10(floor):.0f} dB of the whole"
    return [Finding("note", seen, f"no model can get below ESR ≈ {floor:.1g}")]
