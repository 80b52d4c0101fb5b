"""Both sides of an effect, as `match` wants them: read, checked, and lined up in the ways that may be right."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tonewright.audio import align, checks, files
from tonewright.audio.findings import Finding
from tonewright.errors import ConfigError, PairError
from tonewright.measure.metrics import rms_db
from tonewright.training.recordings import is_mono

HELD_OUT = 0.2  # of the recording, at its end, that is only measured
LEAST_S = 1.0  # of a recording
EARLY = 16  # samples; nobody exports a wet side so little early
RELATED = 0.05  # confidence of an alignment below which nothing is moved


@dataclass(frozen=True)
class Sides:
    """Both sides of an effect.

    Attributes:
        dry, wet: [C, T] float32 each, as many samples.
        rate: in Hz.
        late_samples: by which the wet side was late before anything was moved, as estimated.
        shifted: samples by which it was moved to line up.
        findings: of the checks.
    """

    dry: np.ndarray
    wet: np.ndarray
    rate: int
    late_samples: int
    shifted: int = 0
    findings: list[Finding] = field(default_factory=list)

    def moved(self, samples: int) -> "Sides":
        """With the wet side so many samples earlier."""
        dry, wet = align.apply(self.dry, self.wet, samples)
        return replace(self, dry=dry, wet=wet, shifted=self.shifted + samples)

    def lined_up(self, latency: int | None, reach_s: float) -> list["Sides"]:
        """The ways to line them up that may be right, the likeliest first.

        Args:
            latency: samples, when a person knows it.
            reach_s: by how much the effect itself can delay all of the sound. What is late by less may be its doing;
                and no effect is early, but a dull sound may seem to be.

        Raises:
            PairError: when the two have too little in common.
        """
        late = align.shift_for(self.late_samples)
        doubtful = 0 < late <= reach_s * self.rate or -EARLY <= late < 0
        shifts = [0, late] if doubtful else [late]
        ways = [self.moved(shift) for shift in (shifts if latency is None else [latency])]
        if ways[0].dry.shape[-1] < LEAST_S * self.rate:
            raise PairError(
                f"the two sides have {ways[0].dry.shape[-1] / self.rate:.1f} s in common, and a match wants "
                f"{LEAST_S:.0f} s at least (better ten); record a longer pair"
            )
        return ways

    def of_channels(self, outputs: int) -> "Sides":
        """With as many channels on the wet side as a chain makes; two equal ones may be one.

        Raises:
            ConfigError: when the wet side has others.
        """
        wet = self.wet[:1] if outputs == 1 and is_mono(self.wet) else self.wet
        if len(wet) != outputs:
            raise ConfigError(
                f"this chain makes {outputs} channels of {len(self.dry)} and the wet side has {len(wet)}; put a pan "
                f"into the chain, or export both sides with as many channels"
            )
        return replace(self, wet=wet)

    @property
    def cut(self) -> int:
        """The first sample of what is only measured."""
        return round((1.0 - HELD_OUT) * self.dry.shape[-1])

    def fitted(self) -> tuple[Tensor, Tensor]:
        """What is not only measured, both sides, float64."""
        return tuple(torch.from_numpy(side[:, : self.cut]).double() for side in (self.dry, self.wet))


def read_sides(dry_path: Path, wet_path: Path) -> Sides:
    """Both files, checked; not yet moved.

    Raises:
        AudioError: a file that cannot be read, or another rate.
        PairError: a side that is silent, no number, or of more than two channels.
    """
    (dry, rate), (wet, wet_rate) = files.read(dry_path), files.read(wet_path)
    checks.check_rates(dry_path.name, rate, wet_path.name, wet_rate)
    dry = dry[:1] if is_mono(dry) else dry
    for path, side in ((dry_path, dry), (wet_path, wet)):
        _check_side(path, side, rate)
    found = align.estimate(dry[0], wet[0], rate)
    frames = min(dry.shape[-1], wet.shape[-1] - min(0, found.latency_samples))
    late = found.latency_samples if found.confidence >= RELATED else 0
    return Sides(dry[:, :frames], wet, rate, late, 0, _findings(dry, wet, found))


def _check_side(path: Path, side: np.ndarray, rate: int) -> None:
    if len(side) > 2:
        raise PairError(
            f"{path.name} has {len(side)} channels, and a chain hears one or two; export those that matter"
        )
    if not np.isfinite(side).all():
        raise PairError(f"{path.name} holds samples that are not numbers; export it again")
    if rms_db(side) < checks.SILENT_DB:
        raise PairError(f"{path.name} is silent, so nothing can be read off it; check cable and track")


def _findings(dry: np.ndarray, wet: np.ndarray, found: align.Alignment) -> list[Finding]:
    """What is doubtful of the two sides."""
    rows = []
    for name, side in (("dry", dry), ("wet", wet)):
        top = float(np.abs(side).max())
        if np.count_nonzero(np.abs(side) >= 0.9999 * max(top, 0.99)) > 1e-4 * side.size:
            means = "what was cut off there cannot be told from a clipper"
            rows.append(Finding("warning", f"the {name} side is clipped", means, "record it with less level"))
    if found.confidence < RELATED:
        means = "either they do not belong together, or the effect leaves nothing of the phase"
        rows.append(Finding("warning", "the two sides have little in common", means, "listen to both"))
    return rows
