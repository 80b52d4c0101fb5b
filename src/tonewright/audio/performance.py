"""A recording of a monophonic instrument, and what is heard of it frame by frame: pitch and loudness."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Performance:
    """Sound and features that line up: frame n describes the time of sample n * hop.

    Attributes:
        sound: [F * hop] float32.
        sample_rate, hop: of the sound in Hz, and of the frames in samples.
        f0_hz: the pitch, [F]; in unvoiced frames that of the last voiced one.
        live_f0_hz: the same by the tracker that runs live, [F].
        voiced: [F] bool.
        loudness_db: A-weighted, [F].
        name: of the recording.
        clipped: samples of the file that it was made from, cut off at full scale.
    """

    sound: np.ndarray
    sample_rate: int
    hop: int
    f0_hz: np.ndarray
    live_f0_hz: np.ndarray
    voiced: np.ndarray
    loudness_db: np.ndarray
    name: str = ""
    clipped: int = 0

    @property
    def frames(self) -> int:
        return len(self.f0_hz)

    @property
    def seconds(self) -> float:
        return len(self.sound) / self.sample_rate

    def part(self, start: int, stop: int) -> "Performance":
        """Frames start .. stop - 1, and their sound."""
        rows = ("f0_hz", "live_f0_hz", "voiced", "loudness_db")
        cut = {name: getattr(self, name)[start:stop] for name in rows}
        return replace(self, sound=self.sound[start * self.hop : stop * self.hop], **cut)
