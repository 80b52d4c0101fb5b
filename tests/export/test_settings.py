"""Settings of a chain as JSON: written and read again without change, and as people write them."""

import json

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tonewright as tw
from tests.export.chains import chain, ringing
from tests.export.damage import changed, changes_of
from tests.export.nam_files import OLD
from tests.models.chain.made import SIZES, by_chance
from tonewright.errors import ConfigError, FileError
from tonewright.export import formats
from tonewright.export import settings as exported
from tonewright.export.playback import difference
from tonewright.models.chain import PRESETS, Link
from tonewright.models.chain.processors import PROCESSORS
from tonewright.models.wavenet import Model as WaveNet
from tonewright.runtime.player import Player
from tonewright.storage import Tone

ROW = formats.named("settings")
WORDS = """{
  "chain": "gain,phaser[6],response[2]",
  "sample_rate": 44100,
  "channels": 1,
  "settings": {
    "gain": {
      "gain_db": 0.1
    },
    "phaser": {
      "centre_hz": 700.0,
      "depth_octaves": 1.5,
      "feedback": 0.0,
      "mix": 0.5,
      "rate_hz": 1.0,
      "phase": 0.0,
      "shape": 0.0
    },
    "response": {
      "taps": [1.0, -0.25]
    }
  }
}
"""


@pytest.fixture
def put(tmp_path):
    def write(data):
        path = tmp_path / "chain.json"
        path.write_bytes((data if isinstance(data, str) else json.dumps(data)).encode())
        return path

    return write


def weights(player: Player) -> dict[str, list]:
    return {name: value.tolist() for name, value in player.model.state_dict().items()}


def test_a_person_can_read_it(tmp_path):
    player = chain(
        "gain,phaser[6],response[2]", 44100, gain={"gain_db": 0.1}, response={"taps": [1.0, -0.25]}
    )
    assert formats.write(ROW, player, tmp_path / "a.json") == "the settings of gain, phaser, response"
    assert (tmp_path / "a.json").read_text() == WORDS
    again = tw.load(tmp_path / "a.json")
    assert again.tone.model.config == player.tone.model.config and weights(again) == weights(player)


