"""How samples are told to a network, and how it tells one: as they are, companded, as classes or as bits.

All of it is made of operations that every player knows. The decoders give the mean of what the network thinks, so
that they are smooth: a distribution over classes or over the values of bits becomes one number.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tonewright.layers.base import Layer, State
from tonewright.layers.conv import Conv1d

MU = 255.0  # of the companding, as in telephony (ITU-T G.711)
RANGE = math.log1p(MU)
CLASSES = 256
BITS = 12
TINY = 1e-9
LARGEST_LOGIT = 20.0
LARGEST_CODE = 1.25  # expanded: 4, which is 12 dB above full scale


def compress(x: Tensor) -> Tensor:
    """Mu-law companding: sign(x) ln(1 + mu |x|) / ln(1 + mu); -1..1 to -1..1, and on beyond.

    >>> compress(torch.tensor([-1.0, 0.0, 0.01]))
    tensor([-1.0000,  0.0000,  0.2285])
    """
    size = x.abs()
    return x * torch.log(size * MU + 1.0) / ((size + TINY) * RANGE)


def expand(v: Tensor) -> Tensor:
    """The inverse of `compress`.

    >>> expand(compress(torch.tensor([-1.0, 0.0, 0.01])))
    tensor([-1.0000,  0.0000,  0.0100])
    """
    size = v.abs()
    return v * (torch.exp(size * RANGE) - 1.0) / ((size + TINY) * MU)


def to_bits(v: Tensor, bits: int = BITS) -> Tensor:
    """v [B, 1, T], -1..1, as a binary word of signs [B, bits, T]: v is about the sum of sign[k] / 2^(k + 1).

    >>> to_bits(torch.tensor([[[0.7]]]), 3).flatten()
    tensor([ 1.,  1., -1.])
    """
    word, rest = [], v
    for k in range(bits):
        high = rest * 2.0**20  # below a millionth it is neither high nor low
        sign = (torch.relu(high + 0.5) - torch.relu(high - 0.5)) * 2.0 - 1.0
        word.append(sign)
        rest = rest - sign * 0.5 ** (k + 1)
    return torch.cat(word, dim=1)


def channels_of(code: str) -> int:
    """How many numbers tell one sample."""
    return BITS if code == "bits" else 1


def tell(x: Tensor, code: str, scale: Tensor) -> Tensor:
    """Samples [B, 1, T] as a network hears them, [B, channels_of(code), T].

    Args:
        x: sound.
        code: "linear", "mulaw" or "bits".
        scale: by which a linear code is multiplied, to be of order one.
    """
    if code == "linear":
        return x * scale
    return compress(x) if code == "mulaw" else to_bits(compress(x))


class Decoder(Layer):
    """What a network makes, [B, inputs, T], to sound [B, 1, T]; and the loss in terms of the former.

    Attributes:
        inputs: numbers that tell one sample.
    """

    inputs = outputs = 1

    def loss(self, raw: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """The code's own loss for a target [B, 1, T], where each sample counts by its weight [B, 1, T]."""
        raise NotImplementedError


class Linear(Decoder):
    """The sample, in units of its usual level."""

    def __init__(self):
        super().__init__()
        self.register_buffer("level", torch.tensor(1.0))

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        return x * self.level, state


class MuLaw(Decoder):
    """The sample, companded; bounded, because a loop through an exponential function would explode."""

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        return expand(torch.tanh(x / LARGEST_CODE) * LARGEST_CODE), state


class Classes(Decoder):
    """How likely each mu-law class is; and, if wanted, a correction of at most some classes."""

    def __init__(self, residual: bool):
        super().__init__()
        self.inputs = CLASSES + residual
        self.residual = residual
        middles = (torch.arange(CLASSES) + 0.5) * (2.0 / CLASSES) - 1.0
        # Two sums over the classes: of what is likely, and of what that says.
        self.mean = Conv1d(CLASSES, 2, 1, bias=False)
        self.mean.weight = nn.Parameter(torch.stack([torch.ones(CLASSES), middles])[..., None], False)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        weights = torch.exp(torch.tanh(x[:, :CLASSES] / LARGEST_LOGIT) * LARGEST_LOGIT)
        sums, _ = self.mean(weights, [])
        value = sums[:, 1:2] / sums[:, :1]
        if self.residual:
            value = value + x[:, CLASSES:] * (1.0 / CLASSES)
        return expand(value), state

    def loss(self, raw: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        place = (compress(target) + 1.0) * (CLASSES / 2)
        wanted = place.floor().long().clamp(0, CLASSES - 1)[:, 0]
        logits = torch.tanh(raw[:, :CLASSES] / LARGEST_LOGIT) * LARGEST_LOGIT
        return (F.cross_entropy(logits, wanted, reduction="none") * weight[:, 0]).mean()


class Bits(Decoder):
    """How likely each bit of a binary word of the companded sample is."""

    inputs = BITS

    def __init__(self):
        super().__init__()
        self.mean = Conv1d(BITS, 1, 1, bias=False)
        worth = 0.5 ** (torch.arange(BITS) + 1.0)
        self.mean.weight = nn.Parameter(worth[None, :, None], False)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        value, _ = self.mean(torch.tanh(x), [])
        return expand(value), state

    def loss(self, raw: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        wanted = to_bits(compress(target)) * 0.5 + 0.5
        return F.binary_cross_entropy_with_logits(2.0 * raw, wanted, weight.expand_as(raw))


DECODERS = {
    "linear": Linear,
    "mulaw": MuLaw,
    "classes": lambda: Classes(False),
    "classes+residual": lambda: Classes(True),
    "bits": Bits,
}
