"""Several processes teaching one model, as torchrun starts them."""

import os
from collections.abc import Callable

import torch.distributed as dist

from tonewright.errors import TonewrightError


def join() -> bool:
    """Join the other processes when torchrun started this one; True in the first process, or the only one."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        dist.init_process_group("gloo")
    return first()


def first() -> bool:
    """Whether this process is the one that writes and speaks."""
    return not dist.is_initialized() or dist.get_rank() == 0


def place() -> int:
    """The number of this process among those of this training on this machine, from 0."""
    return int(os.environ.get("LOCAL_RANK", "0")) if dist.is_initialized() else 0


def agreed(value):
    """The first process's value, in all of them."""
    if not dist.is_initialized():
        return value
    shared = [value]
    dist.broadcast_object_list(shared, 0)
    return shared[0]


def alone(act: Callable[[], None]) -> None:
    """Have the first process act while the others wait; what a person must put right is raised in all of them."""
    wrong = None
    if first():
        try:
            act()
        except TonewrightError as error:
            wrong = error
    wrong = agreed(wrong)
    if wrong is not None:
        raise wrong


def leave() -> None:
    """Part from the other processes."""
    if dist.is_initialized():
        dist.destroy_process_group()
