"""How a loop is taught: on windows of the recordings, at first with their own past and then with one that it made.

A network that only ever hears a true past learns to trust it: what comes next is nearly what was. Played, it hears
its own mistakes and adds to them until it howls. Two cures, used together: noise on the past, drawn afresh in each
step, makes it listen to the inputs; and free runs of some samples, through which the gradient goes back, show it what
its mistakes lead to.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tonewright.audio.pairs import Pair
from tonewright.errors import ConfigError
from tonewright.models.base import Model
from tonewright.models.feedback.codes import Linear, compress
from tonewright.models.feedback.windows import Draw, Windows
from tonewright.models.supervised import Supervised, Teaching, mean_square

LOSSES = ("squared", "mulaw", "code")
SHORTEST_SPECTRUM = 16  # samples
STRETCHES, STRETCH = 48, 512  # of what is held out, and samples in each, that a score plays freely


@dataclass(frozen=True)
class Rollouts:
    """How free the runs are.

    Attributes:
        samples: that one step learns from, of all windows.
        group: samples that one thread works on at once. Groups are summed in order, so it is no matter of threads.
        first, last: length of a free run at the beginning of the training and at its end, in samples.
        noise, least_noise: RMS of the noise on the past, beside that of the wet sound, at the beginning and the end.
        loss: "squared" error, squared error of companded samples ("mulaw"), or that of the code which the model makes
            ("code": cross entropy of its classes or bits).
        spectral: weight of the difference of magnitude spectra of the runs. It counts what is soft as much as what is
            loud, and halves and more of the error there (benchmarks/RESULTS.md, "Feedback: codes and losses").
    """

    samples: int = 4096
    group: int = 2048
    first: int = 1
    last: int = 64
    noise: float = 0.1
    least_noise: float = 0.01
    loss: str = "squared"
    spectral: float = 0.1

    def __post_init__(self):
        if not 1 <= self.first <= self.last <= self.group <= self.samples:
            raise ConfigError(
                "free runs want 1 <= first <= last <= group <= samples, and these have "
                f"{self.first}, {self.last}, {self.group} and {self.samples}; change the one that does not fit"
            )
        if not (0 <= self.noise < math.inf and 0 <= self.least_noise < math.inf):
            raise ConfigError(f"noise is 0 or more, and not {self.noise} and {self.least_noise}")
        if not 0 <= self.spectral < math.inf:
            raise ConfigError(f"spectral is 0 or more, and not {self.spectral}")
        if self.loss not in LOSSES:
            raise ConfigError(f"loss is one of {', '.join(LOSSES)}, and not {self.loss!r}")

    def length(self, done: float) -> int:
        """Samples of a run when this share of the training is done: it doubles again and again."""
        doublings = math.log2(self.last / self.first)
        return min(self.last, self.first << math.floor(done * (doublings + 1)))

    def noise_at(self, done: float) -> float:
        """Relative size of the noise when this share of the training is done: a straight line in dB."""
        if min(self.noise, self.least_noise) <= 0.0:
            return max(0.0, self.noise + (self.least_noise - self.noise) * done)
        return self.noise * (self.least_noise / self.noise) ** done


class FreeRunning(Supervised):
    """Supervised, on windows in which the model makes the samples one by one.

    Args:
        model: a feedback model.
        taught, held_out: pairs; what is held out is only measured.
        teaching: rates; its batch, crop and losses are of other recipes.
        seed: of the windows and the noise.
        threads: None for all cores.
        answer: of other recipes.
        rollouts: how free the runs are; None for the usual way.

    Raises:
        PairError: when no pair is as long as a window.
        ConfigError: a loss that such a model or its runs do not have.
    """

    def __init__(
        self,
        model: Model,
        taught: list[Pair],
        held_out: list[Pair],
        teaching: Teaching = Teaching(),
        seed: int = 0,
        threads: int | None = None,
        answer: None = None,
        rollouts: Rollouts | None = None,
    ):
        self.rollouts = rollouts or Rollouts()
        if self.rollouts.loss == "code" and model.config.target in ("linear", "mulaw"):
            raise ConfigError(
                f"the loss of a code is that of classes or bits, and the target is {model.config.target!r}"
            )
        if teaching.stft:
            raise ConfigError(
                "a feedback model is taught on runs too short for --stft, with a spectral loss of its own; leave "
                f"that out, or write --setting spectral={teaching.stft:g}"
            )
        super().__init__(model, taught, held_out, teaching, seed, threads, answer)

    def _set_level(self, taught: list[Pair]) -> None:
        """The network hears and makes sound of order one."""
        dry = math.sqrt(mean_square([pair.dry for pair in taught]))
        wet = math.sqrt(self.energy)
        body = self.model.loop.body
        self.model.dry_scale.fill_(1.0 / dry)
        body.wet_scale.fill_(1.0 / wet)
        if isinstance(body.decode, Linear):
            body.decode.level.fill_(wet)

    def _crops(self, taught: list[Pair], seed: int) -> Draw:
        return Draw(taught, self.knobs, self.model.config.window - 1, self.rollouts.last, seed)

    def _measured(self, held_out: list[Pair]) -> list[Windows]:
        """Long free runs."""
        draw = Draw(held_out, self.knobs, self.model.config.window - 1, STRETCH, 0)
        return draw.windows(0, STRETCHES, STRETCH, 0.0).split(STRETCHES // 2)

    def _items(self, step: int, steps: int) -> list[Windows]:
        cut = self.rollouts
        # While nobody knows the number of steps, runs of all lengths take turns, so that their pace is the usual one.
        done = step / steps if steps else step % 8 / 8
        length = cut.length(done)
        noise = cut.noise_at(done) * math.sqrt(self.energy)
        return self.crops.windows(step, cut.samples // length, length, noise).split(cut.group // length)

    def _loss(self, item: Windows, weights: None) -> tuple[Tensor, dict[str, float]]:
        length = item.weight.shape[-1]
        target = item.wet[..., -length:]
        raw, estimate = self._run(item)
        parts = self._parts_of_run(raw, estimate, target, item.weight)
        share = item.weight.numel() / (self.rollouts.samples // length * length)
        return sum(parts.values()) * share, {
            name: float(part.detach()) * share for name, part in parts.items()
        }

    def _parts_of_run(self, raw, estimate, target, weight) -> dict[str, Tensor]:
        """The losses of free runs by name."""
        cut, decode = self.rollouts, self.model.loop.body.decode
        parts = {}
        if cut.loss == "squared":
            parts["esr"] = ((estimate - target) * weight).square().mean() / self.energy
        elif cut.loss == "mulaw":
            parts["mulaw"] = ((compress(estimate) - compress(target)) * weight).square().mean()
        else:
            parts["code"] = decode.loss(raw, target, weight)
        if cut.spectral and estimate.shape[-1] >= SHORTEST_SPECTRUM:
            parts["spectral"] = cut.spectral * _spectral(estimate * weight, target * weight)
        return parts

    def _run(self, item: Windows) -> tuple[Tensor, Tensor]:
        """What the model makes after a past: before it is decoded [B, C, T], and as sound [B, 1, T]."""
        body, past = self.model.loop.body, item.dry.shape[-1] - item.weight.shape[-1]
        state = self.model.initial_state(len(item.dry))
        state = self.model.primed(item.dry[..., :past], item.wet[..., :past], state)
        settings = item.knobs.expand(-1, -1, item.weight.shape[-1])
        knobs = {name: settings[:, i : i + 1] for i, name in enumerate(self.knobs)}
        heard, _ = self.model.heard(item.dry[..., past:], state[:1], **knobs)
        (_, last, *memory), raws, made = state, [], []
        for sample in heard.split(1, dim=-1):
            raw, memory = body.raw(sample, memory, last)
            last, _ = body.decode(raw, [])
            raws.append(raw)
            made.append(last)
        return torch.cat(raws, dim=-1), torch.cat(made, dim=-1)

    @torch.no_grad()
    def _error(self, item: Windows, weights: None) -> tuple[float, float]:
        _, estimate = self._run(item)
        target = item.wet[..., -estimate.shape[-1] :].double()
        error = (estimate - target) * item.weight
        return float(error.square().sum()), float((target * item.weight).square().sum())


def _spectral(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean difference of the magnitude spectra of runs [B, 1, T], beside the mean magnitude."""
    window = torch.hann_window(target.shape[-1], dtype=target.dtype)
    a, b = (torch.fft.rfft(sound * window) for sound in (target, estimate))
    a, b = ((z.real.square() + z.imag.square() + 1e-12).sqrt() for z in (a, b))
    return (a - b).abs().mean() / a.mean()
