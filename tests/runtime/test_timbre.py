"""The halves of a timbre: together they are the whole, in blocks of any size, by torch and by the core."""

import dataclasses

import numpy as np
import pytest
import torch

from tests.runtime.timbres import tone
from tonewright import storage
from tonewright.builtin import phrase
from tonewright.errors import ConfigError, ShapeError
from tonewright.models.rave import PRESETS, Model
from tonewright.models.rave.latent import spread
from tonewright.models.wavenet import Model as WaveNet
from tonewright.runtime import native
from tonewright.runtime.live import Engine
from tonewright.runtime.player import Player
from tonewright.runtime.timbre import (
    decode,
    decoder_stream,
    encode,
    encoder_stream,
    is_timbre,
    knob_of_latent,
    timbre_of,
)

KINDS = {
    "centred": {},
    "causal": {"lookahead": 0.0},
    "noisy": {"noise": (2, 2), "noise_bands": 5},
    "odd": {"attenuation_db": 100, "lookahead": 0.5},
    "v1": {"family": "v1"},
    "slow": {"ratios": (4, 4, 4, 2), "dilations": ((1,), (1,), (1,), (1,))},
}


@pytest.fixture(params=["core", "torch"], autouse=True)
def engine(request, monkeypatch):
    if request.param == "torch":
        monkeypatch.setattr(native, "playable", lambda tone: None)
    elif native.why_not():
        pytest.skip(native.why_not())


def guitar(seconds: float = 1.0) -> np.ndarray:
    """It begins in silence, as encode and decode take for granted."""
    return np.pad(phrase(seconds, 32000)[::2], (4000, 0)).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_the_halves_are_the_whole(kind, engine):
    player, x = Player(tone(**KINDS[kind])), guitar()
    y = player.render(np.pad(x, (0, player.latency)))[player.latency :]
    again = decode(player, encode(player, x))
    assert len(again) >= len(x) and np.abs(y).max() > 1e-3
    until = len(x) - player.model.decoder.latency  # the end is heard by what looks ahead of it
    rough = (
        2e-3 if kind == "noisy" else 1e-4
    )  # where another stretch of the same noise is heard, which is soft here
    assert np.allclose(again[:until], y[:until], atol=rough * np.abs(y).max())


