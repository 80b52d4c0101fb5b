"""How settings are found, part by part: each against a truth that is known beforehand."""

import math

import numpy as np
import pytest
import torch
from scipy import signal

from tonewright.builtin import phrase
from tonewright.errors import ConfigError
from tonewright.models.chain import Config, Model, spoken
from tonewright.models.chain.fitting import certainty, linear
from tonewright.models.chain.fitting.knobs import Knobs
from tonewright.models.chain.fitting.newton import Fit, Goal, newton
from tonewright.models.chain.fitting.recipe import Recipe
from tonewright.models.chain.fitting.rehearsal import Rehearsal
from tonewright.models.chain.fitting.spectral import distance, spectral
from tonewright.models.chain.fitting.starts import starts
from tonewright.models.chain.search import response, swing

RATE = 16000


def chain(words: str, settings: dict | None = None, rate: int = RATE) -> Model:
    made = Model(Config(spoken(words), sample_rate=rate)).double()
    made.set(settings or {})
    return made


def noise(seconds: float, seed: int = 0, rate: int = RATE) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate))


def guitar(seconds: float = 2.0, rate: int = 32000) -> np.ndarray:
    return phrase(seconds + 0.5, rate)[-round(seconds * rate) :].astype(float)


def batch(x: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.asarray(x, float)).reshape(1, 1, -1)


def played(made: Model, x: np.ndarray) -> np.ndarray:
    """What a chain makes of x [T], lined up."""
    return Rehearsal(made, batch(x), Knobs(made)).play()[0, 0].numpy()


def begun(words: str, settings: dict, x: np.ndarray, fixed=(), **how) -> tuple[Rehearsal, Goal, np.ndarray]:
    """A chain at its defaults, its goal by these settings, and the positions of those."""
    truth = chain(words, settings)
    made = chain(words)
    knobs = Knobs(made, fixed)
    return Rehearsal(made, batch(x), knobs), Goal(batch(played(truth, x)), **how), Knobs(truth, fixed).read()


# Knobs


def test_positions_are_written_and_read():
    made = chain("gain,compressor,curve[3]")
    knobs = Knobs(made)
    positions = np.random.default_rng(0).random(len(knobs))
    knobs.write(positions)
    np.testing.assert_allclose(knobs.read(), positions, atol=1e-12)
    for place, value in zip(knobs.places, knobs.values(positions), strict=True):
        told = made.values()[place.processor][place.setting.name]
        assert (told if place.element is None else told[place.element]) == pytest.approx(value)
    knobs.write_one(0, 0.75)
    assert made.values()["gain"]["gain_db"] == pytest.approx(30.0)


def test_only_what_can_be_moved_is_a_knob():
    places = [
        str(place) for place in Knobs(chain("polarity,response[64],gain,hall"), ("gain.gain_db",)).places
    ]
    assert places == ["hall.t60_s", "hall.damping", "hall.mix"]
    with pytest.raises(ConfigError, match="did you mean 'gain_db'"):
        Knobs(chain("gain"), ("gain.gian_db",))


def test_positions_stay_within_their_range():
    knobs = Knobs(chain("tremolo"))
    names = [place.setting.name for place in knobs.places]
    held = dict(zip(names, knobs.within(np.full(len(knobs), 1.25)), strict=True))
    assert held == {"depth": 1.0, "rate_hz": 1.0, "phase": 0.25, "shape": 1.0}
    held = dict(zip(names, knobs.within(np.full(len(knobs), -0.25)), strict=True))
    assert held == {"depth": 0.0, "rate_hz": 0.0, "phase": 0.75, "shape": 0.0}


def test_parameters_are_what_is_written():
    made = chain("compressor,curve[3]")
    knobs = Knobs(made)
    positions = np.random.default_rng(1).random(len(knobs))
    parameters = knobs.parameters(torch.from_numpy(positions))
    knobs.write(positions)
    assert set(parameters) == {name for name, _ in made.named_parameters()}
    for name, value in parameters.items():
        torch.testing.assert_close(value, made.get_parameter(name).detach())


def test_where_it_does_nothing_is_known():
    knobs = Knobs(chain("gain,compressor"))
    rest = {str(p): n for p, n in zip(knobs.places, knobs.neutral, strict=True)}
    assert rest["gain.gain_db"] == 0.5 and rest["compressor.ratio"] == 0.0
    assert math.isnan(rest["compressor.attack_ms"])


