"""The loss that teaches instruments: how far magnitude spectra are apart, in values and logarithms, at six scales."""

import torch
from torch import Tensor

from tonewright.dsp.native import native
from tonewright.errors import ShapeError
from tonewright.measure import one_go

WINDOWS = (64, 128, 256, 512, 1024, 2048)  # samples at 16 kHz: 4 to 128 ms
REFERENCE_RATE = 16000
EPSILON = 1e-7  # beside a magnitude before its logarithm: what is fainter counts as silence


def windows(sample_rate: float) -> tuple[int, ...]:
    """The six windows in samples: those at 16 kHz times a whole number, so that they last about as long.

    >>> windows(16000) == WINDOWS, windows(44100) == windows(48000) == (192, 384, 768, 1536, 3072, 6144)
    (True, True)
    """
    factor = max(1, round(sample_rate / REFERENCE_RATE))
    return tuple(factor * size for size in WINDOWS)


def multi_scale_spectral(target: Tensor, estimate: Tensor, sample_rate: float = REFERENCE_RATE) -> Tensor:
    """Distance between magnitude spectra A and B, mean |A - B| plus mean |log A - log B|, summed over six scales.

    Each scale has Hann's windows that overlap by three quarters, the first centred on the first sample, the signal
    mirrored beyond its ends, and spectra that are not scaled. 1e-7 is added to magnitudes before the logarithm.

    Args:
        target, estimate: signals [B, T], T longer than half the longest window (1024 samples at 16 kHz).
        sample_rate: in Hz; the windows are 64 to 2048 samples at 16 kHz, 192 to 6144 at 44.1 and 48 kHz.

    Returns:
        One number, 0 when the magnitudes are equal. A bin has no gradient where its magnitude is 0, or both are
        equal; where it is nearly 0, float32 does not know the gradient's direction. In float32 on the CPU the native
        core makes value and gradient in one go, where it is built: on the thread that calls, without Python's lock,
        and with no gradient of the gradient. Where the target wants a gradient too, torch does all.

    Raises:
        ShapeError: shapes that differ or are not [B, T], or signals that are too short.

    Source: Engel et al., "DDSP: Differentiable Digital Signal Processing", ICLR 2020, section 4.2.

    >>> x = torch.sin(0.2 * torch.arange(4096.0))[None]
    >>> float(multi_scale_spectral(x, x)), float(multi_scale_spectral(x, -x))
    (0.0, 0.0)
    >>> bool(multi_scale_spectral(x, 0.5 * x) > multi_scale_spectral(x, 0.9 * x))
    True
    """
    sizes = windows(sample_rate)
    if target.shape != estimate.shape or target.ndim != 2 or target.shape[1] <= max(sizes) // 2:
        raise ShapeError(
            f"multi_scale_spectral wants two signals of one shape [B, T], T above {max(sizes) // 2}, and got "
            f"{list(target.shape)} and {list(estimate.shape)}"
        )
    if not one_go.can(target, estimate, sizes):
        return _plain(target, estimate, sizes)
    return one_go.value(lambda x, y, slope: native.spectral_loss(x, y, list(sizes), slope), target, estimate)


def _plain(target: Tensor, estimate: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """The same in torch: for other numbers, other devices and machines without the core."""
    total = target.new_zeros(())
    for size in sizes:
        window = torch.hann_window(size, dtype=target.dtype, device=target.device)
        a, b = (torch.stft(x, size, window=window, return_complex=True).abs() for x in (target, estimate))
        total = total + (a - b).abs().mean() + ((a + EPSILON).log() - (b + EPSILON).log()).abs().mean()
    return total