@pytest.mark.parametrize("kind", KINDS)
def test_they_stream_in_blocks_of_any_size(kind, engine):
    player, x, rng = Player(tone(**KINDS[kind])), guitar(), np.random.default_rng(0)
    hop = player.model.config.compression
    for made, whole in (
        (encoder_stream, x[None]),
        (decoder_stream, rng.standard_normal((8, 40)).astype(np.float32)),
    ):
        stream = made(player)
        expected = stream.process(whole)
        assert expected.shape[-1] in (whole.shape[-1] // hop, whole.shape[-1] * hop)
        stream.reset()
        cuts = np.sort(rng.integers(0, whole.shape[-1], 17))
        parts = [stream.process(part) for part in np.split(whole, cuts, axis=-1)]
        assert np.allclose(np.concatenate(parts, axis=-1), expected, atol=1e-5)


def test_frames_are_where_they_are_said_to_be(engine):
    """A click moves the latents of the frames around it, and of no others."""
    player = Player(tone())
    encoder, hop, at = player.model.encoder, player.model.config.compression, 8000
    x = np.zeros(16000, np.float32)
    quiet = encode(player, x)
    x[at] = 1.0
    moved = np.abs(encode(player, x) - quiet).max(axis=0)
    centre = (moved * np.arange(len(moved))).sum() / moved.sum() * hop - encoder.behind
    assert abs(centre - at) < 2 * hop
    assert moved[: at // hop // 2].max() < 1e-4 * moved.max()


def test_what_is_drawn_is_as_likely_as_the_encoder_says(engine):
    player, x = Player(tone()), guitar()
    z, first, again, other = (
        encode(player, x),
        encode(player, x, sampled=True),
        encode(player, x, sampled=True),
        encode(player, x, sampled=True, seed=1),
    )
    assert first.shape == z.shape and np.array_equal(first, again) and not np.array_equal(first, other)
    model = player.model
    with torch.no_grad():
        _, scale = model.encoder.posterior(torch.from_numpy(x[: len(x) // 64 * 64])[None, None])
    expected = spread(scale[0, :, 20:]).square().mean(dim=1)  # of each dimension as it was taught
    off = torch.linalg.solve(model.encoder.basis.weight.detach(), torch.from_numpy(first - z))
    assert np.allclose(off.square().mean(dim=1), expected, rtol=0.3)


def test_fewer_latents_stand_at_their_means(engine):
    player = Player(tone())
    z = np.random.default_rng(0).standard_normal((8, 30)).astype(np.float32)
    few = z * (np.arange(8) < 3)[:, None]
    assert np.array_equal(decode(player, z[:3]), decode(player, few))
    player.turn({"latent.fidelity": 0.85})
    assert player.model.dimensions == 3
    assert np.allclose(decode(player, z), decode(player, few), atol=1e-6)


def test_a_moved_latent_is_a_moved_knob(engine):
    player, x = Player(tone(lookahead=0.0)), guitar()
    z = encode(player, x)
    z[1] += 2.0
    y = player.render(np.pad(x, (0, player.latency)), latent_1=2.0)[player.latency :]
    assert np.allclose(decode(player, z)[: len(x)], y, atol=1e-4 * np.abs(y).max())


def test_no_sound_has_no_latents(engine):
    player = Player(tone())
    z = encode(player, np.zeros(0, np.float32))
    assert z.shape[0] == 8 and z.shape[1] * 64 - player.model.encoder.behind >= 0
    assert encode(player, np.zeros(1, np.float32)).shape[1] >= 1


def test_what_is_no_sound_and_no_latent(engine):
    player, amp = Player(tone()), Player(storage.Tone("wavenet", WaveNet(), 48000))
    with pytest.raises(ShapeError, match=r"encode wants x as \[T\], and got \[2, 5\]"):
        encode(player, np.zeros((2, 5)))
    for shape in ((9, 4), (8,), (8, 0), (0, 8)):
        with pytest.raises(ShapeError, match=r"decode wants z as \[up to 8 dimensions, frames\]"):
            decode(player, np.zeros(shape))
    for use in (lambda: encode(amp, np.zeros(5)), lambda: decode(amp, np.zeros((8, 5)))):
        with pytest.raises(ConfigError, match="only a timbre has latents, and this is a wavenet"):
            use()
    assert is_timbre(player) and not is_timbre(amp) and timbre_of(player) is player.model


def test_latents_by_their_names(engine):
    player = Player(tone())
    assert knob_of_latent(player, "2") == knob_of_latent(player, "latent_2") == "latent_2"
    with pytest.raises(ConfigError, match="the latents that can be moved are 0 to 2, and not '3'"):
        knob_of_latent(player, "3")
    with pytest.raises(ConfigError, match="has no latents to move; it was taught with knobs=0"):
        knob_of_latent(Player(tone(knobs=0)), "0")


def test_live_it_is_as_late_as_it_says(engine):
    """The filter bank, the looking ahead and the waiting for a whole frame, and no sample more."""
    player = Player(tone())
    live, x = Engine(player, {"latent_0": 1.0}), guitar()
    assert [knob.name for knob in live.knobs[:3]] == ["latent_0", "latent_1", "latent_2"]
    assert live.latency_s == player.latency / 16000 == (player.model.latency + 63) / 16000
    assert live.keeps_up == (player.engine == "native core")
    y = np.zeros((len(x), 1), np.float32)
    for at in range(0, len(x) - 48, 48):
        live(x[at : at + 48, None], y[at : at + 48], 48, None, None)
    expected = player.stream(latent_0=1.0)
    expected.process(np.zeros(8 * 64, np.float32))  # which the engine warms up with
    loud = slice(9000, len(x) - 48)
    assert np.allclose(y[loud, 0], np.clip(expected.process(x), -1, 1)[loud], atol=1e-4)


def test_the_live_preset_is_late_by_less_than_five_milliseconds():
    model = Model(PRESETS["live"])
    assert model.latency / 48 <= 5.0 and model.block - 1 == 127
    assert dataclasses.replace(PRESETS["live"]).without_latency() == PRESETS["live"]
