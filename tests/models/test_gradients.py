"""Gradients of a batch are the same whoever computes which item."""

import pytest
import torch

from tonewright.models.gradients import ItemGradients

ITEMS = [1.0, 2.0, 4.0]


def gradients_of(weight, rank: int, world: int, sent: list) -> tuple:
    """What one of several processes gets when the others have sent theirs; what it sends itself goes to `sent`."""
    made = ItemGradients([weight], threads=1)
    made.rank, made.world = rank, world

    def all_gather(parts, mine):
        sent[rank] = mine.clone()
        for part, row in zip(parts, sent, strict=True):
            part.copy_(mine if row is None else row)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("torch.distributed.all_gather", all_gather)
        return made(lambda item: ((weight * item).square().sum(), {"loss": item}), ITEMS)


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_processes_share_the_items(world):
    """Also where there are more of them than items: what is computed twice counts once."""
    weight = torch.tensor([1.0, 3.0], requires_grad=True)
    sent = [None] * world
    for rank in range(world):
        gradients_of(weight, rank, world, sent)
    got, losses = gradients_of(weight, 0, world, sent)
    expected = 2 * weight.detach() * sum(item**2 for item in ITEMS)
    assert torch.equal(got, expected) and losses == {"loss": sum(ITEMS)}
