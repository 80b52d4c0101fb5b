"""What training makes small. Every loss is a sum over items, so that items can be taught one by one."""

import torch
from torch import Tensor

# (window, hop, length of the Hann window): the resolutions of Yamamoto et al., "Parallel WaveGAN", 2020
RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))


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


def _magnitude(x: Tensor, size: int, hop: int, window: Tensor) -> Tensor:
    spectrum = torch.stft(x, size, hop, len(window), window, return_complex=True)
    # the floor keeps the gradient of the square root and the logarithm finite in silence
    return (spectrum.real.square() + spectrum.imag.square()).clamp_min(1e-8).sqrt()
