"""Convolutions, the plain delay, and what works on channels only."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.export.torchscript.remembering import Remembering

Weights = dict[str, Tensor]
WIDE, SHORT = 48, 32  # channels, and frames, measured on two processors


class Conv1d(Remembering):
    """Of one group, as whatever is quickest: what all taps hear, times a matrix, is so when it is narrow or short.

    A product of a wide matrix and a few columns takes several times as long as that of a few rows and the matrix.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, stride: int, dilation: int, start: Tensor):
        super().__init__(start)
        self.register_buffer("weight", weight)
        self.register_buffer("bias", weight.new_zeros(len(weight)) if bias is None else bias)
        self.stride, self.dilation, self.samples = stride, dilation, start.shape[2]
        self.wide, self.short = bool(weight.shape[1] >= WIDE), SHORT

    def forward(self, x: Tensor) -> Tensor:
        batch, frames = x.size(0), x.size(2) // self.stride
        if self.samples > 0:
            x = torch.cat([self.memory, x], dim=2)
            self.memory = x[:, :, x.size(2) - self.samples :]
        matrix = self.weight.flatten(1)
        sizes, steps = [x.size(1), self.weight.size(2)], [x.stride(1), x.stride(2) * self.dilation]
        step = x.stride(2) * self.stride
        if self.wide and frames <= self.short:
            rows = x.as_strided([batch, frames] + sizes, [x.stride(0), step] + steps).flatten(2)  # noqa: RUF005
            return F.linear(rows, matrix, self.bias).transpose(1, 2)
        if self.wide:
            return F.conv1d(x, self.weight, self.bias, self.stride, 0, self.dilation)
        columns = x.as_strided([batch] + sizes + [frames], [x.stride(0)] + steps + [step]).flatten(1, 2)  # noqa: RUF005
        return torch.baddbmm(self.bias[:, None], matrix.expand(batch, -1, -1), columns)


class GroupedConv1d(Remembering):
    """Of several groups."""

    def __init__(self, attributes: dict, weights: Weights, start: Tensor):
        super().__init__(start)
        self.register_buffer("weight", weights["weight"])
        self.register_buffer("bias", weights.get("bias"))
        self.groups, self.samples = attributes["groups"], attributes["memory"]
        self.dilation, self.stride = attributes["dilation"], attributes["stride"]

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([self.memory, x], dim=2)
        self.memory = x[:, :, x.size(2) - self.samples :]
        return F.conv1d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class ConvTranspose1d(nn.Module):
    """Of one group: a convolution that makes `stride` channels for each output, which are its samples."""

    def __init__(self, attributes: dict, weights: Weights, start: Tensor):
        super().__init__()
        self.outputs, self.stride = attributes["outputs"], attributes["stride"]
        weight, taps = weights["weight"], attributes["memory"] + 1
        weight = F.pad(weight, (0, taps * self.stride - weight.shape[2]))
        weight = weight.view(len(weight), self.outputs, taps, self.stride)  # inputs, outputs, taps, samples
        weight = weight.flip(2).permute(1, 3, 0, 2).flatten(0, 1).contiguous()
        bias = weights.get("bias")
        bias = None if bias is None else bias.repeat_interleave(self.stride)
        self.conv = Conv1d(weight, bias, 1, 1, start)

    @torch.jit.export
    def begin(self, batch: int) -> None:
        """Back to the beginning, for so many sounds."""
        self.conv.begin(batch)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x).unflatten(1, [self.outputs, self.stride])
        return y.transpose(2, 3).flatten(2)


class GroupedConvTranspose1d(Remembering):
    """Of several groups; what is not finished yet is left out."""

    def __init__(self, attributes: dict, weights: Weights, start: Tensor):
        super().__init__(start)
        self.register_buffer("weight", weights["weight"])
        self.register_buffer("bias", weights.get("bias"))
        self.groups, self.samples = attributes["groups"], attributes["memory"]
        self.stride = attributes["stride"]

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
    """With a memory of no samples where there is none."""
    start = starts[0] if starts else weights["weight"].new_zeros(1, attributes["inputs"], 0)
    if attributes["groups"] > 1:
        return GroupedConv1d(attributes, weights, start)
    facts = attributes["stride"], attributes["dilation"]
    return Conv1d(weights["weight"], weights.get("bias"), *facts, start)


def conv_transpose1d(attributes: dict, weights: Weights, starts: list[Tensor]) -> nn.Module:
    """As above."""
    start = starts[0] if starts else weights["weight"].new_zeros(1, attributes["inputs"], 0)
    make = ConvTranspose1d if attributes["groups"] == 1 else GroupedConvTranspose1d
    return make(attributes, weights, start)


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
