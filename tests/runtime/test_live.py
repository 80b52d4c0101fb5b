"""The callback, without a card: what is played, what is counted, and that nothing clicks, bursts or stops it."""

import gc
import sys
import threading
import tracemalloc

import numpy as np
import pytest

from tests.runtime.models import Gain, Late, player
from tests.runtime.sound_card import SoundDevice, flags
from tonewright.errors import ConfigError, DeviceError
from tonewright.models.wavenet import Config, Model, Stack
from tonewright.runtime import native
from tonewright.runtime.devices import Device
from tonewright.runtime.live import FADE_IN_S, FADE_OUT_S, KNOB_S, Engine
from tonewright.runtime.live_parts import Fader, voice_of
from tonewright.runtime.live_session import Session, undisturbed

RATE = 48000
FADED_IN = round(FADE_IN_S * RATE)
CORE = pytest.param(
    True, marks=pytest.mark.skipif(native.why_not() is not None, reason=str(native.why_not()))
)


@pytest.fixture(params=[CORE, False], ids=["core", "torch"])
def either(request, monkeypatch):
    """With the native core, and without it."""
    if not request.param:
        monkeypatch.setattr(native, "_native", None)
    return request.param


def sound(samples: int, level: float = 0.2, seed: int = 0) -> np.ndarray:
    return (level * np.random.default_rng(seed).uniform(-1, 1, samples)).astype(np.float32)


def play(engine: Engine, x: np.ndarray, outputs: int = 2, blocks=(64,), status=None) -> np.ndarray:
    """x [T] or [T, inputs] in blocks of these lengths, over and over, to [T, outputs]."""
    x = x[:, None] if x.ndim == 1 else x
    ys, at, i = [], 0, 0
    while at < len(x):
        block = x[at : at + blocks[i % len(blocks)]]
        y = np.full((len(block), outputs), np.nan, np.float32)
        engine(block, y, len(block), None, status)
        ys.append(y)
        at, i = at + len(block), i + 1
    return np.concatenate(ys)


def begun(made, *arguments, **wishes) -> Engine:
    """An engine that has faded in."""
    engine = Engine(made, *arguments, **wishes)
    play(engine, np.zeros((FADED_IN + 64, engine.channel + 1), np.float32))
    return engine


def loud_wavenet() -> Model:
    model = Model(Config((Stack(4, (1, 2, 4, 8)),), knobs=("drive", "tone"))).eval()
    model.head_scale.fill_(0.3)
    return model


@pytest.mark.parametrize("blocks", [(64,), (1, 7, 300), (5000, 64)])
def test_what_is_played_is_what_render_gives(either, blocks):
    made, x = player(loud_wavenet()), sound(12000)
    y = play(begun(made, {"drive": 0.8}), x, blocks=blocks)
    wanted = made.render(x, drive=0.8)
    assert 0.01 < np.abs(wanted).max() < 1.0
    np.testing.assert_allclose(y, np.stack([wanted, wanted], axis=1), rtol=0, atol=1e-6)


def test_the_first_note_has_its_knobs_where_they_were_set(either):
    made, x, y = player(loud_wavenet()), sound(500), np.empty(500, np.float32)
    voice_of(made, [0.9, 0.1]).play(x, y)
    np.testing.assert_allclose(y, made.render(x, drive=0.9, tone=0.1), rtol=0, atol=1e-6)
    with pytest.raises(ConfigError, match="goes from 0 to 1"):
        voice_of(made, [0.9, 1.1])


def test_it_fades_in_and_out(either):
    engine = Engine(player(Gain()))
    y = play(engine, np.full(FADED_IN + 1000, 0.5, np.float32))
    assert y[0, 0] == pytest.approx(0.5 / FADED_IN, rel=0.01)
    assert np.all(np.diff(y[:, 0]) <= 0.5 / FADED_IN * 1.01) and np.all(np.diff(y[:, 0]) >= 0)
    assert np.all(y[FADED_IN:] == 0.5)
    engine.fade_out()
    y = play(engine, np.full(4000, 0.5, np.float32))
    end = round(FADE_OUT_S * RATE)
    assert np.abs(np.diff(y[:, 0])).max() <= 0.5 / end * 1.01 and np.all(y[end:] == 0.0)


