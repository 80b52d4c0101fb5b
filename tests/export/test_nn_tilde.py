"""Files for nn~: they say what they can do as nn~ asks for it, and play what the model plays."""

import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch

from tests.export.nn_models import (
    PLAYERS,
    ROW,
    amp,
    noise,
    player_of,
    timbre,
    two_channels,
    written,
)
from tests.runtime.models import Gain
from tonewright.errors import ConfigError, FileError
from tonewright.export import formats
from tonewright.export.nn_tilde.host import Host
from tonewright.export.nn_tilde.module import module_of
from tonewright.export.opening import load
from tonewright.export.playback import allowed, difference
from tonewright.export.torchscript.build import compiling
from tonewright.models.base import channels_of
from tonewright.runtime.stream import Stream


@pytest.mark.parametrize("name", PLAYERS)
def test_what_is_written_plays_as_the_model(name, tmp_path):
    player = PLAYERS[name]()
    written(player, tmp_path)
    assert difference(ROW, player, tmp_path / "model.ts") <= allowed(ROW, player)


@pytest.mark.parametrize("name", ["wavenet", "timbre", "instrument", "late"])
@pytest.mark.parametrize("buffer", [1, 2, 64, 1024, 8192])
def test_blocks_of_any_length(name, buffer):
    """Equal to the stream of the player, which waits for whole blocks as well; but nothing waits without need."""
    player = PLAYERS[name]()
    block, length = player.model.block, 400 if buffer == 1 else -(-9000 // buffer) * buffer
    x, (module, _) = noise(1, length), module_of(player)
    with torch.inference_mode():
        pieces = [module(torch.from_numpy(x[None, :, i : i + buffer])) for i in range(0, length, buffer)]
    got = torch.cat(pieces, dim=2)[0, 0].numpy()
    wanted = Stream(player.model, player.sample_rate).process(x[0])
    if buffer % block == 0:
        got, wanted = got[: length - block + 1], wanted[block - 1 :]
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())


def test_what_nn_asks_for(tmp_path):
    words, host = written(amp("drive", "methods"), tmp_path, about={"name": "Amp"})
    module = host.module
    assert module.get_methods() == ["forward"] and module.get_attributes() == ["drive", "methods_"]
    assert module.forward_params.tolist() == [1, 1, 1, 1] and module.drive_params.tolist() == [2]
    assert module.forward_input_labels == module.forward_output_labels == ["(signal) sound"]
    assert (module.get_drive(), module.set_drive(0.75), module.get_drive()) == ((0.5,), 0, (0.75,))
    assert host.attributes() == ["drive", "methods_"] and host.get("drive") == "0.750000"
    host.set("methods_", "0.25")
    assert host.get("methods_") == "0.250000" and host.get("drive") == "0.750000"
    assert "drive, methods_" in words and host.buffer == 4096 and module.sr == 48000


@pytest.mark.parametrize(
    "knobs,names",
    [
        (("höhe", "none", "class"), ["hohe", "none_", "class"]),  # nn~ passes over what is called none
        (("methods", "methods_"), ["methods_", "methods__"]),
        (("höhe", "hohe"), ["hohe", "hohe_"]),
        (("音", "größe"), ["knob_1", "groe"]),
    ],
)
def test_every_knob_has_a_name_of_its_own_that_nn_can_ask_for(knobs, names, tmp_path):
    words, host = written(amp(*knobs), tmp_path)
    assert host.attributes() == names and f"attributes {', '.join(names)}" in words
    for name in names:
        host.set(name, "0.75")
        assert host.get(name) == "0.750000"


def test_an_effect_without_knobs_has_no_attributes(tmp_path):
    assert written(amp(), tmp_path)[1].module.get_attributes() == []


@pytest.mark.parametrize("player,name", [(lambda: amp("drive"), "drive"), (timbre, "fidelity")])
def test_setters_never_fail(player, name, tmp_path):
    """What they refused would be thrown where nobody catches it."""
    _, host = written(player(), tmp_path)
    for word, then in (("9", 1.0), ("-9", 0.0), ("nan", 0.0), ("inf", 1.0)):
        host.set(name, word)
        assert float(host.get(name)) == then


