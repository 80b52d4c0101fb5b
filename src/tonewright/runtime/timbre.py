"""The two halves of a timbre by themselves: sound to latents, and latents to sound."""

import numpy as np
import torch

from tonewright import models
from tonewright.errors import ConfigError, ShapeError
from tonewright.models.base import Model
from tonewright.runtime import native
from tonewright.runtime.native import NativeStream
from tonewright.runtime.player import RENDER_BLOCK, Player
from tonewright.runtime.stream import Stream
from tonewright.storage import Tone

FIDELITY = "latent.fidelity"  # the setting


def is_timbre(player: Player) -> bool:
    """Whether this is a timbre, which has latents between what it hears and what it plays."""
    return models.verb_of(player.tone.architecture) == "timbre"


def timbre_of(player: Player) -> Model:
    """The model of a timbre.

    Raises:
        ConfigError: when the player is of none.
    """
    if not is_timbre(player):
        kind = player.tone.architecture
        raise ConfigError(f"only a timbre has latents, and this is a {kind}; `tonewright timbre` learns one")
    return player.model


def knob_of_latent(player: Player, name: str) -> str:
    """The control that moves a latent, which a person names by its number from 0 or as it is called.

    Raises:
        ConfigError: this timbre has no such latent to move.
    """
    control, known = name if name.startswith("latent_") else f"latent_{name}", list(player.controls)
    if control in known:
        return control
    if not known:
        raise ConfigError("this timbre has no latents to move; it was taught with knobs=0")
    raise ConfigError(f"the latents that can be moved are 0 to {len(known) - 1}, and not '{name}'")


def encode(player: Player, x: np.ndarray, sampled: bool = False, seed: int = 0) -> np.ndarray:
    """What a timbre hears in a sound: its latents, lined up with it.

    Latent k of frame n tells of the sound around sample n * hop - behind, where hop is
    `player.model.config.compression` and behind `player.model.encoder.behind`, the delay of the filter bank. Those
    that say the most come first, in standard deviations of what was taught.

    Args:
        player: of a timbre.
        x: the sound [T] at the player's rate.
        sampled: draw from what the encoder thinks likely, as while it was taught; the most likely otherwise.
        seed: of what is drawn.

    Returns:
        [dimensions, frames], as many frames as `decode` needs for the whole sound.

    Raises:
        ConfigError: when the player is of no timbre.
        ShapeError: when x is not [T].

    >>> from tonewright.models.rave import Config, Model
    >>> config = Config(capacity=4, ratios=(2, 2), dilations=((1,), (1,)), latent=8)
    >>> player = Player(Tone("rave", Model(config), 48000))
    >>> z = encode(player, np.zeros(1000, np.float32))
    >>> y = decode(player, z)
    >>> z.shape[0], len(y) >= 1000
    (8, True)
    """
    encoder, x = timbre_of(player).encoder, np.asarray(x, np.float32)
    if x.ndim != 1:
        raise ShapeError(
            f"encode wants x as [T], and got {list(x.shape)}; give it one channel after the other"
        )
    hop, late = encoder.block, encoder.latency
    frames = -(-(len(x) + encoder.behind) // hop)
    x = np.pad(x, (0, (frames + late) * hop - len(x)))
    if not sampled:
        return _through(encoder_stream(player), x)[:, late:]
    both = _through(_stream(player, encoder.with_spread()), x)[:, late:]
    mean, scale = torch.from_numpy(both).split(len(both) // 2)
    return encoder.drawn(mean, scale, torch.Generator().manual_seed(seed)).numpy()


def decode(player: Player, z: np.ndarray) -> np.ndarray:
    """What a timbre plays upon latents, lined up with the sound that `encode` heard.

    Before the first frame it plays as if that had stood for long, and after the last as if it stayed, so the last
    moment may differ a little from what `render` makes of the same sound.

    Args:
        player: of a timbre; its fidelity says how many of the latents are played.
        z: latents [dimensions, frames], at least one frame; the first dimensions alone will do, the others then stand
            at their means.

    Returns:
        The sound [frames * hop - behind], with hop and behind as for `encode`. Of latents that `encode` made it is at
        least as long as the sound that they were made of.

    Raises:
        ConfigError: when the player is of no timbre.
        ShapeError: when z is not [dimensions, frames].
    """
    model = timbre_of(player)
    encoder, decoder, z = model.encoder, model.decoder, np.asarray(z, np.float32)
    most = model.config.latent
    if z.ndim != 2 or not 1 <= z.shape[0] <= most or not z.shape[1]:
        raise ShapeError(f"decode wants z as [up to {most} dimensions, frames], and got {list(z.shape)}")
    hop, late = encoder.block, encoder.behind + decoder.latency
    length = z.shape[1] * hop - encoder.behind
    z = np.pad(z, ((0, most - len(z)), (0, 0)))
    lead, tail = decoder.settle, -(-decoder.latency // hop)
    y = _through(decoder_stream(player), np.pad(z, ((0, 0), (lead, tail)), mode="edge"))[0]
    return y[lead * hop + late :][:length]


def encoder_stream(player: Player) -> Stream | NativeStream:
    """A fresh stream of the half that hears: sound [T] in, latents [dimensions, frames] out, latency frames late."""
    return _stream(player, timbre_of(player).encoder)


def decoder_stream(player: Player) -> Stream | NativeStream:
    """A fresh stream of the half that plays: latents [dimensions, frames] in, sound [1, frames * hop] out."""
    return _stream(player, timbre_of(player).decoder)


def _stream(player: Player, half: Model) -> Stream | NativeStream:
    file = native.playable(Tone(player.tone.architecture, half.eval(), player.sample_rate))
    return Stream(half, player.sample_rate) if file is None else NativeStream(file, half)


def _through(stream: Stream | NativeStream, x: np.ndarray) -> np.ndarray:
    """All that a stream makes of x [T] or [C, T], [outputs, T * ratio], in pieces that need little memory."""
    x = np.atleast_2d(x)
    size = max(1, int(RENDER_BLOCK / max(1, stream.model.ratio)))
    return np.concatenate([stream.process(x[:, i : i + size]) for i in range(0, x.shape[1], size)], axis=1)
