"""Where the weights of a model begin: in a place from which it can learn, whatever the level of the recordings.

Torch begins with weights that let a sound fade layer by layer, and with biases that are larger than what is left of
it; and the bands of most sounds are 60 dB apart. Latents then hardly depend on the sound, what is drawn of them is
noise, and a decoder learns to do without: for recordings with many pauses it learns silence, and never asks again.

Source, of the idea to look at the data first: Salimans and Kingma, "Weight Normalization", NeurIPS 2016, section 3.
"""

import torch
from torch import Tensor, nn

from tonewright.layers.conv import Conv1d, ConvTranspose1d
from tonewright.models.rave.config import BANDS
from tonewright.models.rave.model import Timbre

SURE = -4.0  # scale of the latents: a standard deviation of 0.02
FAINTEST = (
    0.01,
    0.001,
)  # of the loudest band: what a fainter one counts as, where it is heard and where it is made
REACH = 6.0  # of latents and bands, in what would be standard deviations if their peaks were not so far above them
SOFTER = 0.1  # than the recordings: too loud is quadratically wrong, and silence only by its whole
LEAST = 1e-9  # what is fainter is silence, and no measure

Convolution = Conv1d | ConvTranspose1d


@torch.no_grad()
def begin(model: Timbre, sounds: list[Tensor]) -> dict[Convolution, Tensor]:
    """Let a model of random weights hear all bands of some sounds alike, and answer as they sound, only softer.

    Its latents lie within 6 of 0, with little doubt.

    Args:
        model: as it was made.
        sounds: crops of what is taught, each [B, 1, T].

    Returns:
        Of the convolutions that hear or make the bands, the levels that are now in their weights: what is taught is
        those without them, so that a step is as large for a band of -80 dB as for one of -20.
    """
    encoder, decoder = model.encoder, model.decoder
    for layer in convolutions(model):
        if layer.bias is not None:
            layer.bias.zero_()
    levels = _levels(model, sounds)
    hears, makes = convolutions(encoder.path)[0], convolutions(decoder.wave)[0]
    heard = 1.0 / levels.clamp_min(FAINTEST[0] * float(levels.max()))[None, :, None]
    hears.weight.mul_(heard)
    _whiten(model, sounds)
    played = [decoder(encoder.posterior(sound)[0], decoder.initial_state(len(sound)))[0] for sound in sounds]
    made = torch.ones(makes.outputs, 1, 1, device=levels.device)
    wanted = levels.clamp_min(FAINTEST[1] * float(levels.max()))
    made[:BANDS, 0, 0] = SOFTER * wanted / _levels(model, played)
    makes.weight.mul_(made)
    return {hears: heard, makes: made}


def convolutions(module: nn.Module) -> list[Convolution]:
    """Those that are taught."""
    layers = [layer for layer in module.modules() if isinstance(layer, Convolution)]
    return [layer for layer in layers if layer.weight.requires_grad]


def _whiten(model: Timbre, sounds: list[Tensor]) -> None:
    """Every latent within REACH, nearly without doubt."""
    (head,), (scale,) = convolutions(model.encoder.path.layers[1]), convolutions(model.encoder.scale)
    scale.weight.mul_(0.1)
    scale.bias.fill_(SURE)
    means = [model.encoder.posterior(sound)[0].transpose(0, 1).flatten(1) for sound in sounds]
    means = torch.cat(means, dim=1)
    spread = means.abs().amax(dim=1).clamp_min(LEAST) / REACH
    head.weight.div_(spread[:, None, None])


def _levels(model: Timbre, sounds: list[Tensor]) -> Tensor:
    """The loudest sample of each band in parts of REACH, [bands]."""
    bank = model.encoder.bank
    peaks = [bank(sound, bank.initial_state(len(sound)))[0].abs().amax(dim=(0, 2)) for sound in sounds]
    return torch.stack(peaks).amax(dim=0).clamp_min(LEAST) / REACH
