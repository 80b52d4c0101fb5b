"""Settings that made a sound are found again from the files alone, and what a file cannot tell is said to be so."""

import numpy as np
import pytest
import torch
from scipy import signal

import tonewright as tw
from tonewright import storage
from tonewright.audio import files
from tonewright.builtin import phrase
from tonewright.errors import AudioError, ConfigError, PairError
from tonewright.models.chain import Config, Model, spoken
from tonewright.models.chain.fitting import auto, recipe
from tonewright.runtime.stream import Stream
from tonewright.training.match import SURE

RATE, SECONDS = 32000, 3.0
SQUASH = {"compressor.threshold_db": -30.0, "compressor.ratio": 4.0, "compressor.release_ms": 60.0}
EQ = {"eq.mid_hz": 900.0, "eq.mid_gain_db": 6.0, "eq.mid_q": 1.5}


def guitar() -> np.ndarray:
    return phrase(SECONDS, RATE)


def effect(chain: str, settings: dict, dry: np.ndarray) -> np.ndarray:
    """What a chain makes of a sound [T] or [C, T], in its place: [C, T]."""
    dry = np.atleast_2d(dry)
    model = Model(Config(spoken(chain), len(dry), RATE)).eval()
    model.set(settings)
    x = torch.nn.functional.pad(torch.from_numpy(dry), (model.settle, model.latency))[None]
    with torch.no_grad():
        y, _ = model(x, model.initial_state(1))
    return y[0, :, model.settle + model.latency :].numpy()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files.write("dry.wav", guitar(), RATE)
    return tmp_path


def matched(chain: str, settings: dict, dry: np.ndarray | None = None, late: int = 0, **how):
    """Makes a pair by these settings and finds them again; also all that was said."""
    dry, said = guitar() if dry is None else dry, []
    wet = np.pad(effect(chain, settings, dry), ((0, 0), (late, 0)))
    files.write("dry.wav", dry, RATE)
    files.write("wet.wav", wet, RATE)
    return tw.match("dry.wav", "wet.wav", chain, said=said.append, **how), said


def values(found) -> dict[str, float]:
    return {
        f"{processor}.{name}": value
        for processor, own in found.settings.items()
        for name, value in own.items()
    }


@pytest.mark.parametrize(
    "chain,settings",
    [
        ("gain", {"gain.gain_db": -7.5}),
        ("polarity,gain", {"polarity.sign": -1.0, "gain.gain_db": 4.0}),
        ("delay", {"delay.delay_ms": 12.34}),
        ("highpass", {"highpass.cutoff_hz": 300.0, "highpass.q": 1.2}),
        ("tremolo", {"tremolo.depth": 0.7, "tremolo.rate_hz": 5.0, "tremolo.phase": 0.3}),
        ("eq,compressor", {**EQ, **SQUASH}),
    ],
)
def test_settings_are_found_again(folder, chain, settings):
    found, said = matched(chain, settings)
    sure = {str(row.place): row.give_or_take for row in found.rows}
    for place, value in settings.items():
        assert values(found)[place] == pytest.approx(value, abs=0.01 + sure.get(place, 0.0)), place
    assert found.esr < 1e-5 and found.esr < found.dry_esr + 1e-9 and found.loss == "wave"
    assert found.shifted_samples == 0 and said == []


def test_mono_is_panned(folder):
    found, _ = matched("pan", {"pan.pan": 0.4})
    assert values(found)["pan.pan"] == pytest.approx(0.4, abs=1e-4) and found.esr < 1e-9
    assert found.held_out is None  # a page compares mono sounds
    assert found.player.render(guitar()).shape == (2, guitar().size)


def test_stereo_is_widened(folder):
    both = np.stack([guitar(), 0.5 * phrase(SECONDS, RATE, seed=1)])
    found, _ = matched("width", {"width.width": 1.6}, both)
    assert values(found)["width.width"] == pytest.approx(1.6, abs=1e-4) and found.esr < 1e-9


def test_two_equal_channels_are_one(folder):
    found, _ = matched("gain", {"gain.gain_db": 3.0}, np.stack([guitar(), guitar()]))
    assert found.player.model.inputs == 1 and found.held_out is not None


def test_a_late_wet_side_is_lined_up_and_told(folder):
    found, said = matched("gain", {"gain.gain_db": -7.5}, late=300)
    assert found.shifted_samples == 300 and found.esr < 1e-9
    assert len(said) == 1 and said[0] == "the wet side was 300 samples late, and was moved"
    assert found.player.tone.provenance["latency_samples"] == "300"


def test_a_delay_keeps_the_lateness(folder):
    wet = effect("gain", {"gain.gain_db": -3.0}, guitar())
    files.write("wet.wav", np.pad(wet, ((0, 0), (320, 0))), RATE)
    found = tw.match("dry.wav", "wet.wav", "delay,gain")
    assert values(found)["delay.delay_ms"] == pytest.approx(10.0, abs=1e-3) and found.shifted_samples == 0