def test_the_host_refuses_what_nn_refuses(tmp_path):
    """A getter that gives a bare number, a setter that gives no 0, and another count of words."""

    class Bare(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("forward_params", torch.tensor([1, 1, 1, 1]))
            self.register_buffer("drive_params", torch.tensor([2]))

        @torch.jit.export
        def get_methods(self) -> list[str]:
            return ["forward"]

        @torch.jit.export
        def get_drive(self) -> float:
            return 0.5

        @torch.jit.export
        def set_drive(self, value: float) -> int:
            return 1

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    with compiling():
        torch.jit.script(Bare()).save(str(tmp_path / "bare.ts"))
    host = Host(tmp_path / "bare.ts")
    with pytest.raises(ConfigError, match="get_drive gives no list"):
        host.get("drive")
    with pytest.raises(ConfigError, match="set_drive gave 1"):
        host.set("drive", "0.5")
    with pytest.raises(ConfigError, match="set_drive wants 1, and got 2"):
        host.set("drive", "0.5", "1")
    with pytest.raises(ConfigError, match="no get_tone"):
        host.get("tone")


def test_knobs_move_as_in_a_stream():
    player = player_of("wavenet", Gain())
    module, _ = module_of(player)
    stream, x = Stream(player.model, 48000), noise(1, 3000)
    with torch.inference_mode():
        for i in range(0, 3000, 500):
            if i in (500, 1000):
                stream.set(gain=1.9 - i / 1000)
                module.set_gain(1.9 - i / 1000)
            got = module(torch.from_numpy(x[None, :, i : i + 500]))[0].numpy()
            np.testing.assert_allclose(got, stream.process(x[:, i : i + 500]), rtol=0, atol=1e-6)


def test_several_sounds_at_once_have_memories_of_their_own(tmp_path):
    player = player_of("chain", two_channels())
    _, host = written(player, tmp_path)
    x = noise(6, 4096)
    alone = [Host(tmp_path / "model.ts").perform(x[i : i + 2]) for i in (0, 2, 4)]
    np.testing.assert_allclose(host.perform(x), np.concatenate(alone), rtol=0, atol=1e-6)
    assert host.outputs == channels_of(player.model)[1] == 2
    assert host.module.forward_input_labels == ["(signal) left", "(signal) right"]


def test_reset_begins_anew_and_numbers_that_are_none_are_silence(tmp_path):
    _, host = written(timbre(), tmp_path)
    x = noise(1, 4096)
    first = host.perform(x)
    assert not np.array_equal(host.perform(x), first)
    host.module.reset()
    assert np.array_equal(host.perform(x), first)
    x[0, 100] = np.nan
    host.perform(x)
    assert np.isfinite(host.perform(noise(1, 4096))).all()


def test_a_file_has_no_paths_and_no_date(tmp_path):
    formats.write(ROW, timbre(), tmp_path / "timbre.ts")
    data = (tmp_path / "timbre.ts").read_bytes()
    assert not any(word in data for word in (b"/src/", b"debug_pkl", b"serialization_id", b"/home"))
    with zipfile.ZipFile(tmp_path / "timbre.ts") as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_it_tells_what_it_is(tmp_path):
    player = amp()
    formats.write(ROW, player, tmp_path / "amp.ts", about={"name": "Käfer", "author": "me"})
    told = {"tonewright.json": ""}
    with compiling():
        torch.jit.load(str(tmp_path / "amp.ts"), _extra_files=told)
    assert "Käfer" in told["tonewright.json"].decode() and b'"sample_rate": 48000' in told["tonewright.json"]


def test_what_nn_cannot_play_is_refused(tmp_path):
    half = player_of("wavenet", Gain())
    half.model.ratio = 2
    with pytest.raises(ConfigError, match="as many samples as it hears"):
        formats.write(ROW, half, tmp_path / "half.ts")
    assert not list(tmp_path.iterdir())


def test_a_file_of_torchscript_is_not_read(tmp_path):
    path = tmp_path / "theirs.ts"
    path.write_bytes(b"anything")
    with pytest.raises(FileError, match="is a program"):
        load(path)


ELSEWHERE = """
import sys, torch
sys.modules["tonewright"] = None
module = torch.jit.load("model.ts").eval()
with torch.inference_mode():
    assert module.encode(torch.zeros(2, 1, 128)).shape == (2, 8, 2)
    assert module(torch.zeros(1, 1, 100)).shape == (1, 1, 100)
"""


def test_it_plays_where_there_is_no_tonewright(tmp_path):
    written(timbre(), tmp_path)
    subprocess.run([sys.executable, "-W", "ignore", "-c", ELSEWHERE], check=True, cwd=tmp_path)
