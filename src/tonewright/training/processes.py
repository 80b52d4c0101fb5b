"""Several processes teaching one model, as torchrun starts them."""

import os

import torch.distributed as dist


def join() -> bool:
    """Join the other processes when torchrun started this one; True in the first process, or the only one."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
        dist.init_process_group("gloo")
    return first()


def first() -> bool:
    """Whether this process is the one that writes and speaks."""
    return not dist.is_initialized() or dist.get_rank() == 0


def agreed(number: int) -> int:
    """The first process's number, in all of them."""
    if not dist.is_initialized():
        return number
    shared = [number]
    dist.broadcast_object_list(shared, 0)
    return shared[0]


def leave() -> None:
    """Part from the other processes."""
    if dist.is_initialized():
        dist.destroy_process_group()
