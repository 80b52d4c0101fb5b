"""What is told of a sample comes back as that sample, in whatever code."""

import numpy as np
import pytest
import torch

from tests.contract.stream import check_contract
from tonewright.models.feedback.codes import (
    BITS,
    CLASSES,
    DECODERS,
    LARGEST_CODE,
    MU,
    Classes,
    compress,
    expand,
    tell,
    to_bits,
)

SOUND = torch.cat([torch.linspace(-1.0, 1.0, 2001), torch.logspace(-6, 0, 100)]).double()[None, None]


def test_companding_is_that_of_telephony():
    x = SOUND.numpy()
    expect = np.sign(x) * np.log1p(MU * np.abs(x)) / np.log1p(MU)
    np.testing.assert_allclose(compress(SOUND).numpy(), expect, atol=1e-5)
    torch.testing.assert_close(expand(compress(SOUND)), SOUND, atol=1e-6, rtol=1e-4)


def test_companding_has_a_gradient_everywhere():
    x = torch.tensor([-1.0, -1e-8, 0.0, 1e-8, 0.5], requires_grad=True)
    for function in (compress, expand):
        (gradient,) = torch.autograd.grad(function(x).sum(), x)
        assert bool(gradient.isfinite().all())


@pytest.mark.parametrize("bits", [1, 5, BITS])
def test_a_word_says_the_value(bits):
    word = to_bits(SOUND, bits)
    assert word.shape == (1, bits, SOUND.shape[-1])
    assert float((word.abs() == 1).double().mean()) > 0.98  # what lies between two words is neither
    value = (word * 0.5 ** torch.arange(1, bits + 1)[:, None]).sum(1)
    assert float((value - SOUND[0]).abs().max()) <= 0.5**bits + 1e-6


def test_words_are_binary_numbers():
    """Every 12-bit word stands for one stretch of values, in order."""
    middles = (torch.arange(16) + 0.5) / 8 - 1
    numbers = ((to_bits(middles[None, None], 4)[0] > 0).int() * torch.tensor([[8], [4], [2], [1]])).sum(0)
    assert numbers.tolist() == list(range(16))


def sure(code: str, x: torch.Tensor) -> torch.Tensor:
    """What a network makes that is sure of the sample x [1, 1, T]."""
    if code == "linear":
        return x
    if code == "mulaw":
        return torch.atanh(compress(x) / LARGEST_CODE) * LARGEST_CODE
    if code == "bits":
        return 20.0 * to_bits(compress(x))
    place = (compress(x) + 1) * (CLASSES / 2)
    chosen = place.floor().long().clamp(0, CLASSES - 1)
    logits = torch.full((1, CLASSES, x.shape[-1]), -60.0, dtype=x.dtype).scatter(1, chosen, 60.0)
    if code == "classes":
        return logits
    return torch.cat([logits, (place - chosen - 0.5) * 2.0], dim=1)


# half a class of 256 is 1/256 of the companded range; a word of 12 bits 1/4096
@pytest.mark.parametrize(
    ("code", "error"), [("linear", 0), ("mulaw", 1e-6), ("classes", 1 / 256), ("bits", 1 / 4096)]
)
def test_what_is_made_is_decoded(code, error):
    decoder = DECODERS[code]().double()
    raw = sure(code, SOUND)
    assert raw.shape[1] == decoder.inputs
    y, _ = decoder(raw, [])
    assert float((compress(y) - compress(SOUND)).abs().max()) <= error + 1e-5


def test_a_residual_makes_classes_fine():
    decoder = DECODERS["classes+residual"]().double()
    y, _ = decoder(sure("classes+residual", SOUND), [])
    assert float((compress(y) - compress(SOUND)).abs().max()) < 1e-5


@pytest.mark.parametrize("code", ["classes", "classes+residual", "bits"])
def test_to_be_sure_of_the_right_sample_costs_least(code):
    decoder = DECODERS[code]().double()
    right, wrong = sure(code, SOUND), sure(code, -SOUND)
    weight = torch.ones_like(SOUND)
    least = float(decoder.loss(right, SOUND, weight))
    assert least < 0.01 and float(decoder.loss(wrong, SOUND, weight)) > 1
    assert float(decoder.loss(0.1 * right, SOUND, weight)) > least
    assert float(decoder.loss(wrong, SOUND, 0 * weight)) == 0


@pytest.mark.parametrize("code", DECODERS)
def test_contract(code):
    decoder = DECODERS[code]()
    check_contract(decoder, decoder.inputs)


def test_weights_that_only_add_up_are_not_taught():
    assert not [p for p in Classes(False).parameters() if p.requires_grad]


@pytest.mark.parametrize(("code", "channels"), [("linear", 1), ("mulaw", 1), ("bits", BITS)])
def test_telling(code, channels):
    assert tell(SOUND, code, torch.tensor(2.0)).shape == (1, channels, SOUND.shape[-1])
