"""A chain for two sounds when nobody says which: small ones first, and one more processor as long as that helps."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tonewright.models.chain.config import Config, Link, spoken
from tonewright.models.chain.fitting.course import Course, Round
from tonewright.models.chain.fitting.recipe import Recipe
from tonewright.models.chain.model import Chain

# What an effect may be, the simple and common before what is not; then what may stand before or behind it.
SMALL = (
    *("gain", "eq,gain", "tanh,gain", "asymmetric,gain", "tremolo,gain", "compressor,gain"),
    *(
        "highpass,tanh,lowpass,gain",
        "highpass,asymmetric,lowpass,gain",
        "echo,gain",
        "chorus,gain",
        "flanger,gain",
        "phaser,gain",
    ),
)
BESIDE = (
    ("eq", True),
    ("eq", False),
    ("tanh", False),
    ("compressor", True),
    ("compressor", False),
    ("echo", False),
)
LONGEST = 6  # processors
WORTH = 0.7  # of the error: a processor that leaves more is not worth having
GOOD = 1e-5  # an error-to-signal ratio that ends the search
CHOOSING = 0.8  # of the sound is fitted, the rest chooses between the chains
QUICK = Course(
    starts=48,
    spectral=0,
    rounds=(Round(10, 5, 0.2, 0.95, 1e-3), Round(4, 8, 0.4, 0.95, 1e-4), Round(1, 15, 0.0, 0.0, 1e-8)),
    longest_s=5.0,
)


@dataclass(frozen=True)
class Tried:
    """A chain that was tried, and the error-to-signal ratio that it left on sound that it was not fitted to."""

    links: tuple[Link, ...]
    esr: float

    def __str__(self) -> str:
        return ",".join(link.kind for link in self.links)


def choose(
    dry: Tensor,
    wet: Tensor,
    config: Config,
    seed: int = 0,
    listener: Callable[[Tried], None] = lambda tried: None,
) -> tuple[tuple[Link, ...], list[Tried], str]:
    """The chain that leaves the least error, all that were tried, and why the search ended.

    Args:
        dry, wet: [C, T] each, lined up.
        config: its rate and channels.
        seed: of the starts.
        listener: is told of every chain that was tried.
    """
    tried: dict[tuple[Link, ...], Tried] = {}

    def attempt(links: tuple[Link, ...]) -> Tried:
        if links not in tried:
            tried[links] = Tried(links, _left(dry, wet, replace(config, links=links), seed))
            listener(tried[links])
        return tried[links]

    for text in SMALL:
        if attempt(spoken(text)).esr <= GOOD:
            break
    # of several that are about as good, the shortest
    least = min(t.esr for t in tried.values())
    best = min((t for t in tried.values() if t.esr * WORTH <= least), key=lambda t: (len(t.links), t.esr))
    while best.esr > GOOD and len(best.links) < LONGEST:
        longer = min((attempt(links) for links in _longer(best.links)), key=lambda t: t.esr)
        if longer.esr > WORTH * best.esr:
            why = f"the best longer chain, {longer}, still leaves {longer.esr:.2g} where it leaves {best.esr:.2g}"
            return best.links, list(tried.values()), why
        best = longer
    enough = f"it leaves an error of {best.esr:.1g}, and no recording asks for better"
    why = enough if best.esr <= GOOD else f"it is as long as chains are made here, and leaves {best.esr:.2g}"
    return best.links, list(tried.values()), why


def _longer(links: tuple[Link, ...]) -> list[tuple[Link, ...]]:
    """With one more processor, before all others or behind them; a gain stays the last."""
    end = len(links) - 1 if links[-1].kind == "gain" else len(links)
    made = []
    for kind, before in BESIDE:
        at = 0 if before else end
        chain = (*links[:at], Link(kind), *links[at:])
        if all(a != b for a, b in itertools.pairwise(chain)):
            made.append(chain)
    return made


@torch.no_grad()
def _left(dry: Tensor, wet: Tensor, config: Config, seed: int) -> float:
    """The error of a quick fit, on the end of the sound that it did not hear."""
    longest = min(dry.shape[-1], round(QUICK.longest_s / CHOOSING * config.sample_rate))
    cut = round(CHOOSING * longest)
    chain = Chain(config)
    recipe = Recipe(chain, dry[:, :cut], wet[:, :cut], seed=seed, course=QUICK)
    recipe.run()
    made = chain.lined_up(dry[:, :longest].double())
    error = (made - wet[:, :longest])[:, cut:].square().sum()
    return float(error / wet[:, cut:longest].double().square().sum().clamp_min(1e-12))
