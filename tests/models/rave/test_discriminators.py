"""The networks that judge: their published sizes, what each hears, and that they learn to tell."""

import pytest
import torch
import torch.nn.functional as F

from tonewright.errors import ConfigError, ShapeError
from tonewright.models.rave.discriminators import PERIODS, Discriminators
from tonewright.models.rave.losses import to_tell_apart


@pytest.mark.parametrize(
    "capacity,periods,millions",
    [(64, (), 7.75), (96, PERIODS, 27.13), (48, PERIODS, 6.79), (32, (), 1.94), (16, (), 0.49)],
    ids=["v1", "v2", "v2_small", "small", "raspberry"],
)
def test_has_the_published_size(capacity, periods, millions):
    count = sum(p.numel() for p in Discriminators(capacity, periods).parameters())
    assert round(count / 1e6, 2) == millions


def by_hand(network, x, convolve):
    features = []
    for layer in network.layers:
        x = F.leaky_relu(convolve(x, layer), 0.2)
        features.append(x)
    return convolve(x, network.score), features


@pytest.mark.parametrize("samples", [2048, 2047, 1155])
def test_periods_are_columns_of_a_picture(samples):
    """As published: (5, 1) convolutions of a picture as wide as the period, its last row filled up by reflection."""
    torch.manual_seed(0)
    judges = Discriminators(2, PERIODS).double()
    x = torch.randn(2, 1, samples, dtype=torch.float64)

    def convolve(picture, layer):
        return F.conv2d(
            picture,
            layer.weight[..., None],
            layer.bias,
            stride=(*layer.stride, 1),
            padding=(*layer.padding, 0),
        )

    for period, judgement in zip(PERIODS, judges(x)[3:], strict=True):
        missing = -samples % period
        whole = torch.cat([x, x[..., -1 - missing : -1].flip(-1)], dim=-1)
        picture = whole.view(2, 1, -1, period)
        score, features = by_hand(judges.periods[str(period)], picture, convolve)
        for got, expected in zip([judgement.score, *judgement.features], [score, *features], strict=True):
            torch.testing.assert_close(got, expected.permute(0, 3, 1, 2))


def test_each_scale_hears_half_the_rate():
    torch.manual_seed(0)
    judges = Discriminators(2).double()
    x = torch.randn(3, 1, 1000, dtype=torch.float64)

    def convolve(sound, layer):
        return F.conv1d(sound, layer.weight, layer.bias, layer.stride, layer.padding)

    for network, judgement, factor in zip(judges.scales, judges(x), (1, 2, 4), strict=True):
        score, features = by_hand(network, x.view(3, 1, -1, factor).mean(dim=-1), convolve)
        torch.testing.assert_close(judgement.score, score)
        torch.testing.assert_close(judgement.features, features)


def test_items_do_not_hear_each_other():
    judges = Discriminators(2, PERIODS)
    x = torch.randn(3, 1, 1000)
    together, alone = judges(x), judges(x[1:2])
    for both, one in zip(together, alone, strict=True):
        for a, b in zip([both.score, *both.features], [one.score, *one.features], strict=True):
            torch.testing.assert_close(a[1:2], b)


def test_learns_to_tell_tones_from_noise():
    torch.manual_seed(0)
    judges, t = Discriminators(4, (2, 3)), torch.arange(1024.0)
    optimiser = torch.optim.Adam(judges.parameters(), 3e-3, (0.5, 0.9))
    losses = []
    for _ in range(60):
        tones = torch.sin(t * (0.05 + 0.2 * torch.rand(4, 1, 1)))
        loss = to_tell_apart(judges, tones, 0.7 * torch.randn(4, 1, 1024))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[0] == pytest.approx(2 * 5, rel=0.05) and max(losses[-5:]) < 1


@pytest.mark.parametrize("shape", [(1, 2, 100), (1, 100), (1, 1, 10)])
def test_says_what_it_wants(shape):
    with pytest.raises(ShapeError, match="T at least 11"):
        Discriminators(1, PERIODS)(torch.zeros(shape))


@pytest.mark.parametrize("settings", [(0,), (1, (1, 2))])
def test_refuses_impossible_settings(settings):
    with pytest.raises(ConfigError, match="at least"):
        Discriminators(*settings)


def test_takes_the_shortest_sound_it_promises():
    assert all(torch.isfinite(j.score).all() for j in Discriminators(1, PERIODS)(torch.zeros(1, 1, 11)))
    assert all(torch.isfinite(j.score).all() for j in Discriminators(1)(torch.zeros(1, 1, 4)))
