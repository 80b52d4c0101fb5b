"""What the verbs that learn have in common: their numbers, and what becomes of what was learned."""

from collections.abc import Callable
from pathlib import Path

from tonewright.cli.words import say
from tonewright.errors import ConfigError


def check_teaching(
    seed: int, threads: int | None = None, resume: bool = False, restart: bool = False
) -> None:
    """Refuse what no training can be begun with.

    Raises:
        ConfigError: with what to write instead.

    >>> check_teaching(seed=0, threads=2)
    """
    if resume and restart:
        raise ConfigError("--resume goes on and --restart begins again; give one of the two")
    if not 0 <= seed < 2**63:
        raise ConfigError(f"--seed is a number of 0 or more, and not {seed}")
    if threads is not None and threads < 1:
        raise ConfigError(f"--threads is 1 or more, and not {threads}; leave it out to use all cores")


def keep(learned, output: Path, tell: Callable, write_page: Callable | None, told: str = "model") -> int:
    """Write what was learned, tell of it, and then only forget how it came to be.

    Args:
        learned: has a player, a checkpoint, and whether Ctrl-C ended it (`interrupted`).
        output: the .tone file.
        tell: says how well it was learned; is given `learned` and `output`.
        write_page: writes the listening page to a path; None for no page.
        told: what of it is kept after Ctrl-C, in a word or two.

    Returns:
        The exit code.
    """
    from tonewright.training import checkpoint

    learned.player.save(output)
    if not learned.interrupted:
        checkpoint.remove(learned.checkpoint)
    tell(learned, output)
    if learned.interrupted:
        say(f"stopped early; the {told} so far was kept, and --resume goes on")
    if write_page is not None:
        page = output.with_suffix(".html")
        write_page(page)
        say(f"{page}: listen and look")
    return 130 if learned.interrupted else 0
