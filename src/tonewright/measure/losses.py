"""What training makes small. Every loss is a sum over items, so that items can be taught one by one."""

import torch
from torch import Tensor

from tonewright.errors import ShapeError

# (window, hop, length of the Hann window): the resolutions of Yamamoto et al., "Parallel WaveGAN", 2020
RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))
SIZES = (2048, 1024, 512)  # samples of the windows of `spectral`: 46, 23 and 12 ms at 44.1 kHz
FLOOR = 1e-8  # of a power: keeps the gradient of roots and logarithms finite in silence


def pre_emphasis(x: Tensor, coefficient: float = 0.85) -> Tensor:
    """x[t] - coefficient * x[t - 1], one sample shorter than x [..., T]: lifts the highs that ears follow.

    >>> pre_emphasis(torch.ones(1, 3), 0.85)
    tensor([[0.1500, 0.1500]])
    """
    return x[..., 1:] - coefficient * x[..., :-1]


def multi_resolution_stft(target: Tensor, estimate: Tensor) -> Tensor:
    """Distance between magnitude spectra at three resolutions: spectral convergence plus log magnitude.

    Args:
        target, estimate: signals [B, T], T at least 2048.

    Returns:
        One number, 0 when the magnitudes are equal.

    Source: Yamamoto et al., "Parallel WaveGAN", ICASSP 2020, equations 3 to 6.

    >>> x = torch.randn(1, 4096)
    >>> float(multi_resolution_stft(x, x)), float(multi_resolution_stft(x, -x))
    (0.0, 0.0)
    """
    total = target.new_zeros(())
    for size, hop, length in RESOLUTIONS:
        window = torch.hann_window(length, dtype=target.dtype, device=target.device)
        a, b = _magnitude(target, size, hop, window), _magnitude(estimate, size, hop, window)
        convergence = torch.linalg.norm(a - b) / torch.linalg.norm(a)
        total = total + convergence + (a.log() - b.log()).abs().mean()
    return total / len(RESOLUTIONS)


def spectral(target: Tensor, estimate: Tensor, power: float = 1.0, sizes: tuple[int, ...] = SIZES) -> Tensor:
    """Distance between short-time spectra without their phases, |STFT|^power: the mean difference, over all sizes.

    Blind to the sign, and to the phase of a tone that is steady for as long as a window and has three or more periods
    in it. The windows are Hann's with an energy of 1, so that noise counts alike at every size. They overlap by three
    quarters and lie within the signal, for what is made up beyond its ends depends on the phase; so its first and
    last samples count for little.

    Args:
        target, estimate: signals [B, T], at least as long as the longest window.
        power: above 0; 1 compares magnitudes, 2 power spectra, in which what is loud counts for more.
        sizes: of the windows in samples, multiples of 4; one is enough.

    Returns:
        One number, 0 when the magnitudes are equal. With both signals g times as loud, it is g^power times as large.

    Raises:
        ShapeError: shapes that differ or are not [B, T], or signals that are too short.

    Source: Engel et al., "DDSP: Differentiable Digital Signal Processing", ICLR 2020, section 4.2 (the part of its
    multi-scale loss that is linear, at the longer windows).

    >>> x = torch.sin(0.2 * torch.arange(4096.0))[None]
    >>> float(spectral(x, -x)), float(spectral(x, x, power=2))
    (0.0, 0.0)
    >>> bool(spectral(x, 0.5 * x) > spectral(x, 0.9 * x))
    True
    """
    if target.shape != estimate.shape or target.ndim != 2 or target.shape[1] < max(sizes):
        raise ShapeError(
            f"spectral wants two signals of one shape [B, T], T at least {max(sizes)}, and got "
            f"{list(target.shape)} and {list(estimate.shape)}"
        )
    total = target.new_zeros(())
    for size in sizes:
        window = torch.hann_window(size, dtype=target.dtype, device=target.device)
        window = window / torch.linalg.norm(window)
        a, b = (_power(x, size, size // 4, window, center=False) for x in (target, estimate))
        if power != 2:
            a, b = (x.clamp_min(FLOOR) ** (power / 2) for x in (a, b))
        total = total + (a - b).abs().mean()
    return total / len(sizes)


def _magnitude(x: Tensor, size: int, hop: int, window: Tensor) -> Tensor:
    return _power(x, size, hop, window).clamp_min(FLOOR).sqrt()


def _power(x: Tensor, size: int, hop: int, window: Tensor, center: bool = True) -> Tensor:
    spectrum = torch.stft(x, size, hop, len(window), window, center, return_complex=True)
    return spectrum.real.square() + spectrum.imag.square()
