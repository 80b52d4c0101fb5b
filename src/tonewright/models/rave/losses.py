"""What two networks teach each other. Every loss is a mean over the items, so that they can be taught one by one.

Source: Kumar et al., "MelGAN", NeurIPS 2019, section 2.2 (hinge, feature matching); Kong et al., "HiFi-GAN", NeurIPS
2020; Caillon and Esling, "RAVE", 2021, section 3.2.
"""

import torch
from torch import Tensor

from tonewright.models.rave.discriminators import Discriminators, Judgement

FAINTEST = 1e-5  # mean magnitude of a layer's features: what is fainter counts as that large

# Of the distance of features beside the adversarial loss. The reference names 10 and 20, and applies each twice.
MATCHING_V1, MATCHING_V2 = 100.0, 400.0


def to_tell_apart(judges: Discriminators, target: Tensor, estimate: Tensor) -> Tensor:
    """What the discriminators are to make small: hinge loss, a sum over them. Nothing of it reaches the generator.

    Args:
        judges: the discriminators.
        target, estimate: recorded and made sound [B, 1, T]; judged in one call.

    >>> judges = Discriminators(4)
    >>> to_tell_apart(judges, torch.randn(2, 1, 1024), torch.randn(2, 1, 1024)).shape
    torch.Size([])
    """
    real, fake = halves(judges(torch.cat([target, estimate]).detach()))
    return hinge(real, fake)


def to_convince(
    judges: Discriminators, target: Tensor, estimate: Tensor, relative: bool = False
) -> tuple[Tensor, Tensor]:
    """What the generator is to make small: the adversarial loss, and the distance of features before its weight.

    The discriminators learn nothing of it.

    Args:
        judges: the discriminators.
        target, estimate: recorded and made sound [B, 1, T].
        relative: of the features, as v2 compares them; see `matching`.
    """
    with torch.no_grad():
        real = judges(target)
    fake = judges(estimate, learns=False)
    return adversarial(fake), matching(real, fake, relative)


def halves(judgements: list[Judgement]) -> tuple[list[Judgement], list[Judgement]]:
    """Judgements of a batch's first half and of its second."""
    count = len(judgements[0].score) // 2
    return tuple(
        [Judgement(j.score[part], [f[part] for f in j.features]) for j in judgements]
        for part in (slice(count), slice(count, None))
    )


def hinge(real: list[Judgement], fake: list[Judgement]) -> Tensor:
    """Mean of max(0, 1 - score) of what was recorded, plus that of max(0, 1 + score) of what was made; summed."""
    return sum(
        _mean((1 - r.score).relu()) + _mean((1 + f.score).relu()) for r, f in zip(real, fake, strict=True)
    )


def adversarial(fake: list[Judgement]) -> Tensor:
    """Minus the mean score of what was made; a sum over the discriminators."""
    return -sum(_mean(judgement.score) for judgement in fake)


def matching(real: list[Judgement], fake: list[Judgement], relative: bool) -> Tensor:
    """How far features are apart: a mean over layers and discriminators.

    Args:
        real, fake: judgements of recorded and made sound.
        relative: False takes the mean difference, of all layers (v1). True takes it in parts of the mean magnitude of
            what was recorded, item by item, of all layers but the first, which is still close to the waveform (v2).
    """
    apart = [
        _apart(a, b, relative)
        for r, f in zip(real, fake, strict=True)
        for a, b in list(zip(r.features, f.features, strict=True))[int(relative) :]
    ]
    return torch.stack(apart).mean()


def _apart(real: Tensor, fake: Tensor, relative: bool) -> Tensor:
    if not relative:
        return _mean((real - fake).abs())
    off, size = (_mean(x.abs().flatten(1), dim=1) for x in (real - fake, real))
    return (off / size.clamp_min(FAINTEST)).mean()


def _mean(x: Tensor, dim: int | None = None) -> Tensor:
    """In float32 at least: the networks may have answered in shorter numbers."""
    return x.mean(dim=dim, dtype=torch.promote_types(x.dtype, torch.float32))
