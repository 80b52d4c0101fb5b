"""Truncated back-propagation: the state is carried, whoever computes, however often it is interrupted."""

import io

import numpy as np
import pytest
import torch

from tests.training.toys import easy_pair
from tonewright.audio.pairs import Pair
from tonewright.errors import PairError
from tonewright.models.lstm import Config, Model, Recipe
from tonewright.models.lstm import Course as Truncation
from tonewright.models.lstm.recipe import SURPRISE, SteadySoap
from tonewright.models.supervised import Teaching
from tonewright.training import native_lstm

CUT = Truncation(segments=7, group=3, warm_up=40, chunk=100, chunks=3)
SMALL = Config(4, direct=True)


def pair(knobs=None) -> Pair:
    """A soft clipper behind a slow follower of the level."""
    rng = np.random.default_rng(0)
    dry = (0.3 * rng.standard_normal(4000)).astype(np.float32)
    slow = np.convolve(np.abs(dry), np.full(200, 1 / 200), mode="full")[: len(dry)]
    return Pair(dry, np.tanh(3 * dry * (1 - slow)).astype(np.float32), 48000, knobs=knobs or {})


def recipe(threads: int = 1, native: bool = False, config: Config = SMALL, cut=CUT, **settings):
    torch.manual_seed(0)
    model = Model(config)
    model.settle = 300
    sound = pair(dict.fromkeys(config.knobs, 0.3))
    answer = native_lstm.fused(model) if native else None
    if native and answer is None:
        pytest.skip(native_lstm.why_not(model))
    return Recipe(model, [sound], [sound], Teaching(**settings), 0, threads, answer, cut)


def weights(taught: Recipe) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in taught.model.parameters()])


def taught(steps: int, **how) -> torch.Tensor:
    made = recipe(**how)
    for step in range(steps):
        made.step(step, 0)
    return weights(made)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_state_is_carried_through_a_segment(cell):
    """Without steps of the weights, chunks play as the whole segment at once would."""
    made = recipe(config=Config(4, 2, cell), rate=0.0)
    for number in (0, 1):
        for chunk in range(CUT.chunks):
            made.step(number * CUT.chunks + chunk, 0)
        segments = made.crops.crops.batch(number, CUT.segments)
        x = torch.from_numpy(np.stack([s.dry for s in segments]))[:, None]
        _, state = made.model(x, made.model.initial_state(len(segments)))
        carried = torch.cat(made.carried)
        torch.testing.assert_close(carried, torch.stack(state, dim=1).detach(), atol=1e-5, rtol=1e-5)


def test_pieces_are_the_sound_of_the_segments():
    made = recipe(config=Config(4, knobs=("drive",)))
    segments = made.crops.crops.batch(2, CUT.segments)
    for chunk in range(CUT.chunks):
        pieces = made.crops.batch(2 * CUT.chunks + chunk, 0)
        assert [len(p.target) for p in pieces] == [3, 3, 1]
        condition, target = (torch.cat([getattr(p, n) for p in pieces]) for n in ("condition", "target"))
        for i, segment in enumerate(segments):
            wet = segment.wet[chunk * 100 : chunk * 100 + 100]
            dry = segment.dry[chunk * 100 : chunk * 100 + 140]
            assert np.array_equal(target[i, 0], wet) and np.array_equal(condition[i, 0], dry)
        assert bool((condition[:, 1] == 0.3).all())


def test_natively_as_by_torch():
    """The same to rounding, which SOAP lets grow."""
    for config in (Config(4), Config(5, 2, direct=True, knobs=("a", "b"))):
        one, other = recipe(config=config), recipe(config=config, native=True)
        for step in range(5):
            a, b = one.step(step, 0), other.step(step, 0)
            assert a.keys() == b.keys() and all(b[name] == pytest.approx(a[name], rel=2e-3) for name in a)
        assert other.score() == pytest.approx(one.score(), rel=2e-3)


@pytest.mark.parametrize("native", [False, True])
def test_threads_make_no_difference(native):
    assert torch.equal(taught(7, native=native), taught(7, native=native, threads=3))


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("stop", [1, 3, 5])
def test_resumed_is_as_never_interrupted(native, stop):
    first = recipe(native=native)
    for step in range(stop):
        first.step(step, 9)
    kept = io.BytesIO()
    torch.save(first.state(), kept)
    second = recipe(native=native)
    second.restore(torch.load(io.BytesIO(kept.getvalue()), weights_only=True))
    for step in range(stop, 8):
        assert first.step(step, 9) == second.step(step, 9)
    assert torch.equal(weights(first), weights(second)) and first.score() == second.score()


def test_what_is_no_number_is_not_carried():
    made = recipe()
    made.step(0, 0)
    made.carried[0][0, 0, 0] = torch.nan
    made.step(1, 0)
    assert bool(weights(made).isfinite().all()) and made.carried is None and made.bad == 1
    made.step(2, 0)
    assert made.carried is not None and made.bad == 0


def test_it_goes_back_when_gradients_explode():
    """Weights that give no gradient are left for those that the segment before began with."""
    made, began = recipe(), []
    for step in range(7):
        began.append(weights(made))
        made.step(step, 0)
    with torch.no_grad():
        made.parameters[1].fill_(torch.inf)
    made.step(7, 0)
    assert made.bad == 1 and torch.equal(weights(made), began[3])
    made.step(8, 0)
    assert made.bad == 0


def test_one_long_gradient_is_no_long_step():
    weight, calm = (torch.zeros(3, 3) for _ in range(2))
    surprised, other = SteadySoap([weight]), SteadySoap([calm])
    generator = torch.Generator().manual_seed(0)
    for _ in range(30):
        gradient = torch.randn(9, generator=generator)
        surprised.step(gradient, 0.01), other.step(gradient, 0.01)
    usual = surprised.usual
    surprised.step(1e9 * gradient, 0.01), other.step(SURPRISE * usual * gradient / gradient.norm(), 0.01)
    torch.testing.assert_close(weight, calm)
    assert usual < surprised.usual < 1.1 * usual


def test_score_is_the_error_of_the_model():
    made = recipe()
    sound = pair()
    y, _ = made.model(torch.from_numpy(sound.dry)[None, None], made.model.initial_state(1))
    error = float(np.square(y.detach().numpy()[0, 0] - sound.wet).sum() / np.square(sound.wet).sum())
    assert made.score() == pytest.approx(error, rel=1e-3)


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("stft", [0.0, 0.01])
def test_it_can_be_taught(native, stft):
    cut = Truncation(segments=4, group=2, warm_up=40, chunk=2048 if stft else 200, chunks=1 if stft else 3)
    made = recipe(native=native, cut=cut, stft=stft)
    for step in range(60 if stft else 200):
        losses = made.step(step, 0)
    assert ("stft" in losses) == bool(stft)
    assert made.score() < (0.3 if stft else 0.05)


def test_too_short_a_recording_is_told():
    with pytest.raises(PairError, match="no stretch of"):
        recipe(cut=None)


def test_chunks_are_long_enough_for_spectra():
    made = [
        Recipe(Model(SMALL), [easy_pair(1.0)], [easy_pair(1.0)], Teaching(stft=stft), threads=1)
        for stft in (0.0, 0.01)
    ]
    assert [m.truncation.chunk for m in made] == [1024, 2048]
    assert "stft" in made[1].step(0, 0)