def test_an_input_is_chosen_and_every_output_gets_it(either):
    x = np.stack([sound(500), sound(500, seed=1), sound(500, seed=2)], axis=1)
    y = play(begun(player(Gain()), channel=1), x, outputs=5)
    assert all(np.array_equal(y[:, i], x[:, 1]) for i in range(5))


def test_a_knob_moves_as_in_a_stream(either):
    made, x = player(loud_wavenet()), sound(9600)
    engine, stream = begun(made), made.stream()
    play(engine, x[:4800])
    stream.process(x[:4800])
    engine.knob("tone").turn(1.0)
    stream.set(tone=1.0)
    np.testing.assert_allclose(play(engine, x[4800:])[:, 0], stream.process(x[4800:]), atol=1e-6)
    assert engine.knob("tone").value == 1.0 and engine.knob("drive").value == 0.5


@pytest.mark.parametrize("name,gain", [("input level", 10.0), ("output level", 0.1)])
def test_levels_move_without_a_step(either, name, gain):
    engine = begun(player(Gain()))
    x = np.full(2000, 0.05, np.float32)
    before = play(engine, x)[-1, 0]
    engine.knob(name).turn(20.0 * np.log10(gain))
    y = play(engine, x)[:, 0]
    ramp = round(KNOB_S * RATE)
    assert np.abs(np.diff(y, prepend=before)).max() <= 0.05 * abs(gain - 1.0) / ramp * 1.01
    np.testing.assert_allclose(y[ramp:], 0.05 * gain, rtol=1e-5)


def test_bypass_is_what_came_in_and_comes_back_without_a_step(either):
    engine = begun(player(Late(0.0)))  # a model that says nothing
    x = np.full(4000, 0.5, np.float32)
    engine.bypass = True
    there = play(engine, x)[:, 0]
    engine.bypass = False
    back = play(engine, x)[:, 0]
    ramp = round(KNOB_S * RATE)
    assert np.all(there[ramp:] == 0.5) and np.all(back[ramp:] == 0.0)
    assert np.abs(np.diff(np.concatenate([there, back]))).max() <= 0.5 / ramp * 1.01
    noise = sound(640)
    engine.bypass = True
    play(engine, x)
    assert np.array_equal(play(engine, noise)[:, 0], noise)


def test_numbers_that_are_none_are_silence(either):
    engine = begun(player(loud_wavenet()))
    broken = sound(640)
    broken[100], broken[200], broken[300] = np.nan, np.inf, -np.inf
    for bypass in (False, True):
        engine.bypass = bypass
        assert np.isfinite(play(engine, broken)).all()
    clean = np.where(np.isfinite(broken), broken, 0.0).astype(np.float32)
    play(engine, np.zeros(2000, np.float32))
    assert np.array_equal(play(engine, broken)[:, 0], clean)


def test_a_model_that_gives_no_numbers_is_silenced_and_counted(either):
    engine = begun(player(Late(float("nan"))))
    assert np.all(play(engine, sound(640)) == 0.0) and engine.tally.broken >= 10


def test_it_never_leaves_full_scale_and_the_meters_tell(either):
    engine = begun(player(Gain()), {"gain": 2.0})
    engine.take_peaks()
    x = np.array([0.1, -0.9, 0.3, 0.9], np.float32)
    y = play(engine, x)
    assert y[:, 0].tolist() == pytest.approx([0.2, -1.0, 0.6, 1.0])
    peaks = engine.take_peaks()
    assert (peaks.input, peaks.output) == pytest.approx((0.9, 1.8)) and peaks.load > 0
    assert (engine.tally.clipped_in, engine.tally.clipped_out) == (0, 1)
    play(engine, np.array([-1.0], np.float32))
    assert engine.tally.clipped_in == 1 and engine.take_peaks().input == 1.0
    assert engine.take_peaks().input == 0.0


