"""tonewright check: look at a pair of recordings before learning from it."""

from pathlib import Path

from tonewright.cli.words import say


def check(
    dry: Path, wet: Path, *, latency: int | None = None, mask: str = "", preset: str = "standard"
) -> int:
    """Say whether a dry and a wet recording make a pair that a model can learn from.

    Parameters
    ----------
    dry:
        What went into the device.
    wet:
        What came out of it.
    latency:
        Samples by which the wet is late, when you know.
    mask:
        What to leave out, on the time line of the dry: "1.5-2,10-12.25" in seconds, or a stretch that comes again
        and again, in samples: "every 22050:0-11025".
    preset:
        The model in mind; its memory is compared with the device's.
    """
    from tonewright import models
    from tonewright.training.recordings import Recording, prepare

    room = models.find("wavenet")
    memory = room.Model(models.preset("wavenet", preset)).settle
    found = prepare(Recording(dry, wet, {}, latency, mask), memory, force=True)
    for finding in found.findings:
        say(str(finding))
    seconds = len(found.pair.dry) / found.pair.sample_rate
    say(
        f"{seconds:.1f} s in common at {found.pair.sample_rate} Hz, confidence {found.alignment.confidence:.2f}"
    )
    bad = any(finding.level == "error" for finding in found.findings)
    say("this pair is not fit to learn from" if bad else "this pair is fit to learn from")
    return 2 if bad else 0
