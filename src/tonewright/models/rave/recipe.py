"""How a timbre is taught: first to come back as it was, then to be taken for a recording.

Source: Caillon and Esling, "RAVE: A variational autoencoder for fast and high-quality neural audio synthesis", 2021.
"""

import math
from collections.abc import Callable
from operator import attrgetter

import torch
from torch import Tensor

from tonewright.audio.corpus import Corpus
from tonewright.errors import TrainingError
from tonewright.measure.spectral_distance import spectral_distance
from tonewright.models.rave.basis import Basis
from tonewright.models.rave.beginning import begin
from tonewright.models.rave.config import BANDS
from tonewright.models.rave.course import Course
from tonewright.models.rave.crops import Crops, Item
from tonewright.models.rave.discriminators import PERIODS, Discriminators
from tonewright.models.rave.health import Health, Watch, diagnose
from tonewright.models.rave.latent import beta, kl, sample, spread
from tonewright.models.rave.losses import to_convince, to_tell_apart
from tonewright.models.rave.model import Timbre
from tonewright.models.rave.norms import fold_norms, norm_weights
from tonewright.models.rave.phases import Phases
from tonewright.models.rave.side import Side
from tonewright.models.rave.summary import summed_up
from tonewright.threads import one_thread

BAD_STEPS = 10  # not-a-number gradients in a row that end the training
# Beside a magnitude in the logarithm: what is fainter than noise at about -80 dB counts as silence. With the usual
# 1e-7 the dither between two sounds is most of the distance, and its rounding most of the gradient.
EPSILON = 1e-3


