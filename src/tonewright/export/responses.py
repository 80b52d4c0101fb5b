"""Linear models as responses to a click, and responses as models: what sound files and .nam files of them share."""

import math
from dataclasses import dataclass

import numpy as np

from tonewright import models
from tonewright.errors import ConfigError
from tonewright.layers.fir import MOST_TAPS
from tonewright.models.base import Model
from tonewright.runtime.player import Player

KEPT = 1e-14  # of the energy may be left out: 140 dB below all of it
SILENT = 1e-12  # of the largest: what transforms leave where there is nothing


@dataclass(frozen=True)
class Response:
    """What a linear model makes of a click, as it can be written.

    Attributes:
        taps: [C, N]; of a model of several inputs, what becomes of each on its own output, otherwise what becomes of
            its only one on every output.
        constant: what the model adds to each of them, [C].
        early: samples by which the taps are ahead of the model, which is late by them.
        late: samples by which the taps are late themselves.
        rest_db: how loud what follows was, beside all of it; -inf when nothing does.
    """

    taps: np.ndarray
    constant: np.ndarray
    early: int
    late: int
    rest_db: float

    def told(self, sample_rate: int) -> str:
        """How long it is, and what it is not, in words.

        >>> taps, none = np.ones((1, 24000)), np.zeros(1)
        >>> Response(taps, none, 0, 0, -140.4).told(48000)
        '24,000 samples (0.50 s at 48000 Hz); what rings on after it is 140 dB below all of it'
        """
        length = self.taps.shape[-1]
        samples = "1 sample" if length == 1 else f"{length:,} samples"
        return f"{samples} ({length / sample_rate:.2f} s at {sample_rate} Hz){self.left_out}"

    @property
    def left_out(self) -> str:
        """What it is not, in words that follow others; "" when it is all."""
        said = f"; late by {self.late} samples, as the chain is" if self.late else ""
        if self.rest_db > -math.inf:
            said += f"; what rings on after it is {-self.rest_db:.0f} dB below all of it"
        return said


def response_of(player: Player, most: int, ahead: bool = False) -> Response:
    """The response of a linear model, at most so many samples of it.

    One that rings on ends where all that follows is 140 dB below all of it.

    Args:
        player: of the model.
        most: samples to keep.
        ahead: leave out the samples by which the model is late, unless something sounds in them.

    Raises:
        ConfigError: the model is not linear, makes one channel of several, or nothing of anything.
    """
    # what is left out is measured for as long again
    model, found = player.model, player.model.impulse(2 * most)
    inputs, outputs, _ = found.response.shape
    if inputs > 1:
        across = ~np.eye(inputs, outputs, dtype=bool)
        if found.response[across].any():
            raise ConfigError(
                "an impulse response is of one channel, and this chain puts its channels on each other"
            )
        taps = found.response[~across]
    else:
        taps = found.response[0]
    if not taps.any():
        raise ConfigError("this chain makes silence of every sound, and that is no impulse response")
    early = model.latency if ahead and _silent(taps[:, : model.latency], taps) else 0
    taps, rest_db = _ended(taps[:, early:], found.finite, most)
    return Response(taps, found.constant, early, model.latency - early, rest_db)


def chain_of(taps: np.ndarray, sample_rate: int, constant: float | None = None) -> Model:
    """The chain that has these taps [N], and adds that constant.

    Raises:
        ConfigError: there are too many of them, or one is beyond all reason.
    """
    room = models.find("chain")
    if not 1 <= len(taps) <= MOST_TAPS:
        raise ConfigError(f"a response has 1 to {MOST_TAPS:,} samples, and this one {len(taps):,}")
    links = (room.Link("response", len(taps)), *([room.Link("offset")] if constant is not None else []))
    model = room.Model(room.Config(links, sample_rate=sample_rate))
    model.set({"response.taps": taps} | ({} if constant is None else {"offset.level": constant}))
    return model.eval()


def _silent(part: np.ndarray, whole: np.ndarray) -> bool:
    return float(np.abs(part).max(initial=0.0)) <= SILENT * float(np.abs(whole).max())


def _ended(taps: np.ndarray, finite: bool, most: int) -> tuple[np.ndarray, float]:
    """As many of the taps as are kept, and how loud the others are beside all."""
    energy = np.cumsum(np.sum(taps**2, axis=0)[::-1])[::-1]  # from each sample on
    length = taps.shape[-1] if finite else int(np.count_nonzero(energy > KEPT * energy[0]))
    length = min(length, most)
    rest = energy[length] / energy[0] if length < taps.shape[-1] else 0.0
    return taps[:, :length], 10.0 * math.log10(rest) if rest else -math.inf
