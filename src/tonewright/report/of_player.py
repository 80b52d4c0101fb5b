"""The report page of a model and a pair of recordings."""

from pathlib import Path

import numpy as np

from tonewright.audio.pairs import Pair
from tonewright.report.page import Listening, write_page
from tonewright.runtime.player import Player
from tonewright.units import clock


def write_report(player: Player, pairs: list[Pair], path: Path, title: str, findings=()) -> None:
    """Write the page that lets a person hear and see how close the model is.

    Args:
        player: the model.
        pairs: recordings to judge it by, best such that training never saw; of one rate.
        path: of the HTML file.
        title: what the model is called.
        findings: of the data checks, in words.
    """
    estimates = [player.render(pair.dry, **pair.knobs)[player.latency :] for pair in pairs]
    lengths = [len(estimate) for estimate in estimates]
    listening = Listening(
        title=title,
        dry=np.concatenate([pair.dry[:n] for pair, n in zip(pairs, lengths, strict=True)]),
        target=np.concatenate([pair.wet[:n] for pair, n in zip(pairs, lengths, strict=True)]),
        estimate=np.concatenate(estimates),
        sample_rate=player.sample_rate,
        history=player.tone.history,
        facts=facts(player),
        findings=tuple(str(finding) for finding in findings),
    )
    write_page(listening, path)


def facts(player: Player) -> dict[str, str]:
    """What a person may want to know of a model, by name."""
    tone, model = player.tone, player.model
    told = {
        "Architecture": tone.architecture,
        "Weights": f"{sum(p.numel() for p in model.parameters()):,}",
        "Sample rate": f"{player.sample_rate} Hz",
        "Latency": f"{player.latency} samples ({1000 * player.latency / player.sample_rate:.1f} ms)",
        "Memory": f"{model.settle + 1} samples ({1000 * (model.settle + 1) / player.sample_rate:.0f} ms)",
    }
    if model.ports:
        told["Controls"] = ", ".join(f"{p.name} ({p.minimum:g} to {p.maximum:g})" for p in model.ports)
    names = {
        "preset": "Preset",
        "steps": "Steps taught",
        "seed": "Seed",
        "made_by": "Made by",
        "wet": "Learned from",
    }
    told |= {label: tone.provenance[key] for key, label in names.items() if key in tone.provenance}
    if "minutes" in tone.provenance:
        told["Taught for"] = clock(60 * float(tone.provenance["minutes"]))
    if "recorded_seconds" in tone.provenance:
        told["Recording"] = clock(float(tone.provenance["recorded_seconds"]))
    if "esr" in tone.metrics:
        told["ESR, held out"] = f"{tone.metrics['esr']:.5f}"
    if "noise_esr" in tone.metrics:
        told["ESR of the recording's noise"] = f"{tone.metrics['noise_esr']:.2g}"
    if "loudness_db" in tone.levels:
        told["Loudness"] = f"{tone.levels['loudness_db']:.1f} dB for a guitar of -18 dB"
    return told