def test_a_latency_that_is_known_is_believed(folder):
    found, _ = matched("gain", {"gain.gain_db": -7.5}, late=5, latency=5)
    assert found.shifted_samples == 5 and found.esr < 1e-9


def test_a_few_samples_are_found_with_the_settings(folder):
    found, _ = matched("gain", {"gain.gain_db": -7.5}, late=5)
    assert found.shifted_samples == 5 and found.esr < 1e-9


def test_what_is_fixed_stays_and_the_rest_follows(folder):
    chain, made = "compressor,gain", {**SQUASH, "gain.gain_db": 3.0}
    found, _ = matched(chain, made, fixed={"gain.gain_db": -2.0, "compressor.knee_db": 6.0})
    assert values(found)["gain.gain_db"] == -2.0
    assert values(found)["compressor.makeup_db"] == pytest.approx(5.0, abs=0.01)
    assert "gain.gain_db" not in [str(row.place) for row in found.rows]


def test_a_choice_that_is_fixed_stays(folder, monkeypatch):
    monkeypatch.setattr(recipe, "LOST", np.inf)
    found, _ = matched("polarity,gain", {"polarity.sign": -1.0}, fixed={"polarity.sign": 1.0})
    assert values(found)["polarity.sign"] == 1.0


def test_nothing_but_what_is_known_is_measured(folder):
    found, _ = matched("gain", {"gain.gain_db": -6.0}, fixed={"gain.gain_db": -6.0})
    assert found.esr < 1e-9 and found.rows == []


def test_a_response_by_itself_is_learned(folder):
    x = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32)
    taps = np.random.default_rng(1).standard_normal(32) * np.exp(-np.arange(32) / 8)
    found, _ = matched("response[32]", {"response.taps": taps.tolist()}, x)
    assert np.abs(np.array(values(found)["response.taps"]) - taps).max() < 1e-4 and found.esr < 1e-6


def test_the_same_seed_finds_the_same(folder):
    one, _ = matched("compressor", SQUASH, seed=3)
    two, _ = matched("compressor", SQUASH, seed=3)
    assert one.settings == two.settings and one.esr == two.esr


def test_a_file_plays_in_the_core_as_in_torch(folder):
    found, _ = matched("highpass,tremolo", {"highpass.cutoff_hz": 200.0, "tremolo.rate_hz": 4.0})
    found.player.save("chain.tone")
    player, x = tw.load("chain.tone"), guitar()
    model = player.model
    y = Stream(model, RATE, 1).process(x[None])[0]
    assert np.abs(player.render(x) - y).max() < 1e-5
    assert player.settings == found.settings
    assert storage.self_check("chain.tone", player.tone) < 1e-5


def test_the_file_says_how_sure_each_setting_is(folder):
    found, _ = matched("highpass", {"highpass.cutoff_hz": 300.0})
    tone = found.player.tone
    sure = {name: value for name, value in tone.metrics.items() if name.startswith(SURE)}
    assert sure == {f"{SURE}{row.place}": row.give_or_take for row in found.rows} and len(sure) == 2
    assert tone.metrics["esr"] == found.esr and tone.provenance["chain"] == "highpass"
    assert tone.provenance["loss"] == "wave" and tone.provenance["wet"] == "wet.wav"


def test_two_gains_are_not_told_apart(folder):
    found, _ = matched("compressor,gain", {**SQUASH, "gain.gain_db": 3.0})
    rows = {str(row.place): row for row in found.rows}
    for one, other in (("compressor.makeup_db", "gain.gain_db"), ("gain.gain_db", "compressor.makeup_db")):
        assert not rows[one].found and str(rows[one].partner) == other
    assert values(found)["compressor.makeup_db"] + values(found)["gain.gain_db"] == pytest.approx(
        3.0, abs=0.01
    )
    assert rows["compressor.ratio"].found and found.esr < 1e-9


def test_a_band_without_sound_is_not_told(folder):
    dark = signal.sosfilt(signal.butter(8, 200, fs=RATE, output="sos"), guitar()).astype(np.float32)
    shelf = {"highshelf.cutoff_hz": 15000.0, "highshelf.q": 0.7}
    settings = {"gain.gain_db": -3.0, "highshelf.gain_db": 0.0, **shelf}
    found, _ = matched("gain,highshelf", settings, dark, latency=0, fixed=shelf)
    level, treble = found.rows
    assert level.found and level.value == pytest.approx(-3.0, abs=0.01)
    assert not treble.found and treble.give_or_take > 5.0


def test_what_cannot_be_heard_rests_where_it_does_nothing(folder):
    found, _ = matched("echo,gain", {"echo.mix": 0.0, "gain.gain_db": -3.0})
    rows = {str(row.place): row for row in found.rows}
    assert rows["echo.mix"].found and values(found)["echo.mix"] == pytest.approx(0.0, abs=1e-6)
    for place in ("echo.feedback", "echo.damping"):
        assert not rows[place].found and values(found)[place] == 0.0


