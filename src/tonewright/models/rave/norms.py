"""Weights as a direction and a length while they are taught; one number each again before they are played.

Source: Salimans and Kingma, "Weight Normalization", NeurIPS 2016.
"""

from torch import nn
from torch.nn.utils.parametrizations import weight_norm
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

from tonewright.layers.conv import Conv1d, ConvTranspose1d


def norm_weights(module: nn.Module) -> None:
    """Give every convolution that is taught a length for each channel of its output."""
    for layer in list(module.modules()):
        if isinstance(layer, (Conv1d, ConvTranspose1d)) and layer.weight.requires_grad:
            # Transposed weights are [inputs, outputs, taps].
            weight_norm(layer, "weight", dim=1 if isinstance(layer, ConvTranspose1d) else 0)


def fold_norms(module: nn.Module) -> None:
    """Take the lengths back into the weights."""
    for layer in list(module.modules()):
        if is_parametrized(layer, "weight"):
            remove_parametrizations(layer, "weight")