# Rehearsal


@pytest.mark.parametrize(
    "words,off",
    [
        ("eq,compressor", 1e-4),
        ("tanh,highpass,gain", 1e-4),
        ("offset,asymmetric", 1e-4),
        ("tremolo,phaser", 1e-4),
        ("chorus", 1e-2),  # a nudge of its delay is a part of a sample, and not small
        ("delay,echo", 1e-2),
    ],
)
def test_slopes_are_those_of_autograd(words, off):
    made = chain(words)
    knobs, x = Knobs(made), batch(signal.lfilter(*signal.butter(2, 300, fs=RATE), noise(0.25)))
    knobs.write(np.random.default_rng(2).uniform(0.2, 0.45, len(knobs)))
    clear = {"delay.delay_ms": 5.0, "echo.delay_ms": 5.0, "chorus.delay_ms": 10.0, "chorus.rate_hz": 5.0}
    made.set({place: value for place, value in clear.items() if place.partition(".")[0] in words.split(",")})
    positions = knobs.read()
    rehearsal = Rehearsal(made, x, knobs)
    rehearsal.play(positions)
    slopes = rehearsal.slopes(positions)
    np.testing.assert_allclose(knobs.read(), positions, atol=1e-12)  # and all stands where it stood

    now = torch.from_numpy(positions).requires_grad_()
    heard = rehearsal.sounds[0]
    y, _ = torch.func.functional_call(made, knobs.parameters(now), (heard, made.initial_state(1)))
    for index, slope in enumerate(slopes):
        along = slope / slope.square().sum()
        (gradient,) = torch.autograd.grad((y[..., rehearsal.skip :] * along).sum(), now, retain_graph=True)
        assert float(gradient[index]) == pytest.approx(1.0, abs=off), str(knobs.places[index])


def test_a_rehearsal_plays_what_the_chain_does():
    made = chain("offset,dc-blocker,delay", {"offset.level": 0.2, "delay.delay_ms": 3.0})
    x = noise(0.5)
    y = played(made, x)
    model = chain("dc-blocker,delay", {"delay.delay_ms": 3.0})
    # a constant that has been there for long is gone, and the rest is late by what was asked for and no more
    np.testing.assert_allclose(y, played(model, x), atol=1e-6)
    assert np.abs(y[:40]).max() < 1e-6 < np.abs(y[60:100]).max()


# Goal


def test_each_stretch_weighs_as_much():
    wet = torch.randn(3, 2, 500).double() * torch.tensor([0.01, 1.0, 30.0])[:, None, None]
    for goal in (Goal(wet), Goal(wet, lead=100), Goal(wet, emphasis=0.95)):
        squares = goal.weighted(wet).square().sum(dim=(1, 2))
        torch.testing.assert_close(squares, torch.full((3,), 1 / 3).double())
        torch.testing.assert_close(goal.error(0 * wet).square().sum(), torch.tensor(1.0).double())
        assert goal.error(wet).abs().max() == 0


def test_what_leads_is_not_compared():
    wet = torch.randn(1, 1, 500).double()
    other = wet.clone()
    other[..., :100] = 7.0
    assert Goal(wet, lead=100).error(other).abs().max() == 0


def test_emphasis_is_of_the_treble():
    seconds = torch.arange(RATE).double() / RATE
    low, high = (torch.sin(2 * math.pi * hz * seconds).reshape(1, 1, -1) for hz in (100.0, 5000.0))
    plain, lifted = Goal(low + high), Goal(low + high, emphasis=0.95)
    ratios = [
        float(goal.weighted(high).square().sum() / goal.weighted(low).square().sum())
        for goal in (plain, lifted)
    ]
    assert ratios[0] == pytest.approx(1.0, rel=0.01) and ratios[1] > 300


# Newton


