"""A training on disk: written beside and renamed, so that a kill at any moment leaves a whole one."""

import io
from pathlib import Path

import torch

from tonewright.atomic import write_whole
from tonewright.errors import TrainingError
from tonewright.training import processes

FORMAT = 2  # 1 held the optimiser's memory parameter by parameter
HELD = {"identity", "budget", "progress", "best", "recipe"}


def save(path: Path, state: dict) -> None:
    """Write `state` (tensors, numbers, strings, lists and dicts of them) whole or not at all."""
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **state}, buffer)
    write_whole(path, buffer.getvalue())


def load(path: Path) -> dict:
    """What `save` wrote. Runs no code from the file.

    Raises:
        TrainingError: when the file is missing, damaged, or of another format.
    """
    if not path.exists():
        raise TrainingError(f"there is no unfinished training at {path}; leave --resume out to begin one")
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:
        raise TrainingError(f"{path} is damaged and cannot be resumed; begin again with --restart") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT or not state.keys() >= HELD:
        raise TrainingError(f"{path} is not a training of this version; begin again with --restart")
    return state


def remove(path: Path) -> None:
    """The training is over and its result is written."""
    path.unlink(missing_ok=True)


def check_unfinished(path: Path | None, resume: bool, restart: bool) -> None:
    """Refuse to begin where another training is unfinished, and to go on where there is none.

    Args:
        path: of the checkpoint; None when none is kept.
        resume: the unfinished training goes on.
        restart: it is thrown away.

    Raises:
        TrainingError: with what to do.
    """
    if resume and path is not None:
        load(path)  # so that it is not missed only after the recordings were read
    if path is None or not path.exists() or resume or not processes.first():
        return
    if not restart:
        raise TrainingError(
            f"{path} is an unfinished training; add --resume to go on or --restart to begin again"
        )
    path.unlink()
