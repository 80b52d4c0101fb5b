"""The loss that teaches timbres: how far magnitude spectra are apart, in parts of their energy and in logarithms."""

import torch
from torch import Tensor

from tonewright.dsp.native import native
from tonewright.dsp.precision import precise
from tonewright.errors import ShapeError
from tonewright.measure import one_go
from tonewright.units import db_to_gain

WINDOWS = (2048, 1024, 512, 256, 128)  # samples
EPSILON = 1e-7  # beside a magnitude before its logarithm: what is fainter counts as silence
FLOOR_DB = -40.0
HANN_POWER = 0.375  # mean square of Hann's window


def spectral_distance(
    target: Tensor,
    estimate: Tensor,
    windows: tuple[int, ...] = WINDOWS,
    epsilon: float = EPSILON,
    floor_db: float = FLOOR_DB,
) -> Tensor:
    """Distance between magnitude spectra A and B at several scales, each item beside its own energy.

    For each scale, the sum of (A - B)^2 in parts of the sum of A^2, over an item's channels, frames and bins, plus
    the mean of |log(A + epsilon) - log(B + epsilon)|; the sum over the scales; the mean over the items. So a batch is
    the mean of its items, and they may be taught one by one. Hann's windows overlap by three quarters, the first
    centred on the first sample, the signal mirrored beyond its ends, and spectra are not scaled.

    A scale whose window is not shorter than 2 T is left out, for it would be mirrored more than once: of bands of
    1024 samples, the one of 2048.

    Args:
        target, estimate: signals [B, T] or [B, C, T], such as sub-bands, T longer than half the shortest window.
        windows: in samples, multiples of 4.
        epsilon: above 0, added to magnitudes before the logarithm. The published 1e-7 measures; it teaches less well,
            for a few bins near silence, whose direction is chance, then make most of the gradient. 1e-3 is about the
            magnitude of 16 bits' rounding, and teaches what is louder than that.
        floor_db: an item whose channels together are fainter than noise of this level (the sum of their mean
            squares, in dB of full scale) counts as that loud when (A - B)^2 is divided. Without it, sound where there
            should be silence would weigh as much as all other items of a batch do together. How faint silence is,
            the logarithms teach.

    Returns:
        One number, 0 when the magnitudes are equal, in float32 where the signals are shorter numbers. A bin has no
        gradient where its magnitude is 0; where it is nearly 0, float32 does not know the gradient's direction. In
        float32 on the CPU the native core makes value and gradient in one go, where it is built: on the thread that
        calls, without Python's lock, and with no gradient of the gradient. Where the target wants a gradient too,
        torch does all.

    Raises:
        ShapeError: shapes that differ or are not [B, T] or [B, C, T], or signals that are too short.

    Source: Caillon and Esling, "RAVE: A variational autoencoder for fast and high-quality neural audio synthesis",
    2021, section 3.1; Defossez et al., "SING: Symbol-to-Instrument Neural Generator", NeurIPS 2018.

    >>> x = torch.sin(0.2 * torch.arange(4096.0))[None]
    >>> float(spectral_distance(x, -x))
    0.0
    >>> bool(spectral_distance(x, 0.5 * x) > spectral_distance(x, 0.9 * x))
    True
    >>> x, y = torch.randn(2, 3, 16, 4096)  # three items of 16 bands
    >>> by_item = [spectral_distance(x[i : i + 1], y[i : i + 1]) for i in range(3)]
    >>> torch.allclose(spectral_distance(x, y), torch.stack(by_item).mean())
    True
    """
    if target.shape != estimate.shape or target.ndim not in (2, 3) or target.shape[-1] <= min(windows) // 2:
        raise ShapeError(
            f"spectral_distance wants two signals of one shape [B, T] or [B, C, T], T above {min(windows) // 2}, and "
            f"got {list(target.shape)} and {list(estimate.shape)}"
        )
    target, estimate = (_of_items(x) for x in (target, estimate))
    sizes = tuple(size for size in windows if target.shape[-1] > size // 2)
    floor = db_to_gain(floor_db) ** 2
    if not one_go.can(target, estimate, sizes):
        return _plain(target, estimate, sizes, epsilon, floor)

    def loss(x, y, slope):
        return native.spectral_distance(x, y, list(sizes), epsilon, floor, slope)

    return one_go.value(loss, target, estimate)


def _of_items(x: Tensor) -> Tensor:
    """[B, C, T], in numbers that a transform takes."""
    return precise(x if x.ndim == 3 else x[:, None])


def _plain(target: Tensor, estimate: Tensor, sizes: tuple[int, ...], epsilon: float, floor: float) -> Tensor:
    """The same in torch: for other numbers, other devices and machines without the core."""
    total = target.new_zeros(())
    for size in sizes:
        a, b = _magnitudes(target, size), _magnitudes(estimate, size)
        faintest = floor * HANN_POWER * size * a.shape[-1] * a.shape[-2]
        energy = a.square().sum(dim=(1, 2, 3)).clamp_min(faintest)
        total = total + ((a - b).square().sum(dim=(1, 2, 3)) / energy).mean()
        total = total + ((a + epsilon).log() - (b + epsilon).log()).abs().mean()
    return total


def _magnitudes(x: Tensor, size: int) -> Tensor:
    """[B, C, F, N] of x [B, C, T]."""
    window = torch.hann_window(size, dtype=x.dtype, device=x.device)
    with torch.autocast(x.device.type, enabled=False):
        spectrum = torch.stft(x.flatten(0, 1), size, size // 4, window=window, return_complex=True)
    return spectrum.abs().unflatten(0, x.shape[:2])
