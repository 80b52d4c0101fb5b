"""Numbers that are precise enough for what follows."""

import torch
from torch import Tensor

HALVES = (torch.float16, torch.bfloat16)


def precise(x: Tensor) -> Tensor:
    """x in float32 where it was in half precision, and itself where it was not.

    >>> precise(torch.zeros(1, dtype=torch.bfloat16)).dtype, precise(torch.zeros(1, dtype=torch.float64)).dtype
    (torch.float32, torch.float64)
    """
    return x.float() if x.dtype in HALVES else x
