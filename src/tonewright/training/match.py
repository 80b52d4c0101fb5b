"""Finding the settings of an effect: what `tonewright match` and `tonewright.match` do."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import tonewright
from tonewright import models, storage
from tonewright.audio import align, checks, files
from tonewright.audio.findings import Finding
from tonewright.audio.pairs import Pair
from tonewright.errors import ConfigError, PairError
from tonewright.measure.metrics import esr, rms_db
from tonewright.runtime.player import Player
from tonewright.threads import one_thread
from tonewright.training.recordings import is_mono

HELD_OUT = 0.2  # of the recording, at its end, that is only measured
LEAST_S = 1.0  # of a recording
NEAR = 12  # samples by which an estimate of the latency may be off
SURE = "sure."  # begins the names of metrics that say how far a setting may be off, in its unit


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


@dataclass(frozen=True)
class _Sides:
    """Both sides, [C, T] float32 each, lined up."""

    dry: np.ndarray
    wet: np.ndarray
    rate: int
    shifted: int
    findings: list[Finding]

    def moved(self, samples: int) -> "_Sides":
        """With the wet side so many samples earlier."""
        dry, wet = align.apply(self.dry, self.wet, samples)
        return replace(self, dry=dry, wet=wet, shifted=self.shifted + samples)

    @property
    def cut(self) -> int:
        """The first sample of what is only measured."""
        return round((1.0 - HELD_OUT) * self.dry.shape[-1])

    def fitted(self) -> tuple[Tensor, Tensor]:
        return tuple(torch.from_numpy(side[:, : self.cut]).double() for side in (self.dry, self.wet))


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
    room = models.find("chain")
    links = None if chain.strip() == "auto" else room.spoken(chain)
    sides = _read(Path(dry), Path(wet), latency, keeps_delay=any(k.kind == "delay" for k in links or ()))
    for finding in sides.findings:
        said(str(finding))
    config = room.Config(links or (room.Link("gain"),), len(sides.dry), sides.rate)
    tried, why = [], ""
    if links is None:
        if len(sides.dry) != len(sides.wet):
            raise ConfigError(
                "--chain auto wants as many channels on both sides; name a chain that ends in pan"
            )
        links, tried, why = room.choose(
            *sides.fitted(), config, seed, lambda t: said(f"tried {t}: ESR {t.esr:.2g}")
        )
        said(f"chosen: {','.join(link.kind for link in links)}, for {why}")
    config = replace(config, links=links)
    recipe, model = _fit(room, config, sides, fixed or {}, seed, listener)
    closer = _closer(model, sides)
    if closer and latency is None:
        moved = sides.moved(closer)
        again = _fit(room, config, moved, fixed or {}, seed, listener)
        if again[0].best.esr < recipe.best.esr:
            sides, (recipe, model) = moved, again
    rows = recipe.certainty()
    model = _in_floats(room, config, model)
    player = Player(storage.Tone("chain", model, sides.rate))
    error, dry_error = _measured(player, sides)
    _describe(player, sides, rows, error, seed, Path(wet), recipe.loss)
    return Matched(
        *(
            player,
            error,
            dry_error,
            _held_out(sides, Path(wet)),
            sides.findings,
            sides.shifted,
            rows,
            tried,
            why,
        ),
        recipe.loss,
    )


def _read(dry_path: Path, wet_path: Path, latency: int | None, keeps_delay: bool) -> _Sides:
    """Both files, checked and lined up."""
    (dry, rate), (wet, wet_rate) = files.read(dry_path), files.read(wet_path)
    checks.check_rates(dry_path.name, rate, wet_path.name, wet_rate)
    dry, wet = (side[:1] if is_mono(side) else side for side in (dry, wet))
    for path, side in ((dry_path, dry), (wet_path, wet)):
        _check_side(path, side, rate)
    found = align.estimate(dry[0], wet[0], rate)
    shift = latency if latency is not None else align.shift_for(found.latency_samples)
    if keeps_delay and latency is None:
        shift = min(shift, 0)  # the chain has a processor for it
    sides = _Sides(dry, wet, rate, 0, []).moved(shift)
    if sides.dry.shape[-1] < LEAST_S * rate:
        raise PairError(
            f"{wet_path.name} and {dry_path.name} have {sides.dry.shape[-1] / rate:.1f} s in common, and a match "
            f"wants {LEAST_S:.0f} s at least (better ten); record a longer pair"
        )
    return replace(sides, findings=_findings(sides, found))


def _check_side(path: Path, side: np.ndarray, rate: int) -> None:
    if len(side) > 2:
        raise PairError(
            f"{path.name} has {len(side)} channels, and a chain hears one or two; export those that matter"
        )
    if not np.isfinite(side).all():
        raise PairError(f"{path.name} holds samples that are not numbers; export it again")
    if rms_db(side) < checks.SILENT_DB:
        raise PairError(f"{path.name} is silent, so nothing can be read off it; check cable and track")


def _findings(sides: _Sides, found: align.Alignment) -> list[Finding]:
    """What is doubtful of the two sides."""
    rows = []
    if sides.shifted:
        rows.append(
            Finding(
                "note",
                f"the wet side was {sides.shifted} samples late",
                "it was moved",
                "name a delay to keep that",
            )
        )
    for name, side in (("dry", sides.dry), ("wet", sides.wet)):
        top = float(np.abs(side).max())
        if np.count_nonzero(np.abs(side) >= 0.9999 * max(top, 0.99)) > 1e-4 * side.size:
            means = "what was cut off there cannot be told from a clipper"
            rows.append(Finding("warning", f"the {name} side is clipped", means, "record it with less level"))
    if found.confidence < 0.05:
        means = "either they do not belong together, or the effect leaves nothing of the phase"
        rows.append(Finding("warning", "the two sides have little in common", means, "listen to both"))
    return rows


def _fit(room, config, sides: _Sides, fixed: Mapping[str, float], seed: int, listener):
    chain = room.Model(config)
    if chain.outputs != len(sides.wet):
        raise ConfigError(
            f"this chain makes {chain.outputs} channels of {chain.inputs} and the wet side has {len(sides.wet)}; put "
            f"a pan into the chain, or export both sides with as many channels"
        )
    chain.set(dict(fixed))
    recipe = room.Recipe(chain, *sides.fitted(), fixed=tuple(fixed), seed=seed, listener=listener)
    recipe.run()
    return recipe, chain


@torch.no_grad()
def _closer(model, sides: _Sides) -> int:
    """By how many samples more the wet side should be moved to fit what the chain makes."""
    dry, wet = sides.fitted()
    made = model(torch.nn.functional.pad(dry, (model.settle, model.latency))[None], model.initial_state(1))[
        0
    ][0]
    a, b = made[0, model.settle + model.latency :].numpy(), wet[0].numpy()
    middle = slice(NEAR, len(b) - NEAR)
    fits = [float(np.dot(a[middle], np.roll(b, -lag)[middle])) for lag in range(-NEAR, NEAR + 1)]
    return int(np.argmax(fits)) - NEAR if max(fits) > 0 else 0


def _in_floats(room, config, found):
    """The chain as it is saved and played, of the phases at which a sound begins."""
    model = room.Model(config)
    model.load_state_dict({name: value.float() for name, value in found.state_dict().items()})
    return model.eval()


def _measured(player: Player, sides: _Sides) -> tuple[float, float]:
    """The error on what was held out, and the one that the dry sound leaves at its best level."""
    x = sides.dry if len(sides.dry) > 1 else sides.dry[0]
    tail = np.zeros((*x.shape[:-1], player.latency), np.float32)
    made = np.atleast_2d(player.render(np.concatenate([x, tail], axis=-1)))[:, player.latency :]
    wet = sides.wet[:, sides.cut :]
    dry = np.broadcast_to(sides.dry[:, sides.cut :], wet.shape).astype(np.float64)
    power = float(np.sum(dry**2))
    level = float(np.sum(dry * wet)) / power if power else 0.0
    return esr(wet, made[:, sides.cut :]), esr(wet, level * dry)


def _held_out(sides: _Sides, wet: Path) -> Pair | None:
    """What was only measured, for the page, with all that came before it as its lead; mono only."""
    if len(sides.dry) > 1 or len(sides.wet) > 1:
        return None
    return Pair(sides.dry[0], sides.wet[0], sides.rate, name=wet.name, lead=sides.cut)


def _describe(player: Player, sides: _Sides, rows, error: float, seed: int, wet: Path, loss: str) -> None:
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