@pytest.mark.parametrize("kind", PROCESSORS)
@pytest.mark.parametrize("seed", range(3))
def test_every_setting_comes_back_as_it_was(kind, seed, tmp_path):
    size, path = SIZES.get(kind, 0), tmp_path / "a.json"
    player = chain(f"{kind}[{size}],{kind}" if size else f"{kind},{kind}", 48000, 2)
    player.model.processors[f"{kind}1"].set(**by_chance(kind, seed))
    formats.write(ROW, player, path)
    again = tw.load(path)
    assert weights(again) == weights(player) and again.tone.model.config == player.tone.model.config
    assert difference(ROW, player, path) == 0.0
    before = path.read_bytes()
    formats.write(ROW, again, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset(name, tmp_path):
    config = PRESETS[name]
    player = chain(",".join(link.kind for link in config.links), config.sample_rate)
    row = formats.for_writing(player, tmp_path / "a.json")
    assert row.key == "settings" and formats.write(row, player, tmp_path / "a.json")
    assert tw.load(tmp_path / "a.json").tone.model.config == player.tone.model.config


def test_what_a_person_leaves_out_stands_where_it_does_by_default(put):
    player = tw.load(put({"chain": "gain, eq"}))
    assert weights(player) == weights(chain("gain,eq", 44100)) and player.sample_rate == 44100
    assert tw.load(put({"chain": "gain"}), rate=48000).sample_rate == 48000
    one = tw.load(put({"chain": "eq,tanh,eq", "channels": 2, "settings": {"eq2": {"mid_gain_db": 3}}}))
    assert one.settings["eq2"]["mid_gain_db"] == 3.0 and one.settings["eq1"]["mid_gain_db"] == 0.0
    assert one.tone.model.config.channels == 2


def test_a_list_tells_the_size(put):
    player = tw.load(
        put({"chain": "response,curve", "settings": {"response": {"taps": [1, 0.5, 0]}, "curve": {}}})
    )
    assert player.tone.model.config.links == (Link("response", 3), Link("curve"))
    assert player.settings["response"]["taps"] == [1.0, 0.5, 0.0]


def test_settings_go_to_any_rate_and_a_rate_that_is_told_stays(put):
    row = {"chain": "gain", "sample_rate": 96000}
    assert tw.load(put(row)).sample_rate == tw.load(put(row), rate=96000).sample_rate == 96000
    with pytest.raises(FileError, match="says itself that its sample rate is 96000 Hz; leave the rate out"):
        tw.load(put(row), rate=44100)


def test_what_is_no_chain_or_too_long_is_refused():
    with pytest.raises(ConfigError, match="'tonewright match' makes; this model has none"):
        exported.check(Player(Tone("wavenet", WaveNet(), 48000)))
    long = chain("response[20000],gain", response={"taps": ringing(20000)})
    with pytest.raises(
        ConfigError, match="its response is a sound of 20,000 samples, and settings hold up to"
    ):
        exported.check(long)
    assert json.loads(exported.text(long))["settings"]["response"]["taps"][0] == pytest.approx(0.12573022)
    exported.check(chain("response[16384],gain"))
    assert exported.text(Player(Tone("wavenet", WaveNet(), 48000))) == "{}\n"


GOOD = json.loads(WORDS)


@pytest.mark.parametrize(
    "change,words",
    [
        ({"chain": "gain,tahn"}, "no processor called 'tahn'; did you mean 'tanh'"),
        ({"chain": "gain tanh"}, "a chain is written as processors with commas between them"),
        ({"chain": ""}, "a chain is written as"),
        ({"chain": ",".join(["gain"] * 33)}, "1 to 32 processors, and not 33"),
        ({"chain": "gain[3]"}, "gain comes in one size"),
        ({"chain": "phaser[99]"}, "the size of phaser is 1 to 24, and not 99"),
        ({"chain": "x" * 10**6}, "wants processors with commas"),
        (
            {"chain": "room[524288],room[524288],gain,response[2]", "settings": {}},
            "more than the 1,048,576 samples",
        ),
        ({"chain": "response[1048576]," * 9 + "gain", "settings": {}}, "more than the 1,048,576 samples"),
        ({"chain": ["gain"]}, "'chain' wants a word|of no format"),
        ({"sample_rate": "44100"}, "'sample_rate' wants a number"),
        ({"sample_rate": True}, "'sample_rate' wants a number"),
        ({"sample_rate": None}, "'sample_rate' wants a number"),
        ({"sample_rate": 44100.5}, "no rate of sound"),
        ({"sample_rate": -1}, "no rate of sound"),
        ({"sample_rate": float("nan")}, "'sample_rate' wants a number"),
        ({"channels": 3}, "a chain hears 1 channel or 2, and not 3"),
        ({"channels": 1.5}, "'channels' wants a whole number"),
        ({"channels": True}, "'channels' wants a whole number"),
        ({"setings": {}}, "has no 'setings'; did you mean 'settings'"),
        ({"x" * 10**6: {}}, "the file of a chain has no 'xxx"),
        ({"settings": []}, "'settings' wants settings"),
        ({"settings": {"gian": {}}}, "this chain has no 'gian'; did you mean 'gain'"),
        ({"settings": {"gain": 3}}, "'gain' wants settings, and is 3"),
        ({"settings": {"gain": {"gain": 3}}}, "gain has no 'gain'; did you mean 'gain_db'"),
        ({"settings": {"gain": {"gain_db": 61}}}, "gain.gain_db goes from -60 to 60 dB, and not to 61"),
        ({"settings": {"gain": {"gain_db": "3"}}}, "gain.gain_db wants a number, and has '3'"),
        ({"settings": {"gain": {"gain_db": True}}}, "gain.gain_db wants a number, and has True"),
        ({"settings": {"gain": {"gain_db": None}}}, "gain.gain_db wants a number"),
        ({"settings": {"gain": {"gain_db": float("nan")}}}, "gain.gain_db wants a number, and has nan"),
        ({"settings": {"gain": {"gain_db": 10**400}}}, "gain.gain_db wants a number"),
        ({"settings": {"gain": {"gain_db": [1, 2]}}}, "gain.gain_db wants 1 numbers, and got 2"),
        ({"settings": {"gain": {"gain_db": {}}}}, "gain.gain_db wants a number"),
        ({"settings": {"response": {"taps": [1.0]}}}, "response.taps wants 2 numbers, and got 1"),
        ({"settings": {"response": {"taps": []}}}, "response.taps wants 2 numbers, and got 0"),
        ({"settings": {"response": {"taps": 1.0}}}, "response.taps wants 2 numbers, and got 1"),
        ({"settings": {"response": {"taps": [0.0, [1.0]]}}}, "response.taps wants a number, and has"),
        ({"settings": {"response": {"taps": [0.0, 1e300]}}}, "response.taps wants a number"),
        ({"settings": {"response": {"taps": [0.0, 17]}}}, "response.taps goes from -16 to 16"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_no_chain_has_is_refused_in_a_sentence(put, change, words):
    with pytest.raises(FileError, match=words) as told:
        tw.load(put(GOOD | change))
    assert "\n" not in str(told.value) and len(str(told.value)) < 600 and "chain.json" in str(told.value)


def test_other_json_is_not_taken_for_it(put):
    assert not exported.looks_like(OLD) and not exported.looks_like({"chain": 3})
    with pytest.raises(FileError):
        tw.load(put({"layers": [], "in_shape": [None, None, 1]}))
    for text in ("", "[]", "{", "[" * 100_000, '{"chain": "gain"', '"chain"'):
        with pytest.raises(FileError, match=r"chain\.json"):
            ROW.read(put(text))


ODD = st.one_of(
    *(st.none(), st.booleans(), st.integers(-3, 70), st.integers(), st.floats(), st.text(max_size=5)),
    st.sampled_from(["gain", "eq,eq", "phaser[2]", [], {}, 10**400, [1] * 300, {"gain_db": 1}]),
    st.lists(st.one_of(st.integers(-2, 9), st.floats(), st.none()), max_size=4),
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=changes_of(ODD))
def test_a_changed_file_plays_or_is_refused(put, changes):
    try:
        tone = ROW.read(put(changed(GOOD, changes)))
    except FileError as error:
        assert "\n" not in str(error) and len(str(error)) < 600
    else:
        channels = tone.model.inputs
        y, _ = tone.model(torch.zeros(1, channels, 8), tone.model.initial_state(1))
        assert y.shape[-1] == 8 and bool(torch.isfinite(y).all())


def test_a_response_of_five_seconds_at_96_khz_is_read(put):
    taps = np.round(ringing(1 << 19), 6).tolist()
    player = tw.load(put({"chain": "response", "settings": {"response": {"taps": taps}}}))
    assert player.tone.model.config.links == (Link("response", 1 << 19),)
