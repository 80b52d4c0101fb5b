"""The loop of the feedback model: its shape, its window, and what it goes on from."""

import pytest
import torch

from tests.contract.stream import check_contract
from tonewright.errors import ConfigError
from tonewright.layers.conv import Conv1d
from tonewright.layers.graph import trace
from tonewright.models.feedback import PRESETS, Config, Model
from tonewright.models.feedback.config import HEARD, MADE

SMALL = Config(window=8, width=6, layers=1)


def make(config: Config = SMALL, settle: int = 300) -> Model:
    torch.manual_seed(0)
    model = Model(config).double().eval()
    model.settle = settle
    return model


def test_the_usual_shape_has_the_weights_of_its_seed():
    model = Model()
    assert sum(p.numel() for p in model.parameters()) == 394_753
    products = sum(p.numel() for p in model.parameters() if p.ndim > 1)
    assert products == 255 * 256 + 5 * 256**2 + 256


@pytest.mark.parametrize(
    "config",
    [
        SMALL,
        Config(window=8, width=6, layers=2, dry="mulaw", past="mulaw", target="mulaw", knobs=("a", "b")),
        Config(window=2, width=6, layers=0, dry="bits", target="bits"),
        Config(window=8, width=6, layers=1, target="classes"),
    ],
)
def test_contract(config):
    model = make(config)
    ports = {port.name: torch.rand(2, 1, 2 * model.settle + 600, dtype=torch.float64) for port in model.ports}
    check_contract(model, channels=1, ports=ports)


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "standard"])
def test_contract_of_presets(preset):
    check_contract(make(PRESETS[preset], settle=700), channels=1)


def test_the_usual_one_in_blocks():
    """As the contract has it, on less sound: torch needs a while."""
    model, x = make(PRESETS["standard"]), torch.randn(2, 1, 150, dtype=torch.float64)
    with torch.no_grad():
        whole, _ = model(x, model.initial_state(2))
        state, parts = model.initial_state(2), []
        for block in x.split([1, 7, 64, 1, 60, 17], dim=-1):
            y, state = model(block, state)
            parts.append(y)
    torch.testing.assert_close(torch.cat(parts, dim=-1), whole, rtol=1e-9, atol=1e-10)


def test_the_window_ends_with_the_sample_that_is_asked_for():
    """y[t] hears x from t - window + 1 to t, and its own outputs from t - window + 1 to t - 1."""
    model = make()
    x = torch.randn(1, 1, 30, dtype=torch.float64, requires_grad=True)
    y = torch.randn(1, 1, 30, dtype=torch.float64, requires_grad=True)
    heard, _ = model.heard(x, model.initial_state(1)[:1])
    answer, _ = model.loop.forced(heard, y, model.loop.initial_state(1))
    from_x, from_y = torch.autograd.grad(answer[0, 0, 20], (x, y))
    assert from_x[0, 0].nonzero().flatten().tolist() == list(range(13, 21))
    assert from_y[0, 0].nonzero().flatten().tolist() == list(range(13, 20))


@pytest.mark.parametrize("window", [2, 8])
@pytest.mark.parametrize("past", HEARD)
@pytest.mark.parametrize("length", [1, 5, 40])
def test_primed_it_goes_on_from_what_it_is_given(window, past, length):
    """The same state as that of a loop which was made to say it."""
    model = make(Config(window=window, width=6, layers=1, past=past))
    x, y = torch.randn(2, 3, 1, 60, dtype=torch.float64)
    before = model.initial_state(3)
    _, before = model(torch.randn(3, 1, 9, dtype=torch.float64), before)
    primed = model.primed(x[..., :length], y[..., :length], before)
    heard, memory = model.heard(x[..., :length], before[:1])
    _, after = model.loop.forced(heard, y[..., :length], before[1:])
    for a, b in zip(primed, memory + after, strict=True):
        torch.testing.assert_close(a, b)


def test_most_models_have_nothing_to_go_on_from():
    from tonewright.models.lstm import Model as Lstm

    model, sound = Lstm(), torch.zeros(1, 1, 8)
    with pytest.raises(ConfigError, match="leave the prime out"):
        model.primed(sound, sound, model.initial_state(1))


def test_folded_weights_are_halves():
    model = make(Config(window=8, width=6, layers=2, target="classes+residual"))
    before = model.loop.body.head.weight.detach().clone()
    model.fold()
    convs = [m for m in model.loop.modules() if isinstance(m, Conv1d)]
    assert len(convs) == 5 and all(torch.equal(m.weight, m.weight.half().double()) for m in convs)
    error = (model.loop.body.head.weight.detach() - before).abs() / before.abs()
    assert 0 < float(error.max()) < 2**-10


@pytest.mark.parametrize("target", MADE)
@pytest.mark.parametrize("heard", HEARD)
def test_every_code_can_be_played_by_others(target, heard):
    model = Model(Config(window=4, width=3, layers=1, dry=heard, past=heard, target=target))
    assert trace(model)["nodes"][-1]["op"] == "feedback"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"window": 1}, "window is 2 to"),
        ({"width": 0}, "width is 1 to"),
        ({"layers": -1}, "layers is 0 to"),
        ({"past": "mu-law"}, "past is one of linear, mulaw, bits"),
        ({"target": "onehot"}, "classes"),
        ({"knobs": ("x",)}, "knob"),
    ],
)
def test_impossible_settings(wrong, words):
    with pytest.raises(ConfigError, match=words):
        Config(**wrong)
