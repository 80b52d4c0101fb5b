"""A timbre is taught in two phases: the same again from the same seed, in time with what it is compared with."""

import copy

import numpy as np
import pytest
import torch

from tests.models.rave.sounds import corpus_of
from tonewright.errors import ConfigError, TrainingError
from tonewright.layers.base import Layer
from tonewright.layers.pqmf import Analysis, Synthesis
from tonewright.layers.synth import FilteredNoise
from tonewright.models import changed
from tonewright.models.rave import Course, Model, Recipe
from tonewright.models.rave.config import Config
from tonewright.models.rave.norms import fold_norms, norm_weights

RATE = 8000
TINY = Config(
    sample_rate=RATE,
    attenuation_db=40,
    capacity=4,
    ratios=(4, 2),
    dilations=((1, 3), (1,)),
    latent=6,
    lookahead=0.0,
    knobs=2,
    noise=(2,),
    noise_bands=5,
)
COURSE = Course(
    batch=2,
    crop=4096,
    lead=512,
    beta=0.01,
    beta_first=0.01,
    beta_steps=0,
    judges=4,
    judges_every=2,
    latest=0.5,
    earliest=0.0,
    worth=0.0,
)


@pytest.fixture(scope="module")
def sounds():
    rng = np.random.default_rng(0)
    decay = np.exp(-np.arange(RATE // 2) / 500)
    hits = [decay * rng.standard_normal(len(decay)) * level for level in rng.uniform(0.05, 0.4, 24)]
    return corpus_of(np.concatenate(hits), RATE).split()


def recipe(sounds, course=COURSE, config=TINY, threads=1, said=lambda s: None) -> Recipe:
    torch.manual_seed(4)
    return Recipe(Model(config), *sounds, course, seed=3, threads=threads, said=said)


def taught(made: Recipe, first: int, last: int, steps: int = 8) -> Recipe:
    torch.set_num_threads(1)
    for step in range(first, last):
        made.step(step, steps)
        made.take_note(step + 1, made.score())
    return made


def weights(made: Recipe) -> list:
    return [value.clone() for value in made.model.state_dict().values()]


def same(a: list, b: list) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_it_comes_to_the_same_weights_on_any_number_of_threads(sounds):
    one, two = taught(recipe(sounds), 0, 6), taught(recipe(sounds, threads=2), 0, 6)
    assert one.phase == two.phase == 2 and same(weights(one), weights(two))


@pytest.mark.parametrize("stop", (2, 5, 7))
def test_it_goes_on_where_it_was_in_either_phase(sounds, stop):
    whole = taught(recipe(sounds), 0, 8)
    half = copy.deepcopy(taught(recipe(sounds), 0, stop).state())
    again = recipe(sounds)
    again.restore(half)
    assert same(weights(taught(again, stop, 8)), weights(whole))


def test_the_encoder_stands_still_in_the_second_phase_and_is_told(sounds):
    said = []
    made = taught(recipe(sounds, said=said.append), 0, 4)
    before = copy.deepcopy(made.model.state_dict())
    taught(made, 4, 8)
    moved = {
        name
        for name, value in made.model.state_dict().items()
        if not torch.equal(value, before[name]) and name != "variance"
    }
    assert moved and all(name.startswith("decoder.") for name in moved)
    assert any("phase 2 from step 4 on" in sentence for sentence in said)


def test_discriminators_and_decoder_take_turns(sounds):
    made = taught(recipe(sounds), 0, 4)
    losses = [made.step(step, 8) for step in range(4, 8)]
    assert ["judges" in loss for loss in losses] == [True, False, True, False]
    assert {"whole", "bands", "adversarial", "matching"} == set(losses[1])


def test_it_learns(sounds):
    made = recipe(sounds, Course(**{**vars(COURSE), "latest": 1.0, "rate": 3e-3}))
    taught(made, 0, 5, 60)
    before = made.score()
    taught(made, 5, 60, 60)
    assert made.score() < 0.8 * before


class Late(Layer):
    """Instead of a decoder: what it is given as latents is forgotten, and the sound itself comes, as late as y is."""

    def __init__(self, sound, late):
        super().__init__()
        self.sound, self.late = sound, late

    def initial_state(self, batch, seeds=None):
        return []

    def forward(self, z, state):
        pad = self.sound.new_zeros(*self.sound.shape[:-1], self.late)
        return torch.cat([pad, self.sound[..., : -self.late]], dim=-1), state


def test_crops_that_are_read_ahead_are_the_same(sounds):
    direct, ahead = recipe(sounds).crops, recipe(sounds).crops
    ahead.ahead = True
    for step in (0, 1, 2, 7, 8):  # a leap is a training that was resumed
        for a, b in zip(direct.batch(step), ahead.batch(step), strict=True):
            assert torch.equal(a.sound, b.sound) and torch.equal(a.seeds, b.seeds) and a.draw == b.draw
    assert 0.0 <= ahead.waited <= 1.0
    ahead.close()


class Mute(Layer):
    """Instead of a decoder: nothing."""

    def initial_state(self, batch, seeds=None):
        return []

    def forward(self, z, state):
        return z.new_zeros(len(z), 1, z.shape[-1] * TINY.compression), state


def test_silence_is_what_a_mute_model_has(sounds):
    made = recipe(sounds)
    before = made.silence()
    made.model.decoder = Mute()
    assert made.score() == made.silence() == pytest.approx(before)


@pytest.mark.parametrize(
    "layer", (Analysis(8, 70), Synthesis(8, 70), FilteredNoise(9, 16)), ids=("down", "up", "noise")
)
def test_mixed_precision_leaves_alone_what_half_of_it_would_spoil(layer):
    x = torch.rand(1, layer.inputs, 64 * layer.block)
    with torch.no_grad():
        exact, _ = layer.eval()(x, layer.initial_state(1))
        with torch.autocast("cpu", torch.bfloat16):
            mixed, _ = layer(x, layer.initial_state(1))
            halved, _ = layer(x.bfloat16(), layer.initial_state(1))
    assert mixed.dtype == halved.dtype == torch.float32 and torch.equal(mixed, exact)


def test_mixed_precision_teaches_in_both_phases(sounds):
    made, exact = recipe(sounds), recipe(sounds)
    made.mixed = True
    losses = [r.step(0, 8) for r in (made, exact)]
    assert losses[0]["whole"] == pytest.approx(losses[1]["whole"], rel=0.2) and losses[0] != losses[1]
    taught(made, 1, 8)
    assert made.phase == 2 and np.isfinite(made.score())
    assert all(value.dtype == torch.float32 for value in made.model.parameters())


@pytest.mark.parametrize("level", (1e-3, 1.0))
def test_a_model_begins_where_it_can_learn(sounds, level):
    """Whatever the level of the recordings, each latent moves by as much and the answer is softer than they are."""
    taught = corpus_of(level * np.concatenate([sounds[0].crop(0, 40000)]), RATE)
    made = recipe((taught, sounds[1]))
    with torch.no_grad():
        means = torch.cat([made.model.encoder.posterior(x)[0] for x in made.crops.some()])
        answers = [
            made._lined_up(item, made.model.encoder.posterior(item.sound)[0]) for item in made.crops.batch(3)
        ]
    assert torch.allclose(means.abs().amax(dim=(0, 2)), torch.tensor(6.0), rtol=1e-3)
    for target, estimate in answers:
        assert 1e-4 < float(estimate.std() / target.std()) < 1.0


def test_what_is_compared_is_in_time(sounds):
    made = recipe(sounds)
    item = made.crops.batch(0)[0]
    made.model.decoder = Late(item.sound, made.model.latency)
    target, estimate = made._lined_up(item, torch.zeros(1, 6, 1))
    assert torch.equal(target, estimate) and target.shape[-1] >= COURSE.crop
    distances = made._distances(target, estimate)
    assert all(float(distance) == 0.0 for distance in distances.values())


def test_it_can_be_heard_while_it_is_taught(sounds):
    made = taught(recipe(sounds), 0, 2)
    before = weights(made)
    copy = made.as_it_is()
    x = torch.randn(1, 1, 20 * copy.block)
    with torch.no_grad():
        a, b = (
            model(x, model.initial_state(1), **{port.name: torch.zeros_like(x) for port in model.ports})[0]
            for model in (copy, made.model.eval())
        )
    assert torch.allclose(a, b, atol=1e-6) and same(weights(made), before)


def test_folding_the_norms_changes_nothing():
    torch.manual_seed(0)
    model = Model(TINY).eval()
    x = torch.randn(1, 1, 10 * model.block)
    knobs = {port.name: torch.zeros_like(x) for port in model.ports}
    plain = model(x, model.initial_state(1), **knobs)[0]
    names = list(model.state_dict())
    norm_weights(model)
    normed = model(x, model.initial_state(1), **knobs)[0]
    fold_norms(model)
    folded = model(x, model.initial_state(1), **knobs)[0]
    assert sorted(model.state_dict()) == sorted(names)
    assert torch.allclose(plain, normed, atol=1e-6) and torch.allclose(plain, folded, atol=1e-6)


def test_the_basis_is_compact_and_changes_no_sound(sounds):
    made = taught(recipe(sounds, Course(**{**vars(COURSE), "latest": 1.0})), 0, 12, 12)
    model = made.model
    x = torch.from_numpy(sounds[0].crop(0, 60 * model.block))[None, None]
    with torch.no_grad():
        knobs = {port.name: torch.zeros_like(x) for port in model.ports}
        before = model.eval()(x, model.initial_state(1), **knobs)[0]
        basis = made.finish()
        after = model(x, model.initial_state(1), **knobs)[0]
        z, _ = model.encoder(x, model.encoder.initial_state(1))
    scale = float(before.abs().max())
    assert float((after - before).abs().max()) < 1e-4 * scale
    assert bool((model.variance.diff() <= 0).all()) and torch.allclose(basis.variance[0], model.variance[0])
    assert 0.3 < float(z[0, 0].std()) < 3.0
    assert model.fidelity == pytest.approx(1.0) and model.dimensions == TINY.latent
    model.set({"latent.fidelity": 0.9})
    kept = model.dimensions
    assert 1 <= kept < TINY.latent and model.fidelity >= 0.9
    assert float(model.variance[: kept - 1].sum() / model.variance.sum()) < 0.9
    model.set({"latent.fidelity": 1.0})
    with torch.no_grad():
        again = model(x, model.initial_state(1), **knobs)[0]
    assert float((again - before).abs().max()) < 1e-4 * scale


def test_a_knob_moves_its_latent(sounds):
    made = recipe(sounds)
    made.finish()
    model = made.model.eval()
    x = torch.randn(1, 1, 20 * model.block)
    heard = []
    model.decoder.forward = lambda z, state: (heard.append(z), (torch.zeros(1, 1, x.shape[-1]), state))[1]
    with torch.no_grad():
        for value in (0.0, 1.5):
            knobs = {port.name: torch.zeros_like(x) for port in model.ports}
            knobs["latent_1"] += value
            model(x, model.initial_state(1), **knobs)
    moved = heard[1] - heard[0]
    assert (
        torch.allclose(moved[:, 1], torch.tensor(1.5)) and float(moved[:, [0, 2, 3, 4, 5]].abs().max()) == 0.0
    )


def test_not_a_number_ends_it(sounds):
    made = recipe(sounds)
    with torch.no_grad():
        made.model.encoder.scale.parametrizations.weight.original0.fill_(float("nan"))
    with pytest.raises(TrainingError, match="teach more slowly"):
        taught_without_scores(made)


def taught_without_scores(made: Recipe) -> None:
    for step in range(20):
        made.step(step, 40)


def test_too_little_to_hold_out_is_refused(sounds):
    short = corpus_of(0.1 * np.ones(2 * RATE), RATE)
    course = Course(**{**vars(COURSE), "crop": 3 * RATE})
    with pytest.raises(TrainingError, match="held out lasts"):
        Recipe(Model(TINY), short, short, course)


def test_a_model_that_reaches_for_hours_is_refused():
    endless = Config(capacity=1, ratios=(8, 8, 8, 1), dilations=((256,) * 8,) * 4, latent=1, knobs=0)
    with pytest.raises(ConfigError, match="smaller dilations"):
        Model(endless)


def test_presets_have_courses_of_their_own():
    assert changed("rave", "v2", {})[1].judges_every == 4
    _, course = changed("rave", "v2_small", {"rate": 1e-4})
    assert (course.beta, course.rate, course.judges) == (0.01, 1e-4, 48)


@pytest.mark.parametrize(
    "wrong",
    ({"crop": 10}, {"rate": 0.0}, {"beta": -1.0}, {"latest": 2.0}, {"quietest_db": 3.0}, {"batch": 0}),
)
def test_impossible_courses_are_refused(wrong):
    with pytest.raises(ConfigError):
        Course(**wrong)


@pytest.mark.parametrize(
    "wrong",
    (
        {"family": "v3"},
        {"ratios": (3, 3), "dilations": ((1,), (1,))},
        {"ratios": (), "dilations": ()},
        {"ratios": (8, 8, 8, 8), "dilations": ((1,),) * 4},
        {"dilations": ((1,),)},
        {"noise": (8, 8, 4)},
        {"knobs": 200},
        {"capacity": 512, "ratios": (2,) * 8, "dilations": ((),) * 8},
        {"lookahead": 1.5},
        {"sample_rate": 1},
    ),
)
def test_impossible_models_are_refused(wrong):
    with pytest.raises(ConfigError):
        Config(**wrong)
