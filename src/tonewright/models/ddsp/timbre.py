"""What hears the timbre of a recording, beside its pitch and its loudness. It teaches; live, timbre is knobs.

Source: Engel et al., "DDSP: Differentiable Digital Signal Processing", ICLR 2020, section 4 and appendix B.1.
"""

import torch
from torch import Tensor, nn

from tonewright.dsp.cepstrum import COEFFICIENTS, mfcc
from tonewright.layers.dense import LayerNorm, Linear
from tonewright.layers.recurrent import GRU
from tonewright.models.ddsp.config import Config

SPREADS = 2.0  # a knob goes so many standard deviations to either side of the typical timbre
LEAST = 1e-3  # of a spread


class Encoder(nn.Module):
    """Sound [B, 1, F * hop] to numbers of timbre [B, latent, F], each within -1 and 1.

    Cepstra, normalised over their coefficients (never over time: a pause must not change what comes before), go
    through a GRU and a linear layer. It begins each sound from silence.

    Attributes:
        mean, spread: of each coefficient in what is taught, [30, 1].
    """

    def __init__(self, config: Config):
        super().__init__()
        self.sample_rate, self.hop = config.sample_rate, config.hop
        self.norm = LayerNorm(COEFFICIENTS)
        self.gru = GRU(COEFFICIENTS, config.units)
        self.linear = Linear(config.units, config.latent)
        self.register_buffer("mean", torch.zeros(COEFFICIENTS, 1))
        self.register_buffer("spread", torch.ones(COEFFICIENTS, 1))

    def cepstra(self, sound: Tensor) -> Tensor:
        """The coefficients [B, 30, F] as they are heard, before they are normalised."""
        return mfcc(sound, self.sample_rate, self.hop)

    def forward(self, sound: Tensor) -> Tensor:
        heard, _ = self.norm((self.cepstra(sound) - self.mean) / self.spread, [])
        remembered, _ = self.gru(heard, self.gru.initial_state(len(sound)))
        return torch.tanh(self.linear(remembered, [])[0])


def set_statistics(encoder: Encoder, rows: list[Tensor]) -> None:
    """The mean and spread of each coefficient, from cepstra [30, F] of all that is taught."""
    spread, mean = torch.std_mean(torch.cat(rows, dim=-1), dim=-1, keepdim=True)
    encoder.mean.copy_(mean)
    encoder.spread.copy_(spread.nan_to_num(1.0).clamp(min=LEAST))


def centre(voice, rows: list[Tensor]) -> None:
    """Turn what is heard most into 0, and two standard deviations into 1: what knobs of -1 to 1 are made for.

    Args:
        voice: of the instrument; it adds its `timbre_mean` and multiplies by its `timbre_spread` from now on.
        rows: what the encoder makes of all that is taught, [latent, F].
    """
    spread, mean = torch.std_mean(torch.cat(rows, dim=-1), dim=-1, keepdim=True)
    voice.timbre_mean.copy_(mean)
    voice.timbre_spread.copy_((SPREADS * spread).nan_to_num(1.0).clamp(min=LEAST))