class Recipe:
    """Teaches a timbre; the training loop calls `step` and `score`.

    Args:
        model: the timbre.
        taught, held_out: sounds at its rate; what is held out is only measured.
        course: how.
        seed: of the crops, of the noise, and of the discriminators.
        threads: None for all cores.
        device: on which it is taught, such as "cuda"; there with mixed precision.
        said: is told when the second phase begins and why, and when the latent collapses.

    Attributes:
        phase: 1 or 2.

    Raises:
        TrainingError: what is held out is too short for a crop.
    """

    def __init__(
        self,
        model: Timbre,
        taught: Corpus,
        held_out: Corpus,
        course: Course = Course(),
        seed: int = 0,
        threads: int | None = None,
        device: str = "cpu",
        said: Callable[[str], None] = lambda sentence: None,
    ):
        self.model, self.course, self.seed, self.said = model.to(device), course, seed, said
        self.device, self.threads = torch.device(device), threads
        self.mixed = self.device.type == "cuda"
        self.crops = Crops(taught, model, course, seed, self.device)
        with one_thread():
            norm_weights(model, begin(model, self.crops.some()))
        self.held_out = self.crops.measured(held_out)
        self.phases, self.phase, self.bad = Phases(course.turn), 1, 0
        self.maker = Side(list(p for p in model.parameters() if p.requires_grad), course.rate, threads)
        self.judges: Discriminators | None = None
        self.watch = Watch()
        self.health: Health | None = None

    @property
    def waited(self) -> float:
        """The share of the time in which a step waited for its crops, 0 to 1."""
        return self.crops.waited

    @property
    def words(self) -> str:
        """Where it is: the phase, and what the latent was used for when that was measured last."""
        if self.health is None:
            return f"phase {self.phase}"
        return f"phase {self.phase}, {self.health.informative} of {self.health.dims} dimensions in use"

    def step(self, step: int, steps: int) -> dict[str, float]:
        """Improve the model, or in the second phase sometimes the discriminators; the losses by name.

        Raises:
            TrainingError: when ten steps in a row give no number.
        """
        if self.phase == 1 and self.phases.second(step, steps):
            self._begin_second()
            self.said(self.phases.why)
        items = self.crops.batch(step)
        if self.phase == 2 and (step - self.phases.since) % self.course.judges_every == 0:
            return self._checked(self.judge.step(self._judged, items, self.course.judge_rate))
        weight = beta(step, self.course.beta_first, self.course.beta, self.course.beta_steps)
        loss = self._convincing if self.phase == 2 else lambda item: self._alike(item, weight)
        return self._checked(self.maker.step(loss, items, self._rate(step, steps)))

    def score(self) -> float:
        """The spectral distance on what is held out, and a look at whether the latent is in use."""
        played = self.maker.gradients.map(self._measured, self.held_out)
        distance = math.fsum(d for d, _, _ in played) / sum(len(m) for _, m, _ in played)
        self.health = diagnose([mean for _, mean, _ in played], [std for _, _, std in played])
        return distance

    def silence(self) -> float:
        """The distance of silence to what is held out: what a model that plays nothing would have."""
        apart = self.maker.gradients.map(self._apart_from_silence, self.held_out)
        return math.fsum(apart) / sum(len(item.sound) for item in self.held_out)

    def take_note(self, step: int, distance: float) -> None:
        """Take note of what was measured after so many steps; says what stays wrong with the latent, once."""
        self.phases.scored(step, distance)
        for sentence in self.watch.see(self.health, self.course.beta) if self.phase == 1 else []:
            self.said(f"after {step:,} steps: {sentence}")

    def as_it_is(self) -> Timbre:
        """A copy of the model on the CPU, ready to play while the training goes on."""
        copy = Timbre(self.model.config)
        with torch.no_grad():
            # Not the state: a normed weight is two tensors there, and one wherever it is asked for.
            copy.load_state_dict({name: attrgetter(name)(self.model) for name in copy.state_dict()})
        return copy.eval()

    def finish(self) -> Basis:
        """Once the best weights are in place: fold what was only for teaching, and turn the latents to their basis.

        Returns:
            The directions of the latents, with names of what each goes with.
        """
        self.crops.close()
        fold_norms(self.model)
        self.model.cpu()
        basis = summed_up(self.model, self.crops)
        self.model.set_basis(basis.centre, basis.directions, basis.variance)
        return basis

    def state(self) -> dict:
        """All that a resumed training needs: tensors and numbers."""
        state = {
            "model": self.model.state_dict(),
            "player": self.maker.state(),
            "phases": self.phases.state(),
        }
        state |= {"phase": self.phase, "bad": self.bad, "watch": self.watch.state()}
        if self.judges is not None:
            state |= {"judges": self.judges.state_dict(), "judge": self.judge.state()}
        return state

    def restore(self, state: dict) -> None:
        """Back to where `state` was taken."""
        self.model.load_state_dict(state["model"])
        self.phases.restore(state["phases"])
        if state["phase"] == 2:
            self._begin_second()
            self.judges.load_state_dict(state["judges"])
            self.judge.restore(state["judge"])
        self.maker.restore(state["player"])
        self.watch.restore(state["watch"])
        self.bad = state["bad"]

    def _begin_second(self) -> None:
        """Discriminators come in, and the encoder stands still."""
        course, decoder = self.course, self.model.decoder
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.judges = Discriminators(course.judges, PERIODS if course.periods else ()).to(self.device)
        self.judge = Side(list(self.judges.parameters()), course.judge_rate, self.threads)
        decoding = [p for p in decoder.parameters() if p.requires_grad]
        self.maker, self.phase = Side(decoding, course.rate, self.threads), 2

    def _rate(self, step: int, steps: int) -> float:
        """Falls to a tenth until the second phase may begin at the latest, and to a hundredth until the end."""
        done, turn = step / steps if steps else 0.0, self.course.latest
        place = done / turn if done < turn else 1.0 + (done - turn) / max(1.0 - turn, 1e-9)
        return self.course.rate * 10.0**-place

    def _alike(self, item: Item, weight: float) -> tuple[Tensor, dict[str, float]]:
        """The first phase: the sound as it was, by latents that tell no more than they must."""
        mean, scale = self._posterior(item)
        std = spread(scale)
        target, estimate = self._lined_up(item, sample(mean, std, item.generator()))
        parts = self._distances(target, estimate) | {"divergence": weight * kl(mean, std)}
        return self._summed(parts, item)

    def _convincing(self, item: Item) -> tuple[Tensor, dict[str, float]]:
        """The second phase, for the decoder: the same, and taken for a recording."""
        target, estimate = self._lined_up(item, self._drawn(item))
        with self._mixed():
            adversarial, matching = to_convince(self.judges, target, estimate, self.course.relative)
        parts = self._distances(target, estimate)
        parts |= {"adversarial": adversarial, "matching": self.course.matching * matching}
        return self._summed(parts, item)

    def _judged(self, item: Item) -> tuple[Tensor, dict[str, float]]:
        """The second phase, for the discriminators."""
        with torch.no_grad():
            target, estimate = self._lined_up(item, self._drawn(item))
        with self._mixed():
            loss = to_tell_apart(self.judges, target, estimate)
        return self._summed({"judges": loss}, item)

    def _mixed(self) -> torch.autocast:
        """Half precision where it is precise enough and the device is quicker with it."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed)

    def _posterior(self, item: Item) -> tuple[Tensor, Tensor]:
        with self._mixed():
            return self.model.encoder.posterior(item.sound)

    @torch.no_grad()
    def _drawn(self, item: Item) -> Tensor:
        mean, scale = self._posterior(item)
        return sample(mean, spread(scale), item.generator())

    def _lined_up(self, item: Item, z: Tensor) -> tuple[Tensor, Tensor]:
        """What was recorded and what the decoder makes of the latents, in time with it, both without the lead."""
        decoder = self.model.decoder
        with self._mixed():
            y, _ = decoder(z, decoder.initial_state(len(z), item.seeds))
        late = self.model.latency
        target, estimate = item.sound[..., : y.shape[-1] - late], y[..., late:].float()
        count = (target.shape[-1] - self.crops.lead) // BANDS * BANDS
        return target[..., -count:], estimate[..., -count:]

    def _distances(self, target: Tensor, estimate: Tensor) -> dict[str, Tensor]:
        """On the whole sound, and on each of its bands."""
        bank = self.model.encoder.bank
        bands = [bank(x, bank.initial_state(len(x)))[0] for x in (target, estimate)]
        pairs = {"whole": (target[:, 0], estimate[:, 0]), "bands": bands}
        return {name: spectral_distance(*pair, epsilon=EPSILON) for name, pair in pairs.items()}

    def _summed(self, parts: dict[str, Tensor], item: Item) -> tuple[Tensor, dict[str, float]]:
        """With the item's share of the batch."""
        share = len(item.sound) / self.course.batch
        return sum(parts.values()) * share, {
            name: float(part.detach()) * share for name, part in parts.items()
        }

    @torch.no_grad()  # here, for it holds for one thread
    def _measured(self, item: Item) -> tuple[float, Tensor, Tensor]:
        mean, scale = self._posterior(item)
        target, estimate = self._lined_up(item, mean)
        distance = spectral_distance(target[:, 0], estimate[:, 0], epsilon=EPSILON)
        return float(distance) * len(mean), mean.float().cpu(), spread(scale).cpu()

    @torch.no_grad()
    def _apart_from_silence(self, item: Item) -> float:
        target, _ = self._lined_up(item, self._posterior(item)[0])
        distance = spectral_distance(target[:, 0], torch.zeros_like(target[:, 0]), epsilon=EPSILON)
        return float(distance) * len(target)

    def _checked(self, losses: dict[str, float]) -> dict[str, float]:
        self.bad = 0 if all(map(math.isfinite, losses.values())) else self.bad + 1
        if self.bad == BAD_STEPS:
            name = "judge_rate" if "judges" in losses else "rate"
            raise TrainingError(
                f"the last {BAD_STEPS} steps gave no number (NaN); teach more slowly with "
                f"--setting {name}={getattr(self.course, name) / 3:.0e}"
            )
        return losses