def test_everything_is_counted():
    engine = Engine(player())
    play(engine, sound(640))
    assert (engine.tally.frames, engine.tally.xruns) == (640, 0)  # and nothing of the warm-up
    play(engine, sound(640), status=flags(input_overflow=True))
    play(engine, sound(640), status=flags(output_underflow=True))
    play(engine, sound(640), status=flags(priming_output=True))
    assert engine.tally.xruns == 20 and engine.tally.frames == 2560
    assert 0 < engine.tally.busy_s < 10 and engine.tally.worst_load > 0


def test_nothing_is_thrown_at_the_sound_card():
    engine = begun(player())
    engine._voice = None
    assert np.all(play(engine, sound(64)) == 0.0)
    assert isinstance(engine.failure, AttributeError)


def test_a_model_that_cannot_be_played_so_is_told():
    class Half(Late):
        def __init__(self):
            super().__init__()
            self.ratio = Late.ratio / 2

    with pytest.raises(ConfigError, match="a sample for each"):
        Engine(player(Half()))
    with pytest.raises(ConfigError, match="'gian'; did you mean 'gain'"):
        Engine(player(Gain()), {"gian": 1.0})
    with pytest.raises(ConfigError, match="'gain' goes from 0 to 2"):
        Engine(player(Gain()), {"gain": 3.0})
    with pytest.raises(ConfigError, match="output level goes from -60 to 20 dB, and not to 90"):
        Engine(player(Gain()), output_level_db=90.0)
    with pytest.raises(ConfigError, match="no knob called 'level'"):
        Engine(player()).knob("level")


@pytest.mark.skipif(native.why_not() is not None, reason=str(native.why_not()))
def test_playing_takes_no_memory():
    engine = begun(player(loud_wavenet()))
    x, y = sound(4096)[:, None], np.zeros((4096, 2), np.float32)
    names = [knob.name for knob in engine.knobs]

    def busy(rounds: int) -> None:
        for i in range(rounds):
            engine.knob(names[i % len(names)]).turn(i % 2)
            engine.bypass = i % 3 == 0
            engine(x, y, 4096, None, None)

    tracemalloc.start()
    try:
        busy(200)  # Python learns its own shortcuts meanwhile
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        busy(100)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < x.nbytes / 2 and now - before < 1024  # not even one array of a block


def test_knobs_turned_by_another_thread_do_not_disturb():
    engine = begun(player(loud_wavenet()))
    over = threading.Event()

    def turn() -> None:
        i = 0
        while not over.is_set():
            i += 1
            for knob in engine.knobs[:2]:
                knob.turn(i % 7 / 7)
            engine.bypass = bool(i % 2)
            engine.take_peaks()

    other = threading.Thread(target=turn)
    other.start()
    try:
        y = play(engine, sound(64 * 500))
    finally:
        over.set()
        other.join()
    assert engine.failure is None and np.isfinite(y).all() and np.abs(y).max() > 0.01


@pytest.mark.parametrize("cuts", [(1,), (64,), (4096,), (3, 100, 1)])
def test_a_fader_does_not_care_about_cuts(cuts):
    fader, got = Fader(0.25, RATE), []
    for target, count in ((1.0, 700), (0.3, 1500)):
        fader.send(target, 0.02)
        done, i = 0, 0
        while done < count:
            n = min(cuts[i % len(cuts)], count - done)
            block = np.ones(n, np.float32)
            fader.apply(block)
            got.append(block)
            done, i = done + n, i + 1
    got = np.concatenate(got)
    up = 0.25 + 0.75 * np.arange(1, 701) / 960
    down = np.maximum(up[-1] + (0.3 - up[-1]) * np.arange(1, 1501) / 960, 0.3)
    np.testing.assert_allclose(got, np.concatenate([up, down]), atol=2e-5)
    assert fader.resting and fader.gain == np.float32(0.3)


CARD = Device(0, "Card", "ALSA", 2, 4, 48000.0, 9.0)


@pytest.fixture
def card(monkeypatch):
    """The sound card, one input and four outputs."""
    made = SoundDevice(cards=(("Card", 0, 2, 4, (48000,)),))
    monkeypatch.setitem(sys.modules, "sounddevice", made)
    return made


