"""tonewright export: hand what was learned to other programs."""

from pathlib import Path

from tonewright.cli.opened import opened
from tonewright.cli.words import say, told, warn


def export(
    model: Path,
    target: Path,
    *,
    to: str | None = None,
    about: list[str] | None = None,
    smaller: Path | None = None,
    size: float | None = None,
    rate: int | None = None,
) -> int:
    """Write what was learned as a file for other programs, and play it back to see that it is the same.

    The suffix says what is wanted, and --to where several formats share it:

        tonewright export amp.tone amp.nam --about name="My amp" --about gear_type=amp
        tonewright export amp.tone amp.json --to aidax
        tonewright export violin.tone room.wav

    docs/players.md tells what to know of each format, and docs/formats.md which model goes where.

    Parameters
    ----------
    model:
        A .tone file, or a file of another program that is read here.
    target:
        The file to write.
    to:
        The format, where the suffix does not say it: nam, wavenetva, guitarml, aidax, nn, neutone, onnx, impulse,
        room or settings.
    about:
        name=value, and again for each: what is told of the model in the file, such as name, author or gear_make.
    smaller:
        A second, cheaper model of the same device, for formats that hold one in several sizes.
    size:
        Of a model file that holds one model in several sizes, which: from 0, the smallest, to 1, the largest.
    rate:
        Sample rate in Hz of a model file of another program that tells none.
    """
    from tonewright.atomic import check_place
    from tonewright.errors import ConfigError
    from tonewright.export import formats
    from tonewright.export.opening import check_answer
    from tonewright.export.playback import allowed, difference

    check_place(target)
    for given in (model, smaller):
        if given and given.exists() and target.exists() and target.samefile(given):
            raise ConfigError(f"{target} is the model itself; name another file to write")
    player, second = opened(model, size=size, rate=rate), opened(smaller) if smaller else None
    check_answer(player, model)
    row = formats.for_writing(player, target, to)
    options = {"about": told(about)} if about else {}
    options |= {"smaller": second} if second else {}
    said = formats.write(row, player, target, **options)
    say(f"{target}: {said}")
    try:
        found = [(difference(row, player, target), allowed(row, player))]
        if second:
            found.append((difference(row, second, target, size=0.0), allowed(row, second)))
    except KeyboardInterrupt:
        warn(f"{target}: it is written, but was not played back")
        raise
    far, most = next((pair for pair in found if not pair[0] <= pair[1]), max(found))  # NaN is too far, too
    say(f"played back by {row.played_by}: at most {far:.1e} of the loudest sample away from the model")
    if not far <= most:
        warn(f"tonewright: no more than {most:.0e} was wanted; the file is written, but do not trust it")
        return 1
    return 0
