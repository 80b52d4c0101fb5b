"""Files for nn~: they say what they can do as nn~ asks for it, and play what the model plays."""

import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch

from tests.export.torchscript.scripts import untaught
from tests.runtime.models import Gain, Late
from tonewright import models
from tonewright.errors import ConfigError, FileError
from tonewright.export import formats
from tonewright.export.nn_tilde.host import Host
from tonewright.export.nn_tilde.module import module_of
from tonewright.export.opening import load
from tonewright.export.playback import difference
from tonewright.export.torchscript.build import compiling
from tonewright.models.base import channels_of
from tonewright.models.feedback import Config as LoopConfig
from tonewright.models.feedback import Model as Loop
from tonewright.models.lstm import Config as LstmConfig
from tonewright.models.lstm import Model as Lstm
from tonewright.models.rave import Config as TimbreConfig
from tonewright.models.rave import Model as Timbre
from tonewright.models.wavenet import Config, Stack
from tonewright.models.wavenet import Model as WaveNet
from tonewright.runtime.instrument import play
from tonewright.runtime.phrase import Phrase
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream
from tonewright.runtime.timbre import decoder_stream, encoder_stream
from tonewright.storage import Tone

ROW = formats.FORMATS["nn"]
SMALL = TimbreConfig(
    capacity=4, ratios=(2, 2), dilations=((1,), (1, 3)), latent=8, noise=(2,), noise_bands=9, knobs=3
)
DDSP = models.find("ddsp")


def player_of(architecture: str, model, rate: int = 48000) -> Player:
    return Player(Tone(architecture, model, getattr(model.config, "sample_rate", rate)))


def amp(*knobs: str) -> Player:
    return player_of("wavenet", WaveNet(Config((Stack(4, (1, 2)),), knobs=knobs)))


def timbre(config: TimbreConfig = SMALL) -> Player:
    model = Timbre(config)
    variance = torch.logspace(1, -2, config.latent)
    directions, _ = torch.linalg.qr(torch.randn(config.latent, config.latent))
    model.set_basis(torch.randn(config.latent), directions, variance)
    return player_of("rave", model)


def instrument(**settings) -> Player:
    return player_of("ddsp", DDSP.Model(DDSP.Config(units=16, harmonics=9, **settings)))


def written(player: Player, tmp_path, **options) -> tuple[str, Host]:
    words = formats.write(ROW, player, tmp_path / "model.ts", **options)
    return words, Host(tmp_path / "model.ts")


def noise(channels: int, length: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (channels, length)).astype(np.float32)


PLAYERS = {
    "wavenet": lambda: amp("drive"),
    "lstm": lambda: player_of("lstm", Lstm(LstmConfig(hidden=5, direct=True))),
    "feedback": lambda: player_of("feedback", Loop(LoopConfig(width=6, window=5, layers=1))),
    "chain": lambda: untaught("chain", "channel"),
    "moving chain": lambda: untaught("chain", "movement"),
    "chain of two channels": lambda: player_of("chain", two_channels()),
    "timbre": timbre,
    "timbre without knobs": lambda: timbre(TimbreConfig(**{**vars(SMALL), "knobs": 0})),
    "instrument": lambda: instrument(latent=2, reverb_s=0.1),
    "late": lambda: player_of("wavenet", Late()),
}


def two_channels():
    from tonewright.models.chain import Config, Link
    from tonewright.models.chain import Model as Chain

    return Chain(Config((Link("gain"), Link("width")), channels=2))


@pytest.mark.parametrize("name", PLAYERS)
def test_what_is_written_plays_as_the_model(name, tmp_path):
    player = PLAYERS[name]()
    written(player, tmp_path)
    assert difference(ROW, player, tmp_path / "model.ts") < ROW.tolerance


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
    assert (module.get_drive(), module.set_drive(0.75), module.get_drive()) == (0.5, 0, 0.75)
    assert "drive, methods_" in words and host.buffer == 4096 and module.sr == 48000


def test_an_effect_without_knobs_has_no_attributes(tmp_path):
    assert written(amp(), tmp_path)[1].module.get_attributes() == []


def test_setters_never_fail(tmp_path):
    """What they refused would be thrown where nobody catches it."""
    _, host = written(amp("drive"), tmp_path)
    for value, then in ((9.0, 1.0), (-9.0, 0.0), (float("nan"), 0.0), (float("inf"), 1.0)):
        assert host.module.set_drive(value) == 0 and host.module.get_drive() == then
    _, host = written(timbre(), tmp_path)
    for value, then in ((9.0, 1.0), (-9.0, 0.0), (float("nan"), 0.0), (float("inf"), 1.0)):
        assert host.module.set_fidelity(value) == 0 and host.module.get_fidelity() == then


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


