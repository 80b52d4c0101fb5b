"""What a .nam file tells of its model beside how to play it, by its names and by ours."""

import datetime

from tonewright.export.facts import ESR, kept, within

# names in the file: our names of the same things, and what a number may be
LEVELS = {
    # not at the level, nor of the sound, that our loudness_db is of
    "loudness": ("nam_loudness_db", (-200.0, 60.0)),
    "gain": ("nam_gain", (0.0, 1.0)),
    "input_level_dbu": ("input_level_dbu", (-100.0, 100.0)),
    "output_level_dbu": ("output_level_dbu", (-100.0, 100.0)),
}
PROVENANCE = ("name", "modeled_by", "gear_type", "gear_make", "gear_model", "tone_type")
DATE = ("year", "month", "day", "hour", "minute", "second")


def facts(*models: dict) -> dict:
    """What is told; the first model's word counts, and nonsense is left out."""
    told: dict = {}
    for model in reversed(models):
        metadata = model.get("metadata")
        told |= metadata if isinstance(metadata, dict) else {}
    provenance = kept(told, dict(zip(PROVENANCE, PROVENANCE, strict=True)))
    if date := _date(told.get("date")):
        provenance["date"] = date
    training = told.get("training")
    esr = training.get("validation_esr") if isinstance(training, dict) else None
    levels = {
        ours: float(told[name]) for name, (ours, bounds) in LEVELS.items() if within(told.get(name), bounds)
    }
    return {
        "levels": levels,
        "metrics": {"esr": float(esr)} if within(esr, ESR) else {},
        "provenance": provenance,
    }


def _date(told) -> str:
    """When the model was made, as 2026-11-26T20:15:00, or nothing when that is told in no such way."""
    try:
        return datetime.datetime(*(told[name] for name in DATE)).isoformat()
    except (TypeError, KeyError, ValueError, OverflowError):
        return ""
