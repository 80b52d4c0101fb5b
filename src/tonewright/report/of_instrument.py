"""The report page of an instrument and the recordings that were held back."""

from pathlib import Path

import numpy as np

from tonewright.audio.performance import Performance
from tonewright.report.instrument import InstrumentListening, Take, write_instrument_page
from tonewright.report.of_player import facts
from tonewright.runtime.instrument import own_room
from tonewright.runtime.player import Player
from tonewright.training.proof import played_again


def write_instrument_report(
    player: Player, held_out: list[Performance], path: Path, title: str, findings=(), more: list[Take] = ()
) -> None:
    """Write the page that lets a person hear and see what an instrument learned.

    Args:
        player: the instrument.
        held_out: recordings that it never learned from; at least one.
        path: of the HTML file.
        title: what the model is called.
        findings: of the data checks.
        more: other sounds and what the instrument makes of them.
    """
    sides = [_side(player, performance) for performance in held_out]
    recording, made, f0_hz, f0_made, level, level_made = (
        np.concatenate(part) for part in zip(*sides, strict=True)
    )
    room, metrics = own_room(player), player.tone.metrics
    listening = InstrumentListening(
        title=title,
        recording=recording,
        resynthesis=made,
        sample_rate=player.sample_rate,
        f0_hz=f0_hz,
        f0_made_hz=f0_made,
        loudness_db=level,
        loudness_made_db=level_made,
        frames_per_s=player.sample_rate / held_out[0].hop,
        spectral_loss=metrics.get("held_out_spectral"),
        loudness_l1_db=metrics.get("held_out_loudness_db"),
        f0_error_semitones=metrics.get("held_out_f0_semitones"),
        f0_off=metrics.get("held_out_f0_off"),
        history=player.tone.history,
        reverb=room if len(room) else None,
        facts=facts(player),
        findings=[str(finding) for finding in findings],
        more=list(more),
    )
    write_instrument_page(listening, path)


def _side(player: Player, performance: Performance) -> tuple[np.ndarray, ...]:
    """Sound, pitch (0 where there is none) and loudness, of the recording and of the model."""
    made, track, level = played_again(player, performance)
    f0_hz = np.where(performance.voiced, performance.f0_hz, 0.0)
    f0_made = np.where(track.voiced, track.f0_hz, 0.0)
    return performance.sound, made, f0_hz, f0_made, performance.loudness_db, level
