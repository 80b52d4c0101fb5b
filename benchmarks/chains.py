"""What the benchmarks of chains have in common: fit one, measure it on what it did not hear, say what was found."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from tonewright.measure.metrics import esr
from tonewright.models import find
from tonewright.threads import one_thread


@dataclass
class Found:
    """A chain whose settings were found.

    Attributes:
        chain: with its settings.
        cpu: seconds of the processor that it took, certainty and all.
        rows: how sure each setting is.
        loss: what the search went by in the end, "wave" or "spectral".
    """

    chain: torch.nn.Module
    cpu: float
    rows: list
    loss: str

    def said(self) -> str:
        """The settings in words; those in brackets the recording does not tell."""
        parts: dict[str, list[str]] = {}
        for row in self.rows:
            name = row.place.setting.name if row.place.element is None else str(row.place).split(".", 1)[1]
            text = f"{name} {row.value:.4g}"
            parts.setdefault(row.place.processor, []).append(text if row.found else f"({text})")
        for name, values in self.chain.values().items():
            for setting in self.chain.processors[name].settings:
                if setting.choices:
                    parts.setdefault(name, []).append(f"{setting.name} {values[setting.name]:g}")
        return "; ".join(f"{name}: {', '.join(words)}" for name, words in parts.items())


@one_thread()
def fit(chain: str, dry: np.ndarray, wet: np.ndarray, sample_rate: int) -> Found:
    """The settings of a chain, "gain,eq", that make `wet` of `dry`, both [T]."""
    room = find("chain")
    model = room.Model(room.Config(room.spoken(chain), 1, sample_rate))
    began = time.process_time()
    recipe = room.Recipe(model, sound(dry), sound(wet))
    recipe.run()
    rows = recipe.certainty()
    return Found(model, time.process_time() - began, rows, recipe.loss)


@one_thread()
@torch.no_grad()
def played(chain, dry: np.ndarray) -> np.ndarray:
    """What a chain makes of a sound [T] from silence, lined up with it."""
    chain = chain.double()
    x = pad(sound(dry), (chain.settle, chain.latency))[None]
    return chain(x, chain.initial_state(1))[0][0, 0, chain.settle + chain.latency :].numpy()


def sound(x: np.ndarray) -> Tensor:
    """As a recipe takes it, [1, T]."""
    return torch.from_numpy(np.ascontiguousarray(x)).double()[None]


def error(chain, dry: np.ndarray, wet: np.ndarray, part: slice = slice(None)) -> float:
    """The error-to-signal ratio that the chain leaves in that part of the sound."""
    return esr(wet[part], played(chain, dry)[part])


def dry_error(dry: np.ndarray, wet: np.ndarray, part: slice = slice(None)) -> float:
    """The same of the dry sound at its best level."""
    x, y = dry[part].astype(np.float64), wet[part].astype(np.float64)
    level = float(x @ y) / max(float(x @ x), 1e-30)
    return esr(y, level * x)
