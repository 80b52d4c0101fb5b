"""Finding the settings of an effect: what `tonewright match` and `tonewright.match` do."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

import tonewright
from tonewright import models, storage
from tonewright.audio.findings import Finding
from tonewright.audio.pairs import Pair
from tonewright.errors import ConfigError
from tonewright.measure.metrics import esr, rms_db
from tonewright.models.base import SURE
from tonewright.runtime.player import Player
from tonewright.threads import one_thread
from tonewright.training.recordings import is_mono
from tonewright.training.sides import Sides, read_sides

GOOD = 0.01  # an error-to-signal ratio at which no other way to line up is tried
NEAR = 12  # samples by which an estimate of the latency may be off


@dataclass
class Matched:
    """A chain whose settings were found, and what proves it.

    Attributes:
        player: ready to play and to save.
        esr: error-to-signal ratio on the end of the recording, which was not fitted.
        dry_esr: what the dry sound leaves there, at the best level.
        held_out: that end, with what comes before it as its lead.
        findings: of the checks.
        shifted_samples: by which the wet side was moved to line up.
        rows: how sure each setting is; see tonewright.models.chain.fitting.certainty.
        tried: other chains, where none was given, and what they left.
        why: the search for a chain ended.
        loss: "wave", or "spectral" where the wave cannot be followed.
    """

    player: Player
    esr: float
    dry_esr: float
    held_out: Pair | None
    findings: list[Finding]
    shifted_samples: int
    rows: list
    tried: list = field(default_factory=list)
    why: str = ""
    loss: str = "wave"

    @property
    def settings(self) -> dict[str, dict]:
        """All settings in their units, by processor and name."""
        return self.player.model.values()


@one_thread()
def match(
    dry: Path | str,
    wet: Path | str,
    chain: str = "auto",
    *,
    fixed: Mapping[str, float] | None = None,
    seed: int = 0,
    latency: int | None = None,
    said: Callable[[str], None] = lambda sentence: None,
    listener: Callable[[float, float], None] = lambda done, esr: None,
) -> Matched:
    """The settings of a chain of processors that make the wet recording of the dry one.

    Args:
        dry, wet: sound files of one rate.
        chain: its processors, "gain,eq,compressor", with a size in brackets where it comes in several, "phaser[6]";
            or "auto", which tries small chains and goes on as long as that helps.
        fixed: values that are known, "compressor.ratio": 4.
        seed: of the places where the search begins.
        latency: samples by which the wet is late, when you know better than the estimate.
        said: is told what was found and what happens, sentence by sentence.
        listener: is told how far it is, 0 to 1, and the best error-to-signal ratio so far.

    Returns:
        The chain, playable, and how sure its settings are.

    Raises:
        AudioError, PairError, ConfigError: in one sentence what was wrong and what to do.
    """
    if not 0 <= seed < 2**63:
        raise ConfigError(f"a seed is a whole number of 0 or more, and not {seed}")
    room = models.find("chain")
    links = None if chain.strip() == "auto" else room.spoken(chain)
    sides, fixed = read_sides(Path(dry), Path(wet)), dict(fixed or {})
    for finding in sides.findings:
        said(str(finding))
    config, tried, why = room.Config(links or (room.Link("gain"),), len(sides.dry), sides.rate), [], ""
    if links is None:
        if fixed:
            raise ConfigError(
                "a setting is fixed of a chain that has it; name the chain, for auto may choose another"
            )
        links, tried, why = _chosen(room, config, sides, latency, seed, said)
        config = replace(config, links=links)
    sides = sides.of_channels(room.Model(config).outputs)
    sides, recipe, model = _lined_up(
        room, config, sides.lined_up(latency, room.reach_s(config)), fixed, seed, listener
    )
    if sides.shifted:
        said(
            f"the wet side was {abs(sides.shifted)} samples {'late' if sides.shifted > 0 else 'early'}, and was moved"
        )
    rows = recipe.certainty()
    player = Player(storage.Tone("chain", _in_floats(room, config, model), sides.rate))
    error, dry_error = _measured(player, sides)
    _describe(player, sides, rows, error, seed, Path(wet), recipe.loss)
    held_out = _held_out(sides, Path(wet))
    proof = (error, dry_error, held_out, sides.findings, sides.shifted, rows, tried, why, recipe.loss)
    return Matched(player, *proof)


def _chosen(room, config, sides: Sides, latency: int | None, seed: int, said):
    """The chain that `auto` finds; see tonewright.models.chain.fitting.auto.choose."""
    if len(sides.dry) < len(sides.wet) and not is_mono(sides.wet):
        raise ConfigError("--chain auto wants as many channels on both sides; name a chain that ends in pan")
    best = sides.of_channels(len(sides.dry)).lined_up(latency, 0.0)[0]
    links, tried, why = room.choose(
        *best.fitted(), config, seed, lambda t: said(f"tried {t}: ESR {t.esr:.2g}")
    )
    said(f"chosen: {','.join(link.kind for link in links)}, for {why}")
    return links, tried, why


def _lined_up(room, config, ways: list[Sides], fixed: Mapping[str, float], seed: int, listener):
    """The way to line the sides up that fits best, what was fitted, and the chain.

    A latency that was estimated may be off by some samples; the fitted chain tells it better.
    """
    best = None
    for sides in ways:
        recipe, model = _fit(room, config, sides, fixed, seed, listener)
        closer = _closer(model, sides)
        if best is None or recipe.best.esr < best[1].best.esr:
            best = sides, recipe, model
        if closer and recipe.best.esr > GOOD:
            moved = sides.moved(closer)
            recipe, model = _fit(room, config, moved, fixed, seed, listener)
            if recipe.best.esr < best[1].best.esr:
                best = moved, recipe, model
        if best[1].best.esr < GOOD:
            break
    return best


def _fit(room, config, sides: Sides, fixed: Mapping[str, float], seed: int, listener):
    chain = room.Model(config)
    chain.set(dict(fixed))
    recipe = room.Recipe(chain, *sides.fitted(), fixed=tuple(fixed), seed=seed, listener=listener)
    recipe.run()
    return recipe, chain


@torch.no_grad()
def _closer(model, sides: Sides) -> int:
    """By how many samples more the wet side should be moved to fit what the chain makes."""
    dry, wet = sides.fitted()
    a, b = model.lined_up(dry)[0].numpy(), wet[0].numpy()
    middle = slice(NEAR, len(b) - NEAR)
    fits = [float(np.dot(a[middle], np.roll(b, -lag)[middle])) for lag in range(-NEAR, NEAR + 1)]
    return int(np.argmax(fits)) - NEAR if max(fits) > 0 else 0


def _in_floats(room, config, found):
    """The chain as it is saved and played, of the phases at which a sound begins."""
    model = room.Model(config)
    model.load_state_dict({name: value.float() for name, value in found.state_dict().items()})
    return model.eval()


def _measured(player: Player, sides: Sides) -> tuple[float, float]:
    """The error on what was held out, and the one that the dry sound leaves at its best level."""
    x = sides.dry if len(sides.dry) > 1 else sides.dry[0]
    tail = np.zeros((*x.shape[:-1], player.latency), np.float32)
    made = np.atleast_2d(player.render(np.concatenate([x, tail], axis=-1)))[:, player.latency :]
    wet = sides.wet[:, sides.cut :]
    dry = np.broadcast_to(sides.dry[:, sides.cut :], wet.shape).astype(np.float64)
    power = float(np.sum(dry**2))
    level = float(np.sum(dry * wet)) / power if power else 0.0
    return esr(wet, made[:, sides.cut :]), esr(wet, level * dry)


def _held_out(sides: Sides, wet: Path) -> Pair | None:
    """What was only measured, for the page, with all that came before it as its lead; mono only."""
    if len(sides.dry) > 1 or len(sides.wet) > 1:
        return None
    return Pair(sides.dry[0], sides.wet[0], sides.rate, name=wet.name, lead=sides.cut)


def _describe(player: Player, sides: Sides, rows, error: float, seed: int, wet: Path, loss: str) -> None:
    tone = player.tone
    tone.metrics = {"esr": error, "recorded_seconds": sides.dry.shape[-1] / sides.rate}
    tone.metrics |= {
        f"{SURE}{row.place}": row.give_or_take for row in rows if math.isfinite(row.give_or_take)
    }
    tone.levels = {"dry_db": rms_db(sides.dry), "wet_db": rms_db(sides.wet)}
    tone.provenance = {
        "made_by": f"tonewright {tonewright.__version__}",
        "chain": ", ".join(player.model.config.names),
        "seed": str(seed),
        "loss": loss,
        "latency_samples": str(sides.shifted),
        "wet": wet.name,
    }