def test_a_timbre_has_its_halves(tmp_path):
    player = timbre(TimbreConfig(**{**vars(SMALL), "noise": ()}))  # which would be of other samples
    words, host = written(player, tmp_path)
    module, hop, x = host.module, player.model.block, noise(1, 2048)
    assert module.get_methods() == ["forward", "encode", "decode"] and hop == 64
    assert module.encode_params.tolist() == [1, 1, 8, 64] and module.decode_params.tolist() == [8, 64, 1, 1]
    assert module.get_attributes() == ["latent_0", "latent_1", "latent_2", "fidelity"] and "fidelity" in words
    heard = Host(tmp_path / "model.ts", "encode", 64).play(x)
    wanted = encoder_stream(player).process(x)
    settled = player.model.settle // hop + 1  # the halves of a whole begin as the whole hears silence
    assert np.array_equal(heard[:, ::64], heard[:, 63::64])
    np.testing.assert_allclose(heard[:, ::64], wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())
    z = np.random.default_rng(1).standard_normal((8, 3 * settled)).astype(np.float32)
    played = Host(tmp_path / "model.ts", "decode", 256).play(np.repeat(z, 64, axis=1))
    wanted = decoder_stream(player).process(z)
    late = settled * hop
    np.testing.assert_allclose(
        played[0, late:], wanted[0, late : played.shape[1]], rtol=0, atol=1e-5 * np.abs(wanted).max()
    )


def test_latents_and_fidelity_can_be_turned(tmp_path):
    player = timbre()
    player.turn({"latent.fidelity": 0.9})
    _, host = written(player, tmp_path)
    assert host.module.get_fidelity() == pytest.approx(player.model.fidelity)
    x = noise(1, 8192)
    for share, latent in ((0.9, 0.0), (0.6, 1.5), (1.0, -1.0)):
        player.turn({"latent.fidelity": share})
        assert host.module.set_fidelity(share) == 0 and host.module.set_latent_1(latent) == 0
        host.perform(np.zeros((1, 4096), np.float32))  # the knob is where it goes to
        host.module.reset()
        got = np.concatenate([host.perform(x[:, i : i + 4096]) for i in (0, 4096)], axis=1)[0]
        wanted = Stream(player.model, 48000, None, latent_1=latent).process(x[0])[63:]
        late = player.model.settle + 64  # it began with the other knobs
        np.testing.assert_allclose(
            got[late : len(wanted)], wanted[late:], rtol=0, atol=1e-5 * np.abs(wanted).max()
        )


def test_a_timbre_whose_frames_nn_cannot_cut_is_heard_only(tmp_path):
    config = TimbreConfig(capacity=4, ratios=(2, 3), dilations=((1,), (1,)), latent=8, knobs=0)
    words, host = written(timbre(config), tmp_path)
    assert host.module.get_methods() == ["forward"] and "frames of 96" in words
    assert (
        difference(ROW, timbre(config), tmp_path / "model.ts") > 0
    )  # other weights: it was written, and plays


@pytest.mark.parametrize(
    "settings", [{"reverb_s": 0.0}, {"latent": 2, "reverb_s": 0.2}], ids=["dry", "room and timbre"]
)
def test_an_instrument_is_played_by_pitch_and_loudness(settings, tmp_path):
    player = instrument(**settings)
    words, _ = written(player, tmp_path)
    frames, hop, inputs = 80, player.model.block, player.model.voice.inputs
    f0_hz, loudness_db = np.linspace(200.0, 300.0, frames), np.linspace(-50.0, -20.0, frames)
    rows = np.stack([f0_hz, loudness_db, *[np.zeros(frames)] * (inputs - 2)])
    host = Host(tmp_path / "model.ts", "decode", 4096)
    assert host.module.decode_params.tolist() == [inputs, 1, 1, 1] and "decode" in words
    assert host.module.decode_input_labels[:2] == ["(signal) pitch in Hz", "(signal) loudness in dB"]
    y = host.play(np.repeat(rows, hop, axis=1))[0]
    wanted = play(player, Phrase(f0_hz, loudness_db))
    late = player.model.voice.latency + hop - 1
    start = 4 * hop  # where it came from, silence or the first frame, is no longer heard
    got = y[late:][start : len(wanted) - 2 * hop]
    assert float(np.abs(got).max()) > 1e-4
    assert np.isfinite(host.play(np.zeros((inputs, 4096), np.float32))).all()  # of no pitch at all
    power = np.sum(wanted[start:][: len(got)] ** 2)
    assert np.sum((got - wanted[start:][: len(got)]) ** 2) < 0.05 * power


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
