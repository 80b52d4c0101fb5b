"""The timbre model: its sizes are the published ones; it plays in blocks and in the core, as late as it declares."""

from dataclasses import replace

import pytest
import torch

from tests.contract.stream import check_contract
from tests.models.rave.offline import offline
from tests.runtime.test_native import needs_core, same
from tonewright.models.rave import PRESETS, Config, Model

# weights without their norms, in millions: encoder and decoder, as counted in the published implementation
PUBLISHED = {
    "small": (1.38, 3.44),
    "default": (4.84, 12.79),
    "large": (15.46, 48.72),
    "v2": (16.06, 15.48),
    "v2_small": (3.95, 3.82),
}
TINY = Config(
    attenuation_db=40,
    capacity=4,
    ratios=(4, 2),
    dilations=((1, 3), (1,)),
    latent=6,
    knobs=2,
    noise=(2,),
    noise_bands=5,
)
TINY_V1 = replace(TINY, family="v1", ratios=(2, 4, 1), dilations=((1, 3),) * 3, noise=(2, 2), lookahead=0.5)
# Band delays of the decoder that are odd and even; the peer turns every other band over when they are odd.
ODD = ("causal", "v1 centred")
TINIES = {
    "causal": replace(TINY, lookahead=0.0),
    "centred": TINY,
    "between": replace(TINY, lookahead=0.4),
    "v1": TINY_V1,
    "v1 centred": replace(TINY_V1, lookahead=1.0),
    "clean": replace(TINY, attenuation_db=100, noise=(), knobs=0),
}


def count(module) -> float:
    return sum(p.numel() for p in module.parameters() if p.requires_grad) / 1e6


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_sizes_are_the_published_ones(name):
    with torch.device("meta"):
        model = Model(PRESETS[name])
    # theirs count a norm for each channel too: 0.3 % and less
    assert count(model.encoder) == pytest.approx(PUBLISHED[name][0], rel=0.004)
    assert count(model.decoder) == pytest.approx(PUBLISHED[name][1], rel=0.004)


def test_live_is_small_and_quick():
    model = Model(PRESETS["live"])
    assert count(model) <= 1.5 and model.config.compression == 128
    assert model.latency <= 0.005 * model.config.sample_rate


def still(model, length: int) -> dict:
    return {port.name: torch.full((2, 1, length), 0.5).double() for port in model.ports}


@pytest.mark.parametrize("name", TINIES)
def test_it_keeps_the_contract(name):
    torch.manual_seed(1)
    model = Model(TINIES[name]).eval()
    length = -(-(2 * model.settle + 600) // model.block) * model.block
    check_contract(model, 1, ports=still(model, length), forgets=False)


@pytest.mark.parametrize("causal", (True, False), ids=("causal", "as it is"))
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_equals_the_ordinary_network_at_its_latency(name, causal):
    torch.manual_seed(2)
    config = replace(PRESETS[name], noise=(), knobs=0)
    model = Model(config.without_latency() if causal else config).eval()
    blocks = -(-(model.settle + 2 * model.latency) // model.block) + 8
    x = 0.3 * torch.randn(1, 1, blocks * model.block)
    with torch.no_grad():
        wanted, cut = offline(model, x), model.block * (blocks // 3)
        first, state = model(x[..., :cut], model.initial_state(1))
        got = torch.cat([first, model(x[..., cut:], state)[0]], dim=-1)[..., model.latency :]
    start, end = model.settle, got.shape[-1] - model.latency  # the ends hear padding
    wanted, got = wanted[..., start:end], got[..., start:end]
    assert got.shape[-1] >= 4 * model.block
    assert float((got - wanted).abs().max()) <= 1e-5 * float(wanted.abs().max())


@pytest.mark.parametrize("name", ("causal", "centred", "between", "v1", "v1 centred"))
def test_the_tiny_ones_have_odd_and_even_band_delays(name):
    """Of both there have to be some, or the test above would not see the bands turned over."""
    config = replace(TINIES[name], noise=(), knobs=0)
    model = Model(config).eval()
    late = model.decoder.path.layers[-1].branches[0].layers[-1].alternate.start
    assert late == (name in ODD)


@needs_core
@pytest.mark.parametrize("name", TINIES)
def test_the_core_plays_it(name):
    torch.manual_seed(3)
    model = Model(TINIES[name]).eval()
    same(model, **{port.name: 0.7 for port in model.ports})


@needs_core
@pytest.mark.parametrize(
    ("name", "causal"), (("live", True), ("v2_small", True), ("v2_small", False), ("small", False))
)
def test_the_core_plays_a_preset(name, causal):
    torch.manual_seed(5)
    config = PRESETS[name].without_latency() if causal else PRESETS[name]
    same(Model(config).eval())


@pytest.mark.parametrize("name", ("causal", "centred", "v1"))
def test_a_seed_is_that_of_the_noise(name):
    decoder = Model(TINIES[name]).eval().decoder
    z = torch.zeros(2, 6, 12)
    with torch.no_grad():
        a, b = (decoder(z, decoder.initial_state(2, torch.tensor(seeds)))[0] for seeds in ((1, 1), (1, 2)))
    assert torch.equal(a[0], a[1]) and torch.equal(a[0], b[0]) and not torch.equal(b[0], b[1])
