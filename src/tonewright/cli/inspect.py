"""tonewright inspect: what is in a model file."""

from pathlib import Path

from tonewright.cli.words import say


def inspect(model: Path, *, json: bool = False) -> int:
    """Say what a model file holds, and check that it still answers as it did when it was made.

    Parameters
    ----------
    model:
        A .tone file, or a file of another program that is read here, such as a .nam file.
    json:
        Print the settings of a chain as JSON, and nothing else; in a file they are what `tonewright import` reads.
    """
    from tonewright import storage
    from tonewright.export.opening import is_foreign, load
    from tonewright.export.settings import text
    from tonewright.measure.metrics import verdict
    from tonewright.report.of_player import facts, settings_of
    from tonewright.report.settings import lines

    player = load(model)
    if json:
        say(text(player).rstrip())
        return 0
    told = facts(player)
    width = max(len(name) for name in told)
    for name, value in told.items():
        say(f"{name:<{width}}  {value}")
    if "esr" in player.tone.metrics:
        say(f"{'Verdict':<{width}}  {verdict(player.tone.metrics['esr'])}")
    if not is_foreign(model):  # those hold no answer to compare with
        difference = storage.self_check(model, player.tone)
        say(f"{'Self-check':<{width}}  largest difference to the answer in the file: {difference:.1e}")
    rows = lines(settings_of(player))
    for line in ["", "Settings", *rows] if rows else []:
        say(line)
    return 0
