"""What it costs to tell recorded sound from made sound, and to be told: both kinds of step beside the plain way.

python -m benchmarks.adversary
"""

import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.results import table, write_section
from tonewright.dsp import wide
from tonewright.models.rave.discriminators import PERIODS, SLOPE, Discriminators, Judgement
from tonewright.models.rave.losses import (
    MATCHING_V2,
    adversarial,
    halves,
    hinge,
    matching,
    to_convince,
    to_tell_apart,
)

CAPACITY, SAMPLES, ROUNDS = 48, 65536, 9  # v2_small


class Plain(Discriminators):
    """The same networks by torch, periods as columns of a picture."""

    def forward(self, x: Tensor, learns: bool = True) -> list[Judgement]:
        networks, self.periods = self.periods, torch.nn.ModuleDict()
        native, wide.native = wide.native, None
        scales, self.periods = super().forward(x, learns), networks
        wide.native = native
        return scales + [picture(network, x, int(period)) for period, network in networks.items()]


def picture(network, x: Tensor, period: int) -> Judgement:
    x = F.pad(x, (0, -x.shape[-1] % period), mode="reflect")
    x, features = x.view(len(x), 1, -1, period), []
    for layer in network.layers:
        x = F.conv2d(x, layer.weight[..., None], layer.bias, (*layer.stride, 1), (*layer.padding, 0))
        x = F.leaky_relu(x, SLOPE)
        features.append(x)
    return Judgement(F.conv2d(x, network.score.weight[..., None], network.score.bias), features)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    ours, plain = Discriminators(CAPACITY, PERIODS), Plain(CAPACITY, PERIODS)
    plain.load_state_dict(ours.state_dict())
    target, estimate = torch.randn(2, 1, 1, SAMPLES)
    estimate.requires_grad_()
    steps = {
        "to tell apart": (lambda: tell(ours, target, estimate), lambda: tell(plain, target, estimate)),
        "to convince": (lambda: convince(ours, target, estimate), lambda: plainly(plain, target, estimate)),
    }
    rows = []
    for name, sides in steps.items():
        a, b = (torch.cat([slope.flatten() for slope in side()]) for side in sides)
        off = float(torch.linalg.norm(a - b) / torch.linalg.norm(b))
        us_s, them_s = seconds(sides)
        rows.append([name, f"{them_s:.3f}", f"{us_s:.3f}", f"{them_s / us_s:.2f}x", f"{off:.0e}"])
    text = (
        f"The discriminators of v2_small (capacity {CAPACITY}, three scales, five periods), one crop of {SAMPLES} "
        f"samples, one thread: seconds of the processor for losses and gradients, the median of {ROUNDS} rounds in "
        "turn; what the generator costs is not in them. Plain: periods as columns of a picture, recorded and made "
        "sound in one call always. Apart: the norm of the difference of both gradients in parts of the norm.\n\n"
    )
    columns = ["", "plain torch", "ours", "faster by", "apart"]
    write_section("Discriminators", "benchmarks.adversary", text + table(columns, rows))


def tell(judges: Discriminators, target: Tensor, estimate: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(to_tell_apart(judges, target, estimate), list(judges.parameters()))


def convince(judges: Discriminators, target: Tensor, estimate: Tensor) -> tuple[Tensor, ...]:
    judged, apart = to_convince(judges, target, estimate, relative=True)
    return torch.autograd.grad(judged + MATCHING_V2 * apart, estimate)


def plainly(judges: Discriminators, target: Tensor, estimate: Tensor) -> tuple[Tensor, ...]:
    real, fake = halves(judges(torch.cat([target, estimate])))
    hinge(real, fake)  # reported as well
    return torch.autograd.grad(adversarial(fake) + MATCHING_V2 * matching(real, fake, True), estimate)


def seconds(sides: tuple) -> list[float]:
    times = [[] for _ in sides]
    for _ in range(ROUNDS):
        for spent, side in zip(times, sides, strict=True):
            before = time.process_time()
            side()
            spent.append(time.process_time() - before)
    return [float(np.median(spent)) for spent in times]


if __name__ == "__main__":
    main()
