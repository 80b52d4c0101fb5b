"""The report page of a model and a pair of recordings."""

import math
from pathlib import Path

import numpy as np

from tonewright.audio.pairs import Pair
from tonewright.errors import ConfigError
from tonewright.models.base import Row, channels_of
from tonewright.report.page import Listening, write_page
from tonewright.report.settings import joined
from tonewright.runtime.phrase import told_range
from tonewright.runtime.player import Player
from tonewright.runtime.room import own_room, plays_frames
from tonewright.runtime.timbre import is_timbre
from tonewright.units import clock, note_name

# what proves an instrument, by its name among the metrics: what it is called, how it is said, and in which unit
PROOFS = {
    "spectral": ("Spectral loss, held out", "{:.2f}", 1.0),
    "loudness_db": ("Loudness, held out", "{:.2f} dB off", 1.0),
    "f0_semitones": ("Pitch, held out", "{:.0f} cents off (median)", 100.0),
    "f0_off": ("Far off in pitch", "{:.0f} % of the frames", 100.0),
}


def write_report(player: Player, pairs: list[Pair], path: Path, title: str, findings=()) -> None:
    """Write the page that lets a person hear and see how close the model is.

    Args:
        player: the model.
        pairs: recordings to judge it by, best such that training never saw; of one rate.
        path: of the HTML file.
        title: what the model is called.
        findings: of the data checks, in words.

    Raises:
        ConfigError: a model of several channels, an instrument, or a timbre.
    """
    check_comparable(player)
    takes = [_take(player, pair) for pair in pairs]
    dry, target, estimate = (np.concatenate(sounds) for sounds in zip(*takes, strict=True))
    listening = Listening(
        title=title,
        dry=dry,
        target=target,
        estimate=estimate,
        sample_rate=player.sample_rate,
        history=player.tone.history,
        facts=facts(player),
        findings=tuple(str(finding) for finding in findings),
        curves=player.model.curves(),
        settings=settings_of(player),
    )
    write_page(listening, path)


def check_comparable(player: Player) -> None:
    """Refuse a model that no dry and wet recording of one channel can be compared with.

    Raises:
        ConfigError: with what to do instead.
    """
    if plays_frames(player):
        raise ConfigError(
            "a page compares a device with its model, and this is an instrument, which plays no sound again; its own "
            "page is written by 'tonewright instrument'"
        )
    if is_timbre(player):
        raise ConfigError(
            "a page compares a device with its model, and this is a timbre, which no device answers to; its own page "
            "is written by 'tonewright timbre'"
        )
    inputs, outputs = channels_of(player.model)
    if (inputs, outputs) != (1, 1):
        raise ConfigError(
            f"a page compares sounds of one channel, and this model hears {inputs} and makes {outputs}; listen to it "
            f"with 'tonewright run'"
        )


def _take(player: Player, pair: Pair) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dry, device and model, without the lead that only warms the model up."""
    estimate = player.render(pair.dry, **pair.knobs)[player.latency :]
    heard = slice(pair.lead, len(estimate))
    return pair.dry[heard], pair.wet[heard], estimate[heard]


def settings_of(player: Player) -> list[Row]:
    """The settings of a model, and how sure each is."""
    return joined(player.model.table(), player.tone.metrics)


def facts(player: Player) -> dict[str, str]:
    """What a person may want to know of a model, by name."""
    tone, model = player.tone, player.model
    told = {
        "Architecture": tone.architecture,
        "Weights": f"{sum(p.numel() for p in model.parameters()):,}",
        "Sample rate": f"{player.sample_rate} Hz",
        "Latency": f"{player.latency} samples ({1000 * player.latency / player.sample_rate:.1f} ms)",
    }
    if plays_frames(player):
        told["Latency"] += ", the pitch tracker included"
        told |= _of_instrument(player)
    elif is_timbre(player):
        told |= _of_timbre(player)
    else:
        memory = model.settle + 1
        told["Memory"] = f"{memory} samples ({1000 * memory / player.sample_rate:.0f} ms)"
    inputs, outputs = channels_of(model)
    if (inputs, outputs) != (1, 1):
        told["Channels"] = f"{inputs} in, {outputs} out"
    if model.ports:
        told["Controls"] = ", ".join(f"{p.name} ({p.minimum:g} to {p.maximum:g})" for p in model.ports)
    names = {
        "preset": "Preset",
        "steps": "Steps taught",
        "seed": "Seed",
        "why_second_phase": "Phases",
        "taught_by": "Taught by",
        "made_by": "Made by",
        "wet": "Learned from",
        "recordings": "Learned from",
    }
    if "sample_rate" in tone.provenance:
        told["Sample rate"] += f", {tone.provenance['sample_rate']}"
    told |= {label: tone.provenance[key] for key, label in names.items() if key in tone.provenance}
    for key, label in (("taught_seconds", "Taught for"), ("recorded_seconds", "Recording")):
        if key in tone.metrics:
            told[label] = clock(tone.metrics[key])
    told |= {name: tone.provenance[name] for name in player.controls if name in tone.provenance}
    if "esr" in tone.metrics:
        told["ESR, held out"] = f"{tone.metrics['esr']:.5f}"
    if "noise_esr" in tone.metrics:
        told["ESR of the recording's noise"] = f"{tone.metrics['noise_esr']:.2g}"
    if "loudness_db" in tone.levels:
        told["Loudness"] = f"{tone.levels['loudness_db']:.1f} dB for a guitar of -18 dB"
    return told


def _of_timbre(player: Player) -> dict[str, str]:
    """How late it is and why, what lies between hearing and playing, and how far it is from what it never heard."""
    model, rate, metrics = player.model, player.sample_rate, player.tone.metrics
    waits, hop = model.latency, model.block
    ms = 1000 / rate
    told = {
        "Latency": f"{player.latency} samples ({ms * player.latency:.1f} ms): {waits} ({ms * waits:.1f} ms) of the "
        f"model, and {hop - 1} ({ms * (hop - 1):.1f} ms) until a frame is full",
        "Latents": f"{model.config.latent}, {rate / hop:.4g} times a second; {model.dimensions} are played, and "
        f"{len(model.ports)} are knobs",
    }
    taught = {"held_out_spectral": "", "half_way_spectral": " at half-way", "untaught_spectral": " before"}
    words = [
        f"{metrics[key]:.2f}{when}"
        for key, when in taught.items()
        if math.isfinite(metrics.get(key, math.nan))
    ]
    return told | ({"Spectral distance, held out": ", ".join(words)} if words else {})


def _of_instrument(player: Player) -> dict[str, str]:
    """Where it plays, the room, and how far it is from recordings that it never learned from."""
    echoes, levels, metrics = own_room(player), told_range(player.tone.levels), player.tone.metrics
    told = {"Room": f"{len(echoes) / player.sample_rate:.2f} s" if len(echoes) else "none"}
    if levels is not None:
        low_hz, high_hz, soft_db, loud_db = levels
        told["Pitch"] = f"{note_name(low_hz)} to {note_name(high_hz)} ({low_hz:.0f} to {high_hz:.0f} Hz)"
        told["Soft to loud"] = f"{soft_db:.0f} to {loud_db:.0f} dB"
    for name, (label, words, scale) in PROOFS.items():
        value = metrics.get(f"held_out_{name}")
        if value is not None:
            told[label] = words.format(value * scale)
    return told
