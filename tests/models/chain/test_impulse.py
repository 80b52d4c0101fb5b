"""What processors say of their linearity is true, and a chain's response to a click is what it makes of any sound."""

import copy

import numpy as np
import pytest
import torch
from scipy.signal import fftconvolve

from tests.models.chain.made import RATE, SIZES, by_chance, channels_of, made
from tonewright.errors import ConfigError
from tonewright.models.chain import Config, Link, Model, spoken
from tonewright.models.chain.processors import PROCESSORS
from tonewright.models.wavenet import Model as WaveNet

SEEDS = (1, 2, 3)


def answers(kind: str, seed: int):
    """What the processor makes of a sound, in float64."""
    processor = made(kind)
    processor.set(**by_chance(kind, seed))

    def heard(x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return processor.double()(x, processor.initial_state(1))[0]

    return heard


def off(kind: str, seed: int) -> float:
    """How far the processor is from what a response to a click and a constant would make of three sounds."""
    heard, rng = answers(kind, seed), np.random.default_rng(seed)
    loud, soft = (torch.from_numpy(g * rng.normal(size=(1, channels_of(kind, 1), 6000))) for g in (0.5, 0.01))
    constant = heard(torch.zeros_like(loud))
    late = torch.nn.functional.pad(loud, (777, 0))[..., :6000]
    together = heard(2.0 * loud - soft) - (2.0 * heard(loud) - heard(soft))  # and so of the constants
    later = heard(late)[..., 777:] - heard(loud)[..., :-777]
    constant_moves = constant - constant[..., :1]
    scale = float(heard(loud).abs().max())
    return max(float(part.abs().max()) for part in (together, later, constant_moves)) / scale


@pytest.mark.parametrize("kind", PROCESSORS)
def test_what_is_said_to_be_linear_is_and_what_is_not_is_not(kind):
    found = max(off(kind, seed) for seed in SEEDS)
    if PROCESSORS[kind].nonlinear:
        assert found > 1e-3
    else:
        assert found < 1e-6


def turned(text: str, channels: int = 1, seed: int = 1, rate: int = RATE) -> Model:
    """The chain of that name, with settings by chance."""
    links = [Link(link.kind, link.size or SIZES.get(link.kind, 0)) for link in spoken(text)]
    config = Config(tuple(links), channels, rate)
    model = Model(config)
    for name, link in zip(config.names, links, strict=True):
        model.processors[name].set(**by_chance(link.kind, seed, link.size))
    return model.eval()


@pytest.mark.parametrize(
    "text,channels,seed",
    [
        *((kind, 1, 1) for kind, made in PROCESSORS.items() if not made.nonlinear and kind != "width"),
        *(("gain,response,polarity,eq,gain", 1, seed) for seed in SEEDS),
        ("delay,highpass,delay", 1, 2),
        ("echo,room,hall,dc-blocker", 1, 2),
        ("offset,eq,gain,offset,polarity", 1, 1),
        ("response,pan", 1, 2),
        ("eq,pan,lowpass", 2, 1),
        ("width,response", 2, 1),
        ("pan,width", 1, 3),
    ],
)
def test_a_sound_convolved_with_the_response_is_what_the_chain_makes_of_it(text, channels, seed):
    model = turned(text, channels, seed, rate=8000)
    x = np.random.default_rng(0).normal(size=(channels, 5000))
    found = model.impulse(1 << 20)
    each = fftconvolve(x[:, None], found.response, axes=-1)[..., :5000]
    got = each.sum(axis=0) + found.constant[:, None]
    model = copy.deepcopy(model).double()
    with torch.no_grad():
        silence = torch.zeros(1, channels, 8000, dtype=torch.float64)
        _, state = model(silence, model.initial_state(1))
        wanted = model(torch.from_numpy(x)[None], state)[0][0].numpy()
    # the settings are floats, and a filter's numbers are made of them
    np.testing.assert_allclose(got, wanted, rtol=0, atol=2e-6 * np.abs(wanted).max())


def test_taps_come_out_as_they_went_in():
    model = turned("response[500],gain")
    model.set({"gain.gain_db": 0.0})
    found = model.impulse(1000)
    assert found.finite and found.response.shape == (1, 1, 500)
    np.testing.assert_array_equal(
        found.response[0, 0], model.processors["response"].panel.taps.detach().double()
    )


def test_what_rings_for_ever_is_left():
    model = turned("echo")
    model.set({"echo.feedback": 0.98, "echo.delay_ms": 2000.0, "echo.damping": 0.0, "echo.mix": 1.0})
    found = model.impulse(5 * RATE)
    assert not found.finite and found.response.shape[-1] <= 5 * RATE
    assert np.flatnonzero(np.abs(found.response[0, 0]) > 0.5).tolist() == [2 * RATE, 4 * RATE]


def test_others_say_why():
    assert (
        turned("gain,compressor,eq,compressor").nonlinear == "its compressor1 changes its gain with the level"
    )
    with pytest.raises(ConfigError, match="cannot hold this model, for its tremolo moves, so that"):
        turned("gain,tremolo").impulse(100)
    with pytest.raises(ConfigError, match="cannot hold this model, for it is no chain of linear effects"):
        WaveNet().impulse(100)
