"""How bright a sound is: where the middle of its spectrum lies."""

import torch
import torch.nn.functional as F
from torch import Tensor

from tonewright.errors import ConfigError, ShapeError

WINDOW_S = 0.032
SILENCE_DB = -80.0  # mean power of a window, below which nothing is heard that could be bright
TOGETHER = 4096  # windows that are transformed in one call


def brightness(x: Tensor, sample_rate: int, hop: int) -> Tensor:
    """The centroid of the magnitude spectrum, as octaves above 1 Hz, `sample_rate` / `hop` times a second.

    Frame n is of the 32 ms around sample n hop, under a Hann window; beyond its ends, the sound is silence.

    Args:
        x: sound [B, 1, T].
        sample_rate: in Hz, at least 1000.
        hop: samples from frame to frame, at least 1.

    Returns:
        log2 of the centroid in Hz, [B, 1, T // hop]; NaN in silence, and where a sample is no number.

    Raises:
        ShapeError: x is not [B, 1, T].
        ConfigError: there is no such rate or hop.

    Source: Peeters, "A large set of audio features for sound description", IRCAM, 2004, section 6.1.1.

    >>> x = torch.sin(2 * torch.pi * 1000 / 16000 * torch.arange(16000.0).double())[None, None]
    >>> [round(float(hz)) for hz in 2 ** brightness(x, 16000, 4000)[0, 0, 1:]]
    [1000, 1000, 1000]
    """
    if x.ndim != 3 or x.shape[1] != 1:
        raise ShapeError(f"brightness wants x as [B, 1, T], and got {list(x.shape)}")
    if hop < 1 or sample_rate < 1000:
        raise ConfigError(
            f"brightness wants a hop of 1 or more at 1000 Hz or more, not {hop} at {sample_rate}"
        )
    half = round(WINDOW_S * sample_rate / 2)
    window = torch.hann_window(2 * half, dtype=torch.float64, device=x.device)
    hz = torch.fft.rfftfreq(2 * half, 1.0 / sample_rate, dtype=torch.float64, device=x.device)
    frames, made = x.shape[-1] // hop, []
    if not frames or not len(x):
        return x[..., :frames]
    windows = F.pad(x, (half, half)).unfold(-1, 2 * half, hop)[:, :, :frames]
    for some in windows.split(TOGETHER, dim=2):
        magnitude = torch.fft.rfft(some.double() * window).abs()
        # below every sound that can be heard, a centroid would be that of rounding errors
        heard = some.double().square().mean(dim=-1) > 10.0 ** (SILENCE_DB / 10.0)
        made.append(torch.where(heard, ((magnitude @ hz) / magnitude.sum(dim=-1)).log2(), torch.nan))
    return torch.cat(made, dim=2).to(x.dtype)
