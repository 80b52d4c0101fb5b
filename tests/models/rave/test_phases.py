"""The second phase begins where the first stops paying, whatever the noise, and the same when resumed."""

import json
import math

import numpy as np
import pytest

from tonewright.errors import ConfigError
from tonewright.models.rave.phases import Phases, Turn, gain_of_doubling, lately

STEPS, SCORES = 24_000, 24
TURN = Turn()
CURVES = {
    "as a power": lambda done: done**-0.15,
    "to a floor": lambda done: 1.0 + 4.0 * math.exp(-done / 0.03),
    "not at all": lambda done: 1.0,
    "rising": lambda done: 1.0 + done,
}


def taught(curve, turn: Turn = TURN, noise: float = 0.0, seed: int = 0, resumed_at: int = -1) -> Phases:
    """A training whose held-out distance is known, measured as often as the loop measures."""
    phases, random = Phases(turn), np.random.default_rng(seed)
    for step in range(0, STEPS, 100):
        if step and step % (STEPS // SCORES) == 0:
            phases.scored(step, curve(step / STEPS) * math.exp(noise * random.standard_normal()))
        if step == resumed_at:
            resumed = Phases(turn)
            resumed.restore(json.loads(json.dumps(phases.state())))
            phases = resumed
        phases.second(step, STEPS)
    return phases


def begun(name: str, **settings) -> float:
    phases = taught(CURVES[name], **settings)
    return math.inf if phases.since is None else phases.since / STEPS


def test_goes_on_while_it_pays_and_no_longer():
    assert begun("as a power") == 0.5  # at the latest
    assert begun("not at all") == 0.25 and begun("rising") == 0.25  # with the first six measurements
    assert 0.25 <= begun("to a floor") <= 0.45


@pytest.mark.parametrize("seed", range(20))
def test_noise_does_not_end_a_phase_that_pays(seed):
    assert begun("as a power", noise=0.02, seed=seed) == 0.5


def test_noise_does_not_hide_a_plateau():
    starts = [begun("not at all", noise=0.01, seed=seed) for seed in range(20)]
    assert np.median(starts) <= 0.3 and max(starts) <= 0.5


def test_one_wild_measurement_changes_nothing():
    scores = [(1000 * n, (1000.0 * n) ** -0.1) for n in range(1, 12)]
    wild = [*scores[:-1], (scores[-1][0], 9.0)]
    assert gain_of_doubling(wild)[0] == pytest.approx(gain_of_doubling(scores)[0], abs=0.01)


@pytest.mark.parametrize("power", [0.0, 0.02, 0.1, 0.5, -0.1])
def test_the_gain_is_that_of_the_curve(power):
    gain, unsure = gain_of_doubling([(step, 7.0 * step**-power) for step in (300, 500, 800, 900)])
    assert gain == pytest.approx(1 - 2**-power, abs=1e-9) and unsure < 1e-5


def test_says_why():
    assert (
        taught(CURVES["as a power"]).why == "phase 2 from step 12,000 on: 50 % of the 24,000 steps are done"
    )
    flat = taught(CURVES["not at all"]).why
    assert flat == (
        "phase 2 from step 6,000 on: the held-out distance did not fall from step 2,000 to 5,000, and twice the "
        "steps would hardly lower it (0.0 %)"
    )
    assert (
        "the held-out distance fell by only 1.2 % from step 2,000 to 5,000" in taught(lambda u: u**-0.013).why
    )
    assert Phases().why == ""


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("resumed_at", [0, 2900, 6000, 6100, 20_000])
def test_a_resumed_training_decides_the_same(name, resumed_at):
    whole = taught(CURVES[name], noise=0.01)
    assert taught(CURVES[name], noise=0.01, resumed_at=resumed_at).state() == whole.state()


def test_measuring_can_be_turned_off_and_the_second_phase_left_out():
    assert begun("not at all", turn=Turn(latest=0.3, worth=0.0)) == 0.3
    assert begun("not at all", turn=Turn(latest=1.0)) == math.inf
    assert begun("not at all", turn=Turn(latest=0.0, earliest=0.0)) == 0.0


def test_nothing_is_decided_before_the_steps_are_counted():
    phases = Phases(Turn(latest=0.0, earliest=0.0))
    assert not phases.second(0, 0) and not phases.second(500, 0) and phases.second(501, 1000)


def test_what_is_no_number_does_not_count():
    phases = Phases()
    for step, distance in ((0, 1.0), (5, math.nan), (6, math.inf), (7, 0.0), (8, 2.0), (9, 1.0), (8, 3.0)):
        phases.scored(step, distance)
    assert phases.state()["scores"] == [[8, 3.0]]  # measured again from there
    assert lately([]) == []


@pytest.mark.parametrize("wrong", [{"latest": 1.5}, {"earliest": 0.6}, {"earliest": -0.1}, {"worth": 1.0}])
def test_impossible_rules_are_refused(wrong):
    with pytest.raises(ConfigError):
        Turn(**wrong)
