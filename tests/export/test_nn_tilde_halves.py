"""What a timbre and an instrument can do in nn~ besides: their halves, their knobs, and being played by signals."""

import numpy as np
import pytest
import torch

from tests.export.nn_models import (
    ROW,
    SMALL,
    instrument,
    noise,
    timbre,
    written,
)
from tonewright.export.nn_tilde.frames import Frames
from tonewright.export.nn_tilde.host import Host
from tonewright.export.playback import allowed, difference
from tonewright.models.rave import Config as TimbreConfig
from tonewright.runtime.instrument import play
from tonewright.runtime.phrase import Phrase
from tonewright.runtime.stream import Stream, settled_state
from tonewright.runtime.timbre import decoder_stream, encoder_stream


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
    assert float(host.get("fidelity")) == pytest.approx(player.model.fidelity, abs=1e-6)
    x = noise(1, 8192)
    for share, latent in ((0.9, 0.0), (0.6, 1.5), (1.0, -1.0)):
        player.turn({"latent.fidelity": share})
        host.set("fidelity", str(share))
        host.set("latent_1", str(latent))
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
    player = timbre(config)
    words, host = written(player, tmp_path)
    assert host.module.get_methods() == ["forward"] and "frames of 96" in words
    assert difference(ROW, player, tmp_path / "model.ts") <= allowed(ROW, player)


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
    signals = np.repeat(rows, hop, axis=1).astype(np.float32)
    waited = hop - 1 if host.buffer % hop else 0
    got, wanted = host.play(signals)[0, waited:], played_in_torch(player, signals)
    np.testing.assert_allclose(got, wanted[: len(got)], rtol=0, atol=1e-5 * np.abs(wanted).max())
    assert np.isfinite(host.play(np.zeros((inputs, 4096), np.float32))).all()  # of no pitch at all
    got, wanted = got[player.model.voice.latency :], play(player, Phrase(f0_hz, loudness_db))
    start = (
        4 * hop
    )  # where it came from, silence or the first frame, is no longer heard; its noise is another one
    got = got[start : len(wanted) - 2 * hop]
    wanted = wanted[start:][: len(got)]
    assert np.sum((got - wanted) ** 2) < 0.05 * np.sum(wanted**2) and np.abs(got).max() > 1e-4


@torch.inference_mode()
def played_in_torch(player, signals: np.ndarray) -> np.ndarray:
    """What an instrument plays of signals [inputs, T], going on from where it is settled, [T]."""
    model, frames = player.model, Frames(player.model).eval()
    hears = model.pitch.state_count + model.loudness.state_count
    state = settled_state(model, 1, player.controls)[hears:]
    x = torch.from_numpy(signals)[None]
    ports = {port.name: torch.full_like(x[:, :1], port.default) for port in frames.ports}
    return frames(x, state, **ports)[0][0, 0].numpy()
