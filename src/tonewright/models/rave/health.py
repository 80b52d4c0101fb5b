"""Whether the latent is in use: one that collapsed tells nothing, and one that tells all is no latent."""

from dataclasses import dataclass

from torch import Tensor

from tonewright.models.rave.basis import basis_of, dims_for
from tonewright.models.rave.latent import check_latent, kl_by_dimension

TELLS = 0.1  # divergence of a dimension in use (without the half), and its movement beside its uncertainty
FIDELITY = 0.95
IN_A_ROW = 4  # diagnoses that agree, before a person is told: nearly every latent is collapsed at first
MANY = 64  # dimensions; fewer may all be in use and are no fault
ALL = 0.9  # of the dimensions, from which on all are in use


@dataclass(frozen=True)
class Health:
    """What a latent is used for.

    Attributes:
        dims: dimensions that there are.
        informative: dimensions that tell something of the sound: their bell curves differ from the standard one, and
            move by more than they are uncertain.
        effective: directions that hold 95 % of what varies, at least 1.
        kl: divergence of each dimension, [K].
    """

    dims: int
    informative: int
    effective: int
    kl: Tensor

    @property
    def fault(self) -> str:
        """In a word: "dead", "collapsed", "lopsided" or "full"; empty when all is well."""
        if self.informative == 0:
            return "dead"
        if self.dims > 1 and self.informative == 1:
            return "collapsed"
        if self.dims > 1 and self.effective == 1:
            return "lopsided"
        return "full" if self.dims >= MANY and self.effective >= ALL * self.dims else ""

    @property
    def well(self) -> bool:
        """Nothing to say."""
        return not self.fault

    def sentences(self, beta: float | None = None) -> list[str]:
        """What is wrong and what to do, for people; empty when all is well.

        Args:
            beta: the weight of the divergence in the end.
        """
        if self.well:
            return []
        setting = "beta=..." if beta is None else f"beta={beta * (10.0 if self.fault == 'full' else 0.1):.1g}"
        return [f"{self._told()}; begin again with --setting {setting}"]

    def _told(self) -> str:
        share = f"{100 * FIDELITY:.0f} % of what varies"
        return {
            "dead": f"the latent has collapsed: none of its {_dims(self.dims)} tells anything, so every sound comes "
            f"out the same",
            "collapsed": f"the latent has collapsed to 1 dimension of {self.dims}: it can tell loud from soft, and "
            f"little else",
            "lopsided": f"one direction of the latent holds {share}, though {self.informative} of {_dims(self.dims)} "
            f"are in use: sounds may come out too alike",
            "full": f"{self.informative} of {_dims(self.dims)} of the latent are in use, and {self.effective} are "
            f"needed for {share}: hardly anything is summed up, and no single knob will do much",
        }[self.fault]

    def __str__(self) -> str:
        return (
            f"{self.informative} of {_dims(self.dims)} in use, {self.effective} for "
            f"{100 * FIDELITY:.0f} % of what varies"
        )


class Watch:
    """Says once what is wrong, and only when it stays: early in a training, or between two steps, it may pass.

    >>> import torch
    >>> dead = Health(8, 0, 1, torch.zeros(8))
    >>> watch = Watch()
    >>> [len(watch.see(dead, 0.1)) for _ in range(6)]
    [0, 0, 0, 1, 0, 0]
    """

    def __init__(self):
        self._fault, self._times, self._told = "", 0, ""

    def see(self, health: Health, beta: float | None = None) -> list[str]:
        """Take note of a diagnosis; what there is to say now, mostly nothing.

        A fault is told again when another one, or none, was there in between for as long.

        Args:
            health: the diagnosis.
            beta: the weight of the divergence in the end.
        """
        self._times = self._times + 1 if health.fault == self._fault else 1
        self._fault = health.fault
        if self._times < IN_A_ROW or self._fault == self._told:
            return []
        self._told = self._fault
        return health.sentences(beta)

    def state(self) -> dict:
        """All that a resumed training needs: numbers and words."""
        return {"fault": self._fault, "times": self._times, "told": self._told}

    def restore(self, state: dict) -> None:
        """Back to where `state` was taken."""
        self._fault, self._times, self._told = state["fault"], state["times"], state["told"]


def diagnose(means: Tensor | list[Tensor], stds: Tensor | list[Tensor]) -> Health:
    """What the latent of some sounds is used for.

    Args:
        means, stds: that the encoder gave, [B, K, F] each, or as many of them; at least a few hundred frames of
            sounds as different as those that are taught.

    Raises:
        ShapeError: what does not belong together, or is empty.

    >>> import torch
    >>> z = torch.randn(1, 8, 500, generator=torch.Generator().manual_seed(0))
    >>> z[:, 2:] *= 0.001
    >>> std = torch.where(torch.arange(8)[:, None] < 2, 0.1, 1.0).expand(1, 8, 500)
    >>> print(diagnose(z, std))
    2 of 8 dimensions in use, 2 for 95 % of what varies
    """
    means, stds = ([x] if isinstance(x, Tensor) else list(x) for x in (means, stds))
    check_latent("a diagnosis", *(means[:1] or stds[:1]))
    frames = sum(x[:, 0].numel() for x in means)
    told, uncertain = 0.0, 0.0
    for mean, std in zip(means, stds, strict=True):
        mean, std = mean.detach().double(), std.detach().double()
        share = mean[:, 0].numel() / frames
        told = told + share * kl_by_dimension(mean, std)
        uncertain = uncertain + share * std.square().mean(dim=(0, 2))
    basis = basis_of(means)
    moves = basis.variance @ basis.directions.square()  # of each dimension as the encoder gives it
    informative = int(((told > TELLS) & (moves > TELLS * uncertain.float())).sum())
    return Health(len(told), informative, dims_for(basis.variance, FIDELITY), told.float())


def _dims(count: int) -> str:
    return f"{count} dimension{'s' if count != 1 else ''}"
