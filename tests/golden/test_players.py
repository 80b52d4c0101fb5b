"""The same weights give what the formats' own players gave: the shapes mean what those players mean by them."""

import json

import numpy as np
import pytest
import soundfile
import torch

from tests.runtime.test_native import needs_core
from tests.shared import SHARED, needs_shared
from tonewright.export import nam
from tonewright.export.formats import for_reading
from tonewright.export.opening import read
from tonewright.models.wavenet import PRESETS
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream
from tonewright.storage import Tone

ABSOLUTE = 2e-6
NAM, VA, RT = (SHARED / "golden" / name for name in ("nam", "wavenetva", "rtneural"))


def sound(path) -> np.ndarray:
    return soundfile.read(path, dtype="float32")[0]


def nam_files() -> dict[str, tuple[str, float | None, str]]:
    """(file, size within a container or None, its answer) by name."""
    wavenets = [
        f"wavenet-{name}" for name in ("standard", "lite", "feather", "nano", "standard-v070", "nano-v070")
    ]
    single = [*wavenets, "lstm-1x16", "lstm-1x40", "lstm-2x8", "convnet"]
    containers = {
        f"a2-{name}": ("a2-container", size, f"a2-container-{name}")
        for name, size in (("lite", 0.0), ("full", 1.0))
    }
    return {name: (name, None, name) for name in single} | containers


@needs_shared
@pytest.mark.parametrize("engine", ["torch", pytest.param("native core", marks=needs_core)])
@pytest.mark.parametrize("name", nam_files())
def test_what_a_nam_file_holds_sounds_as_in_its_own_player(name, engine):
    """From the first sample on: both players have heard silence before, and we no more than `settle` of it."""
    file, size, answer = nam_files()[name]
    tone, x, expected = (
        read(NAM / f"{file}.nam", size=size),
        sound(NAM / "input.wav"),
        sound(NAM / f"{answer}.wav"),
    )
    if engine == "torch":
        y = Stream(tone.model, tone.sample_rate).process(x)
    else:
        player = Player(tone)
        assert player.engine == engine
        y = player.render(x)
    # and where the answer is quiet, of its peak
    np.testing.assert_allclose(y, expected, rtol=0, atol=ABSOLUTE * min(np.abs(expected).max(), 1.0))


@needs_shared
@pytest.mark.parametrize("name", nam_files())
def test_written_again_a_nam_file_is_the_same(name, tmp_path):
    file, size, _ = nam_files()[name]
    was, tone = model_of(NAM / f"{file}.nam", size), read(NAM / f"{file}.nam", size=size)
    nam.write(Player(tone), tmp_path / "again.nam")
    again = model_of(tmp_path / "again.nam")
    assert np.array_equal(*(np.array(values["weights"], np.float32) for values in (again, was)))
    assert {**again["metadata"], **was["metadata"]} == again["metadata"]
    if again["version"] == was["version"] or was["architecture"] == "LSTM":
        for values in (again, was):
            values["config"].pop("head_scale", None)  # told as the last weight, too
        assert again["config"] == was["config"]
    weights = read(tmp_path / "again.nam").model.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in tone.model.state_dict().items())


def model_of(path, size: float | None = None) -> dict:
    """The values of a file, or those of the model of that size within it."""
    values = json.loads(path.read_text())
    rows = values["config"].get("submodels")
    return rows[0 if size == 0.0 else -1]["model"] if rows else values


@needs_shared
def test_written_again_a_container_is_the_same(tmp_path):
    large, small = (Player(read(NAM / "a2-container.nam", size=size)) for size in (1.0, 0.0))
    nam.write(large, tmp_path / "again.nam", smaller=small)
    was, again = (json.loads(path.read_text()) for path in (NAM / "a2-container.nam", tmp_path / "again.nam"))
    assert again["metadata"]["name"] == was["metadata"]["name"] and again["version"] == was["version"]
    for ours, theirs in zip(again["config"]["submodels"], was["config"]["submodels"], strict=True):
        assert ours["max_value"] == theirs["max_value"] and ours["model"].keys() == theirs["model"].keys()
        assert ours["model"]["config"]["layers"] == theirs["model"]["config"]["layers"]
    for size in (0.0, 1.0):
        one, other = (
            model_of(path, size)["weights"] for path in (NAM / "a2-container.nam", tmp_path / "again.nam")
        )
        assert np.array_equal(np.array(one, np.float32), np.array(other, np.float32))


@needs_shared
@pytest.mark.parametrize("name", ["standard", "lite", "feather", "nano"])
def test_presets_are_the_shapes_of_the_nam_trainer(name):
    assert read(NAM / f"wavenet-{name}.nam").model.config == PRESETS[name]


ENGINES = pytest.mark.parametrize("engine", ["torch", pytest.param("native core", marks=needs_core)])


def from_nothing(tone: Tone, x: np.ndarray, engine: str) -> np.ndarray:
    """The sound through a player that begins with an empty memory, as those of these formats do."""
    tone.model.settle = 0
    if engine == "torch":
        return Stream(tone.model, tone.sample_rate).process(x)
    player = Player(tone)
    assert player.engine == engine
    return player.render(x)


@needs_shared
@ENGINES
@pytest.mark.parametrize("name", ["gated-16ch", "gated-4ch", "softgated-8ch", "tanh-8ch"])
def test_what_a_wavenetva_file_holds_sounds_as_in_its_own_player(name, engine):
    x, expected = sound(VA / "input.wav"), sound(VA / f"{name}.wav")
    tone = read(VA / f"{name}.json")
    settled = Player(tone).render(x)
    # we begin as if silence had come before, and they with an empty memory: gone once the layers are full
    assert tone.model.settle < 4096
    np.testing.assert_allclose(settled[4096:], expected[4096:], rtol=0, atol=ABSOLUTE)
    np.testing.assert_allclose(from_nothing(tone, x, engine), expected, rtol=0, atol=ABSOLUTE)


@needs_shared
def test_a_preset_is_the_shape_of_the_wavenetva_trainer():
    assert read(VA / "gated-16ch.json").model.config == PRESETS["gated"]


@needs_shared
@ENGINES
@pytest.mark.parametrize("name", ["gru-16", "lstm-16", "lstm-40"])
def test_what_an_rtneural_file_holds_sounds_as_in_its_own_player(name, engine):
    x, expected = np.loadtxt(RT / f"rtneural-{name}.ref.txt", dtype=np.float32).T
    tone = read(RT / f"rtneural-{name}.json")
    assert tone.architecture == "lstm"
    np.testing.assert_allclose(from_nothing(tone, x, engine), expected, rtol=0, atol=ABSOLUTE)


def rounded(values):
    """JSON values with every number as float32, which is all that a player hears of it."""
    if isinstance(values, dict):
        return {key: rounded(value) for key, value in values.items()}
    if isinstance(values, list):
        return [rounded(value) for value in values]
    return float(np.float32(values)) if isinstance(values, float) else values


@needs_shared
@pytest.mark.parametrize(
    "path",
    [*sorted(VA.glob("*.json")), *sorted(RT.glob("*.json"))],
    ids=lambda value: getattr(value, "stem", ""),
)
def test_written_again_a_file_is_the_same(path, tmp_path):
    tone = read(path)
    for_reading(path, json.loads(path.read_text())).load().write(Player(tone), tmp_path / "again.json")
    again, was = (json.loads(p.read_text()) for p in (tmp_path / "again.json", path))
    assert rounded({key: again[key] for key in was}) == rounded(was)
    weights = read(tmp_path / "again.json").model.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in tone.model.state_dict().items())
