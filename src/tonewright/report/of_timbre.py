"""The report page of a timbre and the sounds that were held back."""

from pathlib import Path

import numpy as np
import torch

from tonewright.report.of_player import facts
from tonewright.report.takes import Take
from tonewright.report.timbre import TimbreListening, write_timbre_page
from tonewright.runtime.player import Player

MOST_S = 90.0  # of what is held out; more would make the page slow and tell no more
TOGETHER = 64  # frames that the encoder is given at once, so that memory does not grow with the sound
LABELS = ("Before", "In this timbre")


def write_timbre_report(
    player: Player,
    held_out: list[tuple[str, np.ndarray]],
    path: Path,
    title: str,
    findings=(),
    others: list[tuple[str, np.ndarray]] = (),
    notices: list[str] = (),
) -> None:
    """Write the page that lets a person hear and see what a timbre model learned.

    Args:
        player: the timbre.
        held_out: name and sound, mono [T] at the player's rate, of what it never learned from; at least one. The
            first minute and a half is shown.
        path: of the HTML file.
        title: what the model is called.
        findings: of the data checks.
        others: name and sound, mono [T] at the player's rate, of sounds of another kind, to be heard in this timbre.
        notices: what is badly wrong, in sentences.
    """
    recording = joined([sound for _, sound in held_out], player.model.config.compression, player.sample_rate)
    metrics, provenance = player.tone.metrics, player.tone.provenance
    listening = TimbreListening(
        title=title,
        recording=recording,
        reconstruction=made_again(player, recording),
        sample_rate=player.sample_rate,
        latents=told(player, recording),
        hop=player.model.config.compression,
        variance=player.model.variance.numpy(),
        played=player.model.dimensions,
        distance=metrics.get("held_out_spectral"),
        untaught=metrics.get("untaught_spectral"),
        half_way=metrics.get("half_way_spectral"),
        history=player.tone.history,
        second_phase=int(provenance["second_phase"]) if "second_phase" in provenance else None,
        why=provenance.get("why_second_phase", ""),
        facts=facts(player),
        findings=[str(finding) for finding in findings],
        notices=list(notices),
        more=[Take(name, sound, made_again(player, sound), LABELS) for name, sound in others],
    )
    write_timbre_page(listening, path)


def joined(sounds: list[np.ndarray], hop: int, sample_rate: int) -> np.ndarray:
    """The sounds one after another, each of whole frames, at most a minute and a half and at least a frame.

    >>> joined([np.ones(3), np.ones(2)], 4, 1000)
    array([1., 1., 1., 0., 1., 1., 0., 0.])
    """
    parts, left = [], round(MOST_S * sample_rate)
    for sound in sounds:
        part = sound[:left]
        left -= len(part)
        parts.append(np.pad(part, (0, -len(part) % hop)))
    whole = np.concatenate(parts)
    return np.pad(whole, (0, max(0, hop - len(whole))))


def made_again(player: Player, sound: np.ndarray) -> np.ndarray:
    """What the model makes of a sound [T], lined up with it."""
    return player.render(np.pad(sound, (0, player.latency)))[player.latency :]


@torch.no_grad()
def told(player: Player, sound: np.ndarray) -> np.ndarray:
    """The latents of a sound [T] of whole frames, those that say the most first: [K, F], lined up with it."""
    encoder, hop = player.model.encoder, player.model.config.compression
    # a frame hears as far back as it looks ahead, so that its middle is half a frame before the first sample it adds
    late = round(encoder.latency + encoder.behind / hop + 0.5)
    x = torch.from_numpy(np.pad(sound, (0, late * hop)).astype(np.float32))[None, None]
    state, parts = encoder.initial_state(1), []
    for part in x.split(TOGETHER * hop, dim=-1):
        z, state = encoder(part, state)
        parts.append(z[0])
    return torch.cat(parts, dim=-1)[:, late:].numpy()