def mistakes():
    x = guitar()
    other = np.stack([x, 0.5 * np.roll(x, 9)])
    return {
        "three channels": (x, np.stack([x, 0.5 * x, 0.2 * x]), "gain", PairError, "wet.wav has 3 channels"),
        "silent": (x, 0 * x, "gain", PairError, "wet.wav is silent"),
        "silent dry": (0 * x, x, "gain", PairError, "dry.wav is silent"),
        "short": (x[RATE : RATE + 16000], x[RATE : RATE + 16000], "gain", PairError, "0.5 s in common"),
        "unknown": (x, x, "comprssor", ConfigError, "did you mean 'compressor'"),
        "no chain": (x, x, "gain;eq", ConfigError, "with commas between them"),
        "empty": (x, x, "", ConfigError, "with commas between them"),
        "size": (x, x, "phaser[99]", ConfigError, "the size of phaser is 1 to 24, and not 99"),
        "width": (x, x, "width", ConfigError, "width wants two channels, and gets 1"),
        "mono to stereo": (x, other, "gain", ConfigError, "put a pan into the chain"),
        "stereo to mono": (other, x, "gain", ConfigError, "makes 2 channels of 2 and the wet side has 1"),
        "auto to stereo": (x, other, "auto", ConfigError, "as many channels on both sides"),
    }


@pytest.mark.parametrize("what", mistakes())
def test_a_mistake_is_told(folder, what):
    dry, wet, chain, kind, words = mistakes()[what]
    files.write("dry.wav", dry, RATE)
    files.write("wet.wav", wet, RATE)
    with pytest.raises(kind, match=words):
        tw.match("dry.wav", "wet.wav", chain)


def test_a_sound_that_is_not_there(folder):
    with pytest.raises(AudioError, match=r"there is no file no\.wav"):
        tw.match("dry.wav", "no.wav", "gain")


def test_something_unknown_cannot_be_fixed(folder):
    for place, words in {
        "gain.gian_db": "did you mean 'gain_db'",
        "eq.low_hz": "no processor called 'eq' in this chain",
        "gain": "is named processor.setting",
    }.items():
        with pytest.raises(ConfigError, match=words):
            tw.match("dry.wav", "dry.wav", "gain", fixed={place: 1.0})
    with pytest.raises(ConfigError, match="goes from -60 to 60 dB, and not to 70"):
        tw.match("dry.wav", "dry.wav", "gain", fixed={"gain.gain_db": 70.0})
    with pytest.raises(ConfigError, match=r"room\.t60_s wants 8 numbers, and got 1"):
        tw.match("dry.wav", "dry.wav", "room", fixed={"room.t60_s": 1.0})


def test_a_clipped_side_is_told(folder):
    files.write("wet.wav", np.clip(20 * guitar(), -1, 1), RATE)
    said = []
    found = tw.match("dry.wav", "wet.wav", "gain,clip", said=said.append)
    assert found.esr < 1e-6
    assert len(said) == 1 and said[0].startswith("warning: the wet side is clipped")


def test_sounds_that_have_nothing_in_common_are_told(folder, monkeypatch):
    monkeypatch.setattr(recipe, "LOST", np.inf)  # a search by magnitudes takes long, and says no more
    noise = 0.1 * np.random.default_rng(0).standard_normal(guitar().size)
    files.write("wet.wav", noise.astype(np.float32), RATE)
    said = []
    found = tw.match("dry.wav", "wet.wav", "gain", said=said.append)
    assert any(line.startswith("warning: the two sides have little in common") for line in said)
    assert found.esr > 0.5


@pytest.mark.parametrize(
    "chain,settings",
    [
        ("tanh,gain", {"tanh.drive_db": 18.0, "gain.gain_db": -3.0}),
        ("tremolo", {"tremolo.depth": 0.7, "tremolo.rate_hz": 5.0}),
    ],
)
def test_auto_finds_a_chain(folder, monkeypatch, chain, settings):
    # of all that it tries by itself, which takes half a minute, those that show that it chooses
    monkeypatch.setattr(auto, "SMALL", ("gain", "tremolo,gain", "tanh,gain"))
    said = []
    files.write("wet.wav", effect(chain, settings, guitar()), RATE)
    found = tw.match("dry.wav", "wet.wav", "auto", said=said.append)
    assert found.esr < 1e-3 and found.player.model.config.names[0] == chain.partition(",")[0]
    assert [str(tried) for tried in found.tried[:2]] == ["gain", "tremolo,gain"]
    assert len(said) == len(found.tried) + 1  # one line for each that was tried, and one for the choice
    assert said[-1].startswith("chosen: ") and said[-1].endswith(found.why)
