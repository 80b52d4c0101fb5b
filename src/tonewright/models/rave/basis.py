"""A compact latent: few dimensions instead of many, the most telling first, with names of what they go with.

The encoder spreads what it found over all of its dimensions. Principal component analysis of the means that it gives
for the sounds it was taught turns them so that the first dimension holds most of what varies, the second most of the
rest; where nothing varies any more a dimension is noise and can be left out.
"""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from tonewright.dsp.loudness import FLOOR_DB, loudness
from tonewright.errors import ConfigError, ShapeError, TrainingError
from tonewright.measure.brightness import brightness
from tonewright.measure.correlation import rank_correlation
from tonewright.models.rave.latent import check_latent
from tonewright.models.rave.moments import Kept, Moments

NAMED = 0.5  # a correlation from here on is worth a word
HEARD_DB = FLOOR_DB + 10.0  # a frame that is softer is silence
TOLD = 0.1  # and from here on it may say which way is up


def dims_for(variance: Tensor, fidelity: float) -> int:
    """The smallest number of dimensions, 1 to K, that holds this share of what varies.

    Args:
        variance: along each of K dimensions, the largest first.
        fidelity: the share, above 0 to 1.

    Raises:
        ConfigError: a share that is none.

    >>> dims_for(torch.tensor([8.0, 1.0, 1.0]), 0.9)
    2
    """
    if not 0.0 < fidelity <= 1.0:
        raise ConfigError(
            f"a fidelity is above 0 and at most 1, and is {fidelity:g}; 0.95 keeps what is heard"
        )
    held = variance.double().cumsum(0)
    return min(int((held < held[-1] * (fidelity - 1e-9)).sum()) + 1, len(held))


@dataclass(frozen=True)
class Basis:
    """The directions in which a latent varies, by falling variance.

    Attributes:
        centre: mean of the latent, [K].
        directions: [K, K], each row of length 1 and at right angles to all others.
        variance: along each of them, [K], at least 0.
        goes_with: correlation of each dimension's ranks with those of what was measured in the sound, -1 to 1, [K] by
            name; 0 where one of the two never varies.

    >>> z = torch.tensor([[[1.0, -1.0, 3.0, 1.0], [2.0, -2.0, 6.0, 2.0]]])
    >>> basis = basis_of([z])
    >>> dims_for(basis.variance, 0.95), basis.words(0)
    (1, 'latent_0: 100 % of what varies')
    """

    centre: Tensor
    directions: Tensor
    variance: Tensor
    goes_with: dict[str, Tensor] = field(default_factory=dict)

    @property
    def share(self) -> Tensor:
        """Of all that varies, how much each dimension holds, 0 to 1, [K]; all 0 for a latent that stands still."""
        whole = self.variance.sum()
        return self.variance / whole if whole > 0 else torch.zeros_like(self.variance)

    def words(self, k: int) -> str:
        """A dimension for people: its name, and what it goes with when that was measured and is plain."""
        told = {name: float(r[k]) for name, r in self.goes_with.items()}
        name = max(told, key=lambda name: abs(told[name]), default=None)
        if name is not None and abs(told[name]) >= NAMED:
            return f"latent_{k}: {name} (r = {told[name]:.2f})"
        return f"latent_{k}: {100 * float(self.share[k]):.0f} % of what varies"


