"""Linear models in .nam files: an impulse response, its first weight for the sample that is heard now."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.export.chains import chain, ringing
from tests.runtime.test_native import needs_core
from tests.shared import SHARED, needs_shared
from tonewright.audio import files
from tonewright.errors import ConfigError, FileError
from tonewright.export import formats, stranger
from tonewright.export.playback import difference
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream

read = formats.named("nam").read

read = formats.named("nam").read

ROW, GOLDEN = formats.named("nam"), SHARED / "golden/nam"
TOLERANCE = 2e-6


def linear(**changes) -> dict:
    config = {"receptive_field": 3, "bias": True} | changes.pop("config", {})
    row = {
        "version": "0.5.4",
        "architecture": "Linear",
        "config": config,
        "weights": [1.0, -0.5, 0.25, 0.125],
    }
    return row | {"sample_rate": 44100.0, "metadata": {}} | changes


@needs_shared
@pytest.mark.parametrize("engine", ["torch", pytest.param("native core", marks=needs_core)])
def test_a_file_sounds_as_in_its_own_player(engine):
    tone = read(GOLDEN / "linear.nam")
    x, wanted = (files.read(GOLDEN / name)[0][0] for name in ("input.wav", "linear.wav"))
    player = Player(tone)
    if engine == "torch":
        y = Stream(tone.model, tone.sample_rate).process(x)
    else:
        assert player.engine == engine
        y = player.render(x)
    np.testing.assert_allclose(y, wanted, rtol=0, atol=TOLERANCE)


@needs_shared
def test_a_file_is_written_again_without_change(tmp_path):
    formats.write(ROW, Player(read(GOLDEN / "linear.nam")), tmp_path / "a.nam")
    before, after = (stranger.parse(path) for path in (GOLDEN / "linear.nam", tmp_path / "a.nam"))
    before["weights"] = np.float32(before["weights"]).tolist()
    after["weights"] = np.float32(after["weights"]).tolist()
    for name in ("architecture", "config", "weights", "version", "sample_rate"):
        assert before[name] == after[name]


def test_a_bias_is_an_offset(put):
    tone = read(put(linear()))
    assert tone.architecture == "chain" and tone.sample_rate == tone.model.config.sample_rate == 44100
    assert tone.model.values() == {"response": {"taps": [1.0, -0.5, 0.25]}, "offset": {"level": 0.125}}
    y = Player(tone).render(np.array([1.0, 0.0, 0.0, 0.0], np.float32))
    np.testing.assert_allclose(y, [1.125, -0.375, 0.375, 0.125])


@pytest.mark.parametrize(
    "player",
    [
        chain("response[700]", 96000, response={"taps": ringing(700)}),
        chain("gain,eq,highpass", gain={"gain_db": 3.0}, eq={"mid_gain_db": 9.0}),
        chain("response[700],offset", response={"taps": ringing(700)}, offset={"level": -0.1}),
        chain("offset,lowshelf,gain", offset={"level": 0.1}, lowshelf={"gain_db": 6.0}),
        chain("delay,echo", 8000, delay={"delay_ms": 0.4}, echo={"delay_ms": 60.0, "feedback": 0.4}),
    ],
    ids=lambda player: ",".join(player.settings),
)
def test_a_linear_chain_is_written_and_plays_the_same(player, tmp_path):
    path = tmp_path / "a.nam"
    said = formats.write(formats.for_writing(player, path), player, path)
    assert "Linear of" in said and difference(ROW, player, path) < 2e-6
    assert json.loads(path.read_text())["config"]["bias"] == ("offset" in player.settings)
    again = read(path)
    formats.write(ROW, Player(again), tmp_path / "b.nam")
    first, second = (stranger.parse(tmp_path / name) for name in ("a.nam", "b.nam"))
    assert first["weights"] == second["weights"] and first["config"] == second["config"]


def test_what_rings_on_is_cut_and_that_is_told(tmp_path):
    short = chain("echo", 8000, echo={"delay_ms": 60.0, "feedback": 0.4})
    assert "what rings on after it is 14" in formats.write(ROW, short, tmp_path / "a.nam")
    long = chain("echo", 48000, echo={"delay_ms": 2000.0, "feedback": 0.98})
    said = formats.write(ROW, long, tmp_path / "a.nam")
    assert "Linear of" in said and "what rings on after it is" in said
    assert 480_000 < json.loads((tmp_path / "a.nam").read_text())["config"]["receptive_field"] <= 1 << 19
    assert (tmp_path / "a.nam").stat().st_size < stranger.MAX_FILE


def test_two_seconds_at_96_khz_fit(tmp_path):
    taps, path = ringing(192000), tmp_path / "a.nam"
    formats.write(ROW, chain("response[192000]", 96000, response={"taps": taps}), path)
    assert read(path).model.values()["response"]["taps"] == taps.tolist()


@pytest.mark.parametrize(
    "player,words",
    [
        (chain("gain,compressor"), "for its compressor changes its gain with the level"),
        (chain("gain,pan"), "files are of one channel, and this chain makes 2"),
        (chain("eq", 48000, 2), "files are of one channel, and this chain makes 2"),
    ],
    ids=range(3),
)
def test_other_chains_are_refused(player, words, tmp_path):
    with pytest.raises(ConfigError, match=words):
        formats.for_writing(player, tmp_path / "a.nam")


CHANGES = [
    ({"config": {"receptive_field": 4}}, "need 5 weights, and it has 4"),
    (
        {"config": {"receptive_field": 0, "bias": False}, "weights": []},
        "'receptive_field' is 1 or more, and not",
    ),
    ({"config": {"receptive_field": -3}}, "'receptive_field' is 1 or more, and not -3"),
    (
        {"config": {"receptive_field": -1, "bias": True}, "weights": []},
        "'receptive_field' is 1 or more, and not",
    ),
    ({"config": {"receptive_field": 10**400}}, "wants a whole number, and is inf"),
    ({"config": {"receptive_field": 3.5}}, "'receptive_field' wants a whole number"),
    ({"config": {"receptive_field": True}}, "'receptive_field' wants a whole number"),
    ({"config": {"bias": 1}}, "'bias' wants true or false"),
    ({"config": {"bias": None}}, "'bias' wants true or false"),
    ({"config": {"in_channels": 2}}, "'in_channels' is 2"),
    ({"config": {"out_channels": 2}}, "'out_channels' is 2"),
    ({"config": {"implementation": "slow"}}, "'implementation' is 'slow', and not auto, direct or fft"),
    ({"config": {"implementation": []}}, "'implementation' is \\[\\]"),
    ({"weights": [1.0, 2.0, 3.0, float("nan")]}, "NaN or infinite"),
    ({"weights": [1.0, 2.0, 17.0, 0.0]}, "response.taps goes from -16 to 16"),
    ({"weights": [1.0, 2.0, 1.0, 1.5]}, "offset.level goes from -1 to 1"),
    ({"sample_rate": 999}, "no rate of sound"),
]


@pytest.mark.parametrize("change,words", CHANGES, ids=lambda value: str(value)[:50])
def test_settings_that_are_not_ours(put, change, words):
    with pytest.raises(FileError, match=words) as told:
        read(put(linear(**change)))
    assert "\n" not in str(told.value) and len(str(told.value)) < 600


ODD = st.one_of(
    *(st.none(), st.booleans(), st.integers(-3, 5), st.integers(), st.floats(), st.text(max_size=5)),
    st.sampled_from(["auto", "fft", [], {}, 10**400]),
    st.lists(st.floats(-2, 2), max_size=5),
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    config=st.dictionaries(
        st.sampled_from(["receptive_field", "bias", "in_channels", "implementation", "x"]), ODD, max_size=3
    ),
    changes=st.dictionaries(
        st.sampled_from(["weights", "sample_rate", "metadata", "version"]), ODD, max_size=2
    ),
)
def test_a_changed_file_plays_or_is_refused(put, config, changes):
    try:
        tone = read(put(linear(config=config, **changes)))
    except FileError as error:
        assert "\n" not in str(error) and len(str(error)) < 600
    else:
        assert np.isfinite(Player(tone).render(np.ones(8, np.float32))).all()