@pytest.mark.parametrize(
    "words,settings",
    [
        ("gain", {"gain.gain_db": -13.0}),
        ("highpass,gain", {"highpass.cutoff_hz": 250.0, "highpass.q": 1.5, "gain.gain_db": 5.0}),
        ("peak,tanh", {"peak.gain_db": 7.0, "peak.centre_hz": 1300.0, "tanh.drive_db": 15.0}),
        ("compressor", {"compressor.threshold_db": -28.0, "compressor.ratio": 6.0}),
    ],
)
def test_newton_ends_at_rounding(words, settings):
    rehearsal, goal, truth = begun(words, settings, noise(0.5) * np.linspace(0.2, 2.0, RATE // 2))
    fit = newton(rehearsal, goal, rehearsal.knobs.read(), steps=60)
    assert fit.esr < 1e-9
    for place, found, true in zip(rehearsal.knobs.places, fit.positions, truth, strict=True):
        if f"{place}" in settings:
            assert found == pytest.approx(true, abs=1e-3), str(place)
    np.testing.assert_allclose(rehearsal.knobs.read(), fit.positions)


def test_newton_goes_around_a_circle():
    settings = {"tremolo.phase": 0.95, "tremolo.depth": 0.8, "tremolo.rate_hz": 4.0}
    rehearsal, goal, _ = begun("tremolo", settings, noise(1.0))
    rehearsal.knobs.chain.set({**settings, "tremolo.phase": 0.05})
    fit = newton(rehearsal, goal, rehearsal.knobs.read(), steps=40)
    assert fit.esr < 1e-9 and rehearsal.knobs.chain.values()["tremolo"]["phase"] == pytest.approx(0.95)


def test_newton_is_content_with_enough_and_never_worse():
    rehearsal, goal, truth = begun("gain", {"gain.gain_db": -3.0}, noise(0.1))
    start = rehearsal.knobs.read()
    assert newton(rehearsal, goal, truth, steps=5).esr < 1e-20
    esr = float(goal.error(rehearsal.play(start)).square().sum())
    one = newton(rehearsal, goal, start, steps=1)
    assert newton(rehearsal, goal, start, steps=0).esr == pytest.approx(esr) and one.esr < esr
    assert newton(rehearsal, goal, start, steps=9, enough=1.0).esr == pytest.approx(esr)


def test_a_pull_keeps_what_cannot_be_heard_at_rest():
    rehearsal, goal, _ = begun("gain,gain", {"gain1.gain_db": 0.0, "gain2.gain_db": 0.0}, noise(0.1))
    away = np.array([0.7, 0.3])  # they make up for each other
    assert newton(rehearsal, goal, away, steps=20, enough=0.0).positions == pytest.approx(away, abs=1e-3)
    pulled = newton(rehearsal, goal, away, steps=20, pull=1e-3, enough=0.0)
    assert pulled.positions == pytest.approx([0.5, 0.5], abs=1e-3)


# Certainty


def test_how_sure_a_gain_is_follows_from_the_error():
    x = noise(0.5)
    for level in (1e-1, 1e-2):
        wet = 0.5 * x + 0.5 * level * noise(0.5, seed=9)
        made = chain("gain", {"gain.gain_db": -6.0206})
        rehearsal, goal = Rehearsal(made, batch(x), Knobs(made)), Goal(batch(wet))
        fit = newton(rehearsal, goal, rehearsal.knobs.read(), steps=10)
        (row,) = certainty.certainty(rehearsal, goal, fit)
        # the error is twice what it was when the gain is off by the root of it
        assert row.give_or_take == pytest.approx(20 * math.log10(1 + level), rel=0.1) and row.found


def test_two_that_make_up_for_each_other_are_named():
    rehearsal, goal, truth = begun("gain,highpass,gain", {}, noise(0.5), ("highpass.q",))
    rows = certainty.certainty(rehearsal, goal, Fit(truth, 0.0))
    assert [row.found for row in rows] == [False, True, False]
    assert [str(row.partner) for row in rows] == ["gain2.gain_db", "None", "gain1.gain_db"]
    assert certainty.neutral(rehearsal.knobs, rows) == {0: 0.5, 2: 0.5}


# Spectral


def test_the_way_by_magnitudes_plays_what_play_does():
    made = chain("peak,tanh", {"peak.gain_db": 5.0})
    knobs, x = Knobs(made), batch(noise(0.5))
    rehearsal, positions = Rehearsal(made, x, knobs), np.random.default_rng(4).uniform(0.2, 0.8, len(knobs))
    heard = rehearsal.sounds[0]
    parameters = knobs.parameters(torch.from_numpy(positions))
    y, _ = torch.func.functional_call(made, parameters, (heard, made.initial_state(1)))
    torch.testing.assert_close(y[..., rehearsal.skip :], rehearsal.play(positions))


def test_magnitudes_find_a_gain_whose_phase_is_lost():
    x = noise(1.0)
    b, a = [0.7, 1.0], [1.0, 0.7]  # an all-pass, which no gain follows
    made = chain("gain")
    goal = Goal(batch(signal.lfilter(b, a, 0.5 * x)))
    rehearsal = Rehearsal(made, batch(x), Knobs(made))
    begin = rehearsal.knobs.read()
    place = spectral(rehearsal, goal, begin, steps=60)
    assert made.values()["gain"]["gain_db"] == pytest.approx(-6.02, abs=0.5)
    assert distance(rehearsal, goal, place) < 0.3 * distance(rehearsal, goal, begin)


# The whole


def test_a_recipe_leaves_the_chain_with_the_best():
    x = guitar()
    settings = {"lowpass.cutoff_hz": 3000.0, "polarity.sign": -1.0}
    truth = chain("polarity,lowpass", settings, 32000)
    wet = played(truth, x)
    made, heard = chain("polarity,lowpass", rate=32000), []
    recipe = Recipe(
        made, torch.from_numpy(x)[None], torch.from_numpy(wet)[None], listener=lambda *row: heard.append(row)
    )
    fit = recipe.run()
    assert fit.esr < 1e-9 and fit is recipe.best and recipe.loss == "wave"
    assert made.values()["polarity"]["sign"] == -1.0
    assert made.values()["lowpass"]["cutoff_hz"] == pytest.approx(3000.0, rel=1e-4)
    shares = [share for share, _ in heard]
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1


def test_starts_are_the_same_for_a_seed_and_within_range():
    x = torch.from_numpy(guitar(1.0))[None]
    knobs = Knobs(chain("lowshelf,peak,gain", rate=32000))
    begin, made = knobs.read(), []
    for seed in (0, 0, 1):
        knobs.write(begin)
        made.append(starts(knobs, x, x, 12, seed))
    one, two, other = made
    assert len(one) == 12
    for (a, _), (b, _) in zip(one, two, strict=True):
        assert np.array_equal(a, b) and np.array_equal(a, knobs.within(a))
    assert any(not np.array_equal(a, c) for (a, _), (c, _) in zip(one, other, strict=True))


# Search


def test_a_response_is_divided_out():
    x = noise(2.0)
    h = np.random.default_rng(5).standard_normal(64) * np.exp(-np.arange(64) / 10)
    y = signal.lfilter(h, [1.0], x)
    np.testing.assert_allclose(response.deconvolve(x, y, 64, 1e-9), h, atol=0.01)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_response_is_learned_of_all_channels(channels):
    x = np.stack([noise(2.0, seed) for seed in range(channels)])
    h = np.random.default_rng(6).standard_normal(32) * np.exp(-np.arange(32) / 5)
    y = signal.lfilter(h, [1.0], x)
    found = response.learned_response(torch.from_numpy(x), torch.from_numpy(y), 40).numpy()
    np.testing.assert_allclose(found, np.pad(h, (0, 8)), atol=0.01)


@pytest.mark.parametrize("late,sign", [(0, 1), (37, -1), (400, 1)])
def test_how_late_and_which_way_up(late, sign):
    x = guitar()
    y = sign * np.tanh(3 * np.pad(x, (late, 0))[: len(x)])
    assert response.lag(x, y, 1000) == (late, sign)


def test_repeats_are_found():
    x = noise(2.0)
    y = 0.6 * x
    for n, gain in ((1, 0.4), (2, 0.2), (3, 0.1)):
        y[n * 1500 :] += gain * x[: len(x) - n * 1500]
    (at, first, again, direct), *others = response.repeats(x, y, 100, 4000)
    assert at == 1500 and len(others) == 2
    assert (first, again, direct) == pytest.approx((0.4, 0.2, 0.6), abs=0.02)


def test_a_level_is_tracked():
    x = noise(4.0)
    seconds = np.arange(len(x)) / RATE
    gain = 1.0 - 0.4 * (1.0 - np.cos(2 * np.pi * (3.0 * seconds + 0.2)))
    when, level, sure = swing.level_track(x, gain * x, RATE)
    assert np.abs(level - np.interp(when, seconds, gain)).max() < 0.05 and sure.min() > 0
    best = swing.swings(when, level, sure, 0.05, 20.0)[0]
    assert best.rate_hz == pytest.approx(3.0, abs=0.01) and best.phase == pytest.approx(0.2, abs=0.02)
    assert (best.middle, best.width) == pytest.approx((0.6, 0.4), abs=0.02) and best.explained > 0.95


def test_silence_has_no_level():
    _, _, sure = swing.level_track(np.zeros(RATE), np.zeros(RATE), RATE)
    assert not sure.any()
    assert swing.swings(np.arange(100.0), np.ones(100), np.zeros(100), 0.1, 1.0) == []


def test_swings_are_the_sines_that_there_are():
    t = np.arange(0, 8, 0.01)
    track = 2 + np.cos(2 * np.pi * (0.9 * t + 0.6)) + 0.4 * np.cos(2 * np.pi * (3.3 * t + 0.1))
    first, second = swing.swings(t, track, np.ones_like(t), 0.05, 20, count=2)
    assert (first.rate_hz, first.phase, first.width) == pytest.approx((0.9, 0.6, 1.0), abs=0.02)
    assert (second.rate_hz, second.phase, second.width) == pytest.approx((3.3, 0.1, 0.4), abs=0.02)


@pytest.mark.parametrize("mix", [0.5, 1.0])
def test_a_delay_is_tracked(mix):
    settings = {"delay_ms": 10.0, "depth_ms": 3.0, "rate_hz": 0.7, "phase": 0.3, "mix": mix}
    x = noise(4.0)
    y = played(chain("chorus", {f"chorus.{name}": value for name, value in settings.items()}), x)
    when, delay, sure = swing.delay_track(x, y, RATE, 8, 400)
    expected = RATE / 1000 * (10.0 + 3.0 * np.cos(2 * np.pi * (0.7 * when + 0.3)))
    assert np.median(np.abs(delay - expected)[10:]) < 1.5
    best = swing.swings(when, delay, sure, 0.05, 20.0)[0]
    assert best.rate_hz == pytest.approx(0.7, abs=0.01) and best.phase == pytest.approx(0.3, abs=0.03)
    assert (best.middle, best.width) == pytest.approx((160.0, 48.0), abs=3.0)


def test_a_swinging_colour_has_its_rate():
    y = played(chain("phaser", {"phaser.rate_hz": 1.3}), noise(5.0))
    rates = [found.rate_hz for found in swing.colour_swings(noise(5.0), y, RATE, 0.05, 20.0)]
    assert rates[0] == pytest.approx(1.3, abs=0.05)


def test_the_tone_of_a_filter_is_seen():
    x = noise(5.0)
    b, a = signal.butter(2, 1000, fs=RATE)
    hz, db, sure = linear.tone(x, signal.lfilter(b, a, x), RATE)
    _, h = signal.freqz(b, a, hz, fs=RATE)
    middle = (hz > 50) & (hz < 4000)
    np.testing.assert_allclose(db[middle], 20 * np.log10(np.abs(h[middle])), atol=0.6)
    assert sure[middle].min() > 0.9
    _, _, unsure = linear.tone(x, noise(5.0, seed=1), RATE)
    assert unsure.mean() < 0.1


def test_equalisers_are_brought_to_the_tone():
    settings = {"lowshelf.gain_db": 8.0, "peak.gain_db": -9.0, "peak.centre_hz": 2000.0, "gain.gain_db": -4.0}
    truth, x = chain("lowshelf,peak,gain", settings), noise(5.0)
    y, made = played(truth, x), chain("lowshelf,peak,gain")
    knobs = Knobs(made)
    rng = np.random.default_rng(0)
    begin = [knobs.read(), *rng.uniform(0.3, 0.7, (7, len(knobs)))]
    best = linear.equalised(knobs, x, y, begin)
    assert {row[-1] for row in best} == {row[-1] for row in begin}  # the gain is left alone
    knobs.write(best[0])
    hz = np.geomspace(50, 7000, 40)
    ours = [
        sum(linear.equaliser_db(p, hz) for name, p in c.processors.items() if name != "gain")
        for c in (made, truth)
    ]
    np.testing.assert_allclose(*ours, atol=0.5)
    assert made.values()["peak"]["centre_hz"] == pytest.approx(2000, rel=0.05)


def test_without_equalisers_all_stay():
    knobs = Knobs(chain("gain,tanh"))
    begin = [knobs.read()]
    assert linear.equalised(knobs, noise(0.5), noise(0.5), begin) is begin
