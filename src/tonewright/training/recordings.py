"""From the files that a person has to a pair that a model can learn from."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tonewright.audio import align, checks, files
from tonewright.audio.findings import Finding
from tonewright.audio.noise import noise_floor
from tonewright.audio.pairs import Pair
from tonewright.audio.regions import parse_mask
from tonewright.errors import AudioError, PairError


@dataclass(frozen=True)
class Recording:
    """One row of what a person recorded: two files and where the knobs were.

    Attributes:
        dry, wet: sound files.
        knobs: settings by name, each 0..1.
        latency_samples: by which the wet is late; None to find out.
        leave_out: what not to learn from, as `parse_mask` reads it.
        source: how the two came about, in words, where that is known.
    """

    dry: Path
    wet: Path
    knobs: dict[str, float] = field(default_factory=dict)
    latency_samples: int | None = None
    leave_out: str = ""
    source: str = ""

    def recorded(self, resume: bool, said: Callable[[str], None]) -> "Recording":
        """Itself. A device that is software is only now recorded; see `Software`."""
        return self


@dataclass(frozen=True)
class Prepared:
    """A pair that lines up, and what was found on the way.

    Attributes:
        pair: to learn from.
        alignment: as estimated.
        shifted_samples: by which the wet was moved to line up.
        findings: notes, warnings and, when forced, errors.
        noise_esr: the error that noise alone makes, where it could be measured.
    """

    pair: Pair
    alignment: align.Alignment
    shifted_samples: int
    findings: list[Finding]
    noise_esr: float | None = None


def prepare(recording: Recording, receptive_field: int = 0, force: bool = False) -> Prepared:
    """Read, check and line up a recording.

    Args:
        recording: the two files.
        receptive_field: samples that the model to come remembers; 0 when there is none in mind.
        force: go on with a pair that cannot be learned well.

    Raises:
        AudioError: when a file cannot be read.
        PairError: when the two do not make a pair, in one sentence for each reason.
    """
    dry, rate = read_mono(recording.dry)
    wet, wet_rate = read_mono(recording.wet)
    checks.check_rates(recording.dry.name, rate, recording.wet.name, wet_rate)
    mask = parse_mask(recording.leave_out, rate, len(dry)) if recording.leave_out else None
    alignment = align.estimate(dry, wet, rate, mask=mask)
    if recording.latency_samples is not None:
        alignment = replace(alignment, latency_samples=recording.latency_samples)
    findings = checks.check_pair(dry, wet, rate, alignment, mask=mask, receptive_field=receptive_field)
    errors = [finding for finding in findings if finding.level == "error"]
    if errors and not force:
        raise PairError("\n".join(f"{recording.wet.name}: {error}" for error in errors))
    late = alignment.latency_samples
    shift = align.shift_for(late) if recording.latency_samples is None else late
    pair = _lined_up(recording, dry, wet, rate, mask, shift)
    noise = noise_floor(pair.dry, pair.wet, rate, mask=pair.leave_out)
    return Prepared(pair, alignment, shift, findings, noise)


def same_device(prepared: list[Prepared]) -> list[Prepared]:
    """One latency for all settings of one device: the earliest, when they differ by a few samples only.

    The attack of a setting with little high end is found a little later, but the device is the same one.
    """
    shifts = [p.shifted_samples for p in prepared]
    spread = max(shifts) - min(shifts)
    if not 0 < spread <= 2 * align.AT_ONCE:
        return prepared
    return [
        replace(p, pair=_moved(p.pair, min(shifts) - p.shifted_samples), shifted_samples=min(shifts))
        for p in prepared
    ]


def as_learned(pair: Pair, estimate: np.ndarray) -> Pair:
    """The pair moved by the few samples that make a model's answer to it, `estimate` [T], fit best.

    Two estimates of one latency may differ by a sample, and a sample is a large error at high frequencies.
    """
    length = min(len(estimate), len(pair.wet))
    lags = range(-align.AT_ONCE - 1, align.AT_ONCE + 2)
    middle = slice(len(lags), length - len(lags))
    match = [float(np.dot(estimate[middle], np.roll(pair.wet[:length], -lag)[middle])) for lag in lags]
    return _moved(pair, lags[int(np.argmax(match))])


def read_mono(path: Path) -> tuple[np.ndarray, int]:
    """One channel, [T], and the rate; two equal channels are one.

    Raises:
        AudioError: when the file cannot be read or its channels differ.
    """
    samples, rate = files.read(path)
    if not is_mono(samples):
        raise AudioError(
            f"{Path(path).name} has {len(samples)} different channels and a device is learned from one; "
            f"export the channel that was recorded as a mono file"
        )
    return samples[0], rate


def is_mono(samples: np.ndarray) -> bool:
    """Whether all channels of a sound [C, T] are equal."""
    return all(np.array_equal(samples[0], other) for other in samples[1:])


def _lined_up(recording, dry, wet, rate, mask, shift) -> Pair:
    dry_part, wet_part = align.apply(dry, wet, shift)
    if mask is not None:
        mask = align.apply(mask, wet, shift)[0]
    return Pair(dry_part, wet_part, rate, recording.knobs, mask, recording.wet.name)


def _moved(pair: Pair, samples: int) -> Pair:
    """The pair with its wet side `samples` earlier."""
    dry, wet = align.apply(pair.dry, pair.wet, samples)
    leave_out = None if pair.leave_out is None else align.apply(pair.leave_out, pair.wet, samples)[0]
    return replace(pair, dry=dry, wet=wet, leave_out=leave_out)
