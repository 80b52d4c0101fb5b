"""Convolutions, the plain delay, and what works on channels only."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.export.torchscript.remembering import Remembering

Weights = dict[str, Tensor]


def columns(x: Tensor, kernel: int, dilation: int, stride: int, frames: int) -> Tensor:
    """What each output of a convolution hears, x [B, C, T] to a view [B, kernel, C, frames]."""
    return x.as_strided(
        [x.size(0), kernel, x.size(1), frames],
        [x.stride(0), dilation * x.stride(2), x.stride(1), stride * x.stride(2)],
    )


class Conv1d(Remembering):
    """Of one group: one matrix product of what all taps hear, several times as fast as torch's when it is narrow."""

    def __init__(self, attributes: dict, weights: Weights, start: Tensor):
        super().__init__(start)
        weight = weights["weight"]
        self.kernel, self.samples = weight.shape[2], attributes["memory"]
        self.dilation, self.stride = attributes["dilation"], attributes["stride"]
        self.register_buffer("weight", weight.permute(0, 2, 1).flatten(1)[None].contiguous())
        bias = weights.get("bias", weight.new_zeros(len(weight)))
        self.register_buffer("bias", bias[None, :, None])

    def forward(self, x: Tensor) -> Tensor:
        frames = x.size(2) // self.stride
        x = torch.cat([self.memory, x], dim=2)
        self.memory = x[:, :, x.size(2) - self.samples :]
        heard = columns(x, self.kernel, self.dilation, self.stride, frames).flatten(1, 2)
        return torch.baddbmm(self.bias, self.weight.expand(x.size(0), -1, -1), heard)


class GroupedConv1d(Remembering):
    """Of several groups."""

    def __init__(self, attributes: dict, weights: Weights, start: Tensor):
        super().__init__(start)
        self.register_buffer("weight", weights["weight"])
        self.register_buffer("bias", weights.get("bias"))
        self.samples, self.groups = attributes["memory"], attributes["groups"]
        self.dilation, self.stride = attributes["dilation"], attributes["stride"]

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([self.memory, x], dim=2)
        self.memory = x[:, :, x.size(2) - self.samples :]
        return F.conv1d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class ShortConv1d(nn.Module):
    """With nothing to remember."""

    def __init__(self, attributes: dict, weights: Weights):
        super().__init__()
        self.register_buffer("weight", weights["weight"])
        self.register_buffer("bias", weights.get("bias"))
        self.dilation, self.stride = attributes["dilation"], attributes["stride"]
        self.groups = attributes["groups"]

    def forward(self, x: Tensor) -> Tensor:
        return F.conv1d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class ConvTranspose1d(Remembering):
    """With the inputs whose taps reach into this block; what is not finished yet is left out."""

    def __init__(self, attributes: dict, weights: Weights, start: Tensor):
        super().__init__(start)
        self.register_buffer("weight", weights["weight"])
        self.register_buffer("bias", weights.get("bias"))
        self.samples, self.groups, self.stride = (
            attributes["memory"],
            attributes["groups"],
            attributes["stride"],
        )

    def forward(self, x: Tensor) -> Tensor:
        frames, skip = x.size(2) * self.stride, self.samples * self.stride
        x = torch.cat([self.memory, x], dim=2)
        self.memory = x[:, :, x.size(2) - self.samples :]
        y = F.conv_transpose1d(x, self.weight, self.bias, self.stride, 0, 0, self.groups)
        return y[:, :, skip : skip + frames]


class Delay(Remembering):
    """The same sound, later."""

    def forward(self, x: Tensor) -> Tensor:
        heard, frames = torch.cat([self.memory, x], dim=2), x.size(2)
        self.memory = heard[:, :, frames:]
        return heard[:, :, :frames]


class Linear(nn.Module):
    """A weighted sum of channels."""

    def __init__(self, weights: Weights):
        super().__init__()
        self.register_buffer("weight", weights["weight"])
        self.register_buffer("bias", weights.get("bias"))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x.transpose(1, 2), self.weight, self.bias).transpose(1, 2)


class LayerNorm(nn.Module):
    """The channels of each sample with mean 0 and variance 1."""

    def __init__(self, weights: Weights):
        super().__init__()
        self.register_buffer("weight", weights["weight"])
        self.register_buffer("bias", weights["bias"])

    def forward(self, x: Tensor) -> Tensor:
        size = [self.weight.size(0)]
        return F.layer_norm(x.transpose(1, 2), size, self.weight, self.bias, 1e-5).transpose(1, 2)


class Every(nn.Module):
    """The last sample of every hop."""

    def __init__(self, attributes: dict):
        super().__init__()
        self.hop = attributes["hop"]

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, self.hop - 1 :: self.hop]


class Alternate(Remembering):
    """Every second sample of every second channel with its sign turned; the memory counts samples, [B]."""

    def forward(self, x: Tensor) -> Tensor:
        samples = torch.arange(x.size(2), device=x.device) + self.memory[:, None]
        odd = torch.arange(x.size(1), device=x.device)[:, None] * samples[:, None] % 2
        self.memory = (self.memory + x.size(2)) % 2
        return x * (1 - 2 * odd).to(x.dtype)


def conv1d(attributes: dict, weights: Weights, starts: list[Tensor]) -> nn.Module:
    """The one of these that is quickest for such a node."""
    if not starts:
        return ShortConv1d(attributes, weights)
    make = Conv1d if attributes["groups"] == 1 else GroupedConv1d
    return make(attributes, weights, starts[0])


def conv_transpose1d(attributes: dict, weights: Weights, starts: list[Tensor]) -> nn.Module:
    """With a memory of no samples where there is none."""
    empty = weights["weight"].new_zeros(1, attributes["inputs"], 0)
    return ConvTranspose1d(attributes, weights, starts[0] if starts else empty)


def delay(attributes: dict, weights: Weights, starts: list[Tensor]) -> nn.Module:
    """Nothing at all, where it is of no samples."""
    return Delay(starts[0]) if starts else nn.Identity()


NODES = {
    "conv1d": conv1d,
    "conv_transpose1d": conv_transpose1d,
    "delay": delay,
    "linear": lambda attributes, weights, starts: Linear(weights),
    "layer_norm": lambda attributes, weights, starts: LayerNorm(weights),
    "every": lambda attributes, weights, starts: Every(attributes),
    "alternate": lambda attributes, weights, starts: Alternate(starts[0]),
}