class Gathering:
    """Gathers a basis chunk by chunk, in memory that does not grow with the sounds.

    >>> gathering = Gathering()
    >>> for seed in range(3):
    ...     z = torch.randn(1, 4, 50, generator=torch.Generator().manual_seed(seed))
    ...     gathering.add(z, {"loudness": -30.0 - 5.0 * z[:, 2]})
    >>> gathering.basis().goes_with["loudness"].shape
    torch.Size([4])
    """

    def __init__(self):
        self._latent = Moments()
        self._beside: dict[str, Kept] = {}

    def add(self, means: Tensor, measured: dict[str, Tensor] | None = None) -> None:
        """Another chunk.

        Args:
            means: that the encoder gave, [B, K, F].
            measured: what is heard in the same frames, [B, F] by name; frames that are no number do not count.

        Raises:
            ShapeError: what does not belong together.
            TrainingError: a latent that is no number.
        """
        check_latent("a basis", means)
        rows = means.detach().to("cpu", torch.float64).transpose(1, 2).flatten(0, 1)
        if not rows.isfinite().all():
            raise TrainingError("the encoder gives no numbers (NaN) for some sounds; teach it more slowly")
        self._latent.add(rows)
        for name, values in (measured or {}).items():
            if values.shape != means[:, 0].shape:
                wanted = list(means[:, 0].shape)
                raise ShapeError(f"{name} of these frames is {wanted}, and got {list(values.shape)}")
            beside = values.detach().to("cpu", torch.float64).reshape(-1, 1)
            heard = beside[:, 0].isfinite()
            self._beside.setdefault(name, Kept()).add(torch.cat([rows, beside], dim=1)[heard])

    def basis(self) -> Basis:
        """The directions so far; each points to where it gets louder, when loudness was measured and tells.

        Raises:
            TrainingError: nothing was added.
        """
        if not self._latent.count:
            raise TrainingError("there is no sound to find the directions of a latent in")
        variance, columns = torch.linalg.eigh(self._latent.covariance)
        variance, directions = variance.flip(0).clamp_min(0.0), columns.T.flip(0)
        directions = directions * _signs(directions)[:, None]
        goes_with = {name: _correlations(kept.rows, directions) for name, kept in self._beside.items()}
        if "loudness" in goes_with:
            r = goes_with["loudness"]
            up = torch.where(r <= -TOLD, -1.0, 1.0).double()
            directions = directions * up[:, None]
            goes_with = {name: r * up for name, r in goes_with.items()}
        rows = (self._latent.mean, directions, variance)
        return Basis(*(x.float() for x in rows), {name: r.float() for name, r in goes_with.items()})


def heard_in(x: Tensor, sample_rate: int, hop: int, late: int = 0) -> dict[str, Tensor]:
    """What a dimension may go with, in every frame of the latent.

    Args:
        x: sound [B, 1, T].
        sample_rate: in Hz.
        hop: samples of a frame.
        late: samples by which the latent trails: frame n tells of the sound around sample n hop - late.

    Returns:
        loudness in dB and brightness in octaves, [B, T // hop] each, by name; silence has neither (NaN).

    >>> heard = heard_in(torch.zeros(1, 1, 8192), 48000, 2048)
    >>> heard["loudness"]
    tensor([[nan, nan, nan, nan]])
    """
    x = F.pad(x, (late, -late))
    level_db, octaves = (measure(x, sample_rate, hop)[:, 0] for measure in (loudness, brightness))
    heard = level_db > HEARD_DB
    return {"loudness": level_db.where(heard, torch.nan), "brightness": octaves.where(heard, torch.nan)}


def basis_of(means: list[Tensor], measured: list[dict[str, Tensor]] | None = None) -> Basis:
    """The basis of latents [B, K, F] that are all there; see `Gathering` for those that are not."""
    gathering = Gathering()
    for n, chunk in enumerate(means):
        gathering.add(chunk, measured[n] if measured else None)
    return gathering.basis()


def _signs(directions: Tensor) -> Tensor:
    """By which each row has its largest number above 0: eigenvectors come with either sign."""
    largest = directions.gather(1, directions.abs().argmax(dim=1, keepdim=True))[:, 0]
    return torch.where(largest < 0, -1.0, 1.0).to(directions)


def _correlations(rows: Tensor, directions: Tensor) -> Tensor:
    """Of each direction with what was measured beside the latent, the last column of the rows: [K]."""
    along = directions @ rows[:, :-1].T
    return torch.from_numpy(rank_correlation(along.numpy(), rows[:, -1].numpy()))