def test_a_session_opens_plays_and_leaves_without_a_click(card):
    card.sound = np.full(4800, 0.5, np.float32)
    engine = Engine(player(Gain()), channel=1)
    with Session(engine, CARD, CARD, block=64, outputs=3) as session:
        while engine.tally.frames < FADED_IN + 2000:
            session.check()
        assert session.latency.total == pytest.approx(9.0)
        assert sys.getswitchinterval() < 0.001
    (stream,) = card.streams
    assert stream.closed and not stream.active and sys.getswitchinterval() > 0.001
    assert {name: wish for name, wish in stream.wishes.items() if name != "callback"} == {
        "device": (0, 0),
        "channels": (2, 3),
        "samplerate": 48000.0,
        "blocksize": 64,
        "dtype": "float32",
        "latency": "low",
    }
    heard = np.concatenate(stream.heard)
    assert heard[FADED_IN + 100, 2] == -0.5 and np.abs(heard[-1]).max() < 0.01
    assert np.abs(np.diff(heard[:, 0])).max() <= 0.5 / (FADE_OUT_S * RATE) * 1.01


def test_the_latency_of_the_model_counts_and_an_unbelievable_one_does_not(card):
    with Session(Engine(player(Late())), CARD, CARD) as session:
        assert session.latency.model == pytest.approx(1000 * 5 / 48000)
    card.latency = (89478.0, 0.1)
    with Session(Engine(player()), CARD, CARD) as session:
        assert np.isnan(session.latency.total) and session.latency.output == 100.0


@pytest.mark.parametrize("silent", [False, True])
def test_a_card_that_is_pulled_out_is_told(card, silent, monkeypatch):
    monkeypatch.setattr("tonewright.runtime.live_session.GONE_S", 0.1 if silent else 1000.0)
    card.blocks, card.silent_end = 20, silent
    with (
        pytest.raises(DeviceError, match="'Card' stopped in the middle"),
        Session(Engine(player()), CARD, CARD) as session,
    ):
        while True:
            session.check()
    assert card.streams[0].closed


def test_a_failure_inside_the_callback_comes_out(card):
    engine = Engine(player())
    with pytest.raises(ZeroDivisionError), Session(engine, CARD, CARD) as session:
        engine.failure = ZeroDivisionError()
        session.check()


@pytest.mark.parametrize(
    "refusal,words",
    [
        (
            ("Invalid sample rate", -9997),
            "wants 48000 Hz, .*'Card' does not give that, .* runs at 48000 Hz; set",
        ),
        (("Invalid number of channels", -9998), "1 input and 2 output channels"),
        (("Device unavailable", -9985), r"'Card' cannot be opened \(Device unavailable\); look whether"),
        (("Unanticipated host error", -9999, (0, -16, "busy")), "Unanticipated host error"),
        ((), "cannot be opened"),
    ],
)
def test_a_card_that_refuses_is_told(card, refusal, words):
    card.refusal = refusal or ("",)
    with pytest.raises(DeviceError, match=words), Session(Engine(player()), CARD, CARD):
        pass


def test_a_card_that_quietly_takes_another_rate_is_refused(card):
    card.actual_rate = 44100.0
    with (
        pytest.raises(DeviceError, match=r"wants 48000 Hz, .* it runs at 44100 Hz"),
        Session(Engine(player()), CARD, CARD),
    ):
        pass
    assert card.streams[0].closed and not card.streams[0].active


def test_an_input_that_is_not_there():
    with pytest.raises(DeviceError, match="'Card' has 2 input channels, and channel 3 was asked for"):
        Session(Engine(player(), channel=2), CARD, CARD)


def test_undisturbed_gives_back_what_it_took():
    before = sys.getswitchinterval(), gc.get_freeze_count()
    with pytest.raises(ValueError), undisturbed():
        assert gc.get_freeze_count() > before[1]
        raise ValueError
    assert (sys.getswitchinterval(), gc.get_freeze_count()) == before
