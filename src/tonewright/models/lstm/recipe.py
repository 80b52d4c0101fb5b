"""How a recurrent capture is taught: by back-propagation that is truncated in time.

Segments of the recordings are played side by side, chunk by chunk: each chunk ends in a step of the weights, and the
next one begins from the state that it left. So the network hears far back at the cost of a chunk.

Source: Wright, Damskaegg and Valimaki, "Real-time black-box modelling with recurrent neural networks", DAFx 2019.
"""

import math
from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import Tensor

from tonewright.audio.pairs import Pair
from tonewright.layers.base import State
from tonewright.models.base import Model
from tonewright.models.lstm.segments import Piece, Segments, Truncation, alike, stack
from tonewright.models.soap import Soap
from tonewright.models.supervised import Supervised, Teaching

# The answer [B, 1, T] and the state after it, to a condition [B, 1 + K, T], the input above the knobs, and the state
# before, of all weights in one row [P]; no gradient goes through the states.
CarriedAnswer = Callable[[Tensor, State, Tensor], tuple[Tensor, State]]


FOR_SPECTRA = Truncation(chunk=2048, chunks=8)  # which are taken over that much
SURPRISE = 4.0  # times its usual length that a gradient may have
HABIT = 0.02  # share of a step in what is usual


class SteadySoap(Soap):
    """Soap that is told no gradient much longer than usual.

    Gradients through time can explode: from one step to the next they may grow a million times, and what little they
    then say of the way down would be remembered for a hundred steps.

    Attributes:
        usual: geometric mean of the lengths; 0 before the first.
    """

    usual = 0.0

    def step(self, gradient: Tensor, rate: float) -> None:
        norm = max(float(torch.linalg.vector_norm(gradient)), 1e-12)
        length = min(norm, SURPRISE * self.usual) if self.usual else norm
        self.usual = self.usual ** (1 - HABIT) * length**HABIT if self.usual else norm
        super().step(gradient * (length / norm), rate)


class Truncated(Supervised):
    """Supervised, with a state that is carried from step to step.

    Args:
        model: with `head_scale`, the factor on its output.
        taught, held_out: pairs; what is held out is only measured.
        teaching: rates and losses.
        seed: of the segments.
        threads: None for all cores.
        answer: plays the model and differentiates it faster than torch; None where torch does it.
        truncation: how time is cut; None for the usual way.

    Raises:
        PairError: when no pair is as long as a segment.
    """

    def __init__(
        self,
        model: Model,
        taught: list[Pair],
        held_out: list[Pair],
        teaching: Teaching = Teaching(),
        seed: int = 0,
        threads: int | None = None,
        answer: CarriedAnswer | None = None,
        truncation: Truncation | None = None,
    ):
        if truncation is None:
            truncation = FOR_SPECTRA if teaching.stft else Truncation()
        self.truncation = truncation
        super().__init__(model, taught, held_out, teaching, seed, threads, answer)
        self.soap = SteadySoap(self.parameters)
        # What the last step left, of each group [segments, states, hidden]; None when the next one warms up.
        self.carried: list[Tensor] | None = None
        self._left: dict[int, Tensor] = {}
        # Weights at the beginning of the last segment, whose successors gave numbers, and of this one.
        self._good = [self._copy(), self._copy()]

    def step(self, step: int, steps: int) -> dict[str, float]:
        """Improve the model once, by the next chunk of each segment; see Supervised.step."""
        if step % self.truncation.chunks == 0:
            self.carried = None
            if self.bad == 0:
                self._good = [self._good[1], self._copy()]
        self._left = {}
        losses = super().step(step, steps)
        self.carried = self._of_all_processes()
        if self.bad:  # a network whose gradient explodes would give no number again
            self.carried, self._good = None, [self._good[0]] * 2
            for parameter, good in zip(self.parameters, self._good[0], strict=True):
                parameter.data.copy_(good)
        return losses

    def score(self) -> dict[str, float]:
        weights = self._weights()
        groups = [stack(tiles) for tiles in alike(self._held_out, self.truncation.group)]
        sums = self.gradients.map(lambda group: self._error(group, weights), groups)
        error, energy = (math.fsum(column) for column in zip(*sums, strict=True))
        return error / energy if energy > 0 else math.nan

    def state(self) -> dict:
        return {**super().state(), "carried": self.carried, "good": self._good, "usual": self.soap.usual}

    def restore(self, state: dict) -> None:
        super().restore(state)
        self.carried, self._good, self.soap.usual = state["carried"], state["good"], state["usual"]

    def _crops(self, taught: list[Pair], seed: int) -> Segments:
        return Segments(taught, self.knobs, self.truncation, seed)

    def _copy(self) -> list[Tensor]:
        return [parameter.detach().clone() for parameter in self.parameters]

    def _of_all_processes(self) -> list[Tensor] | None:
        """The states of all groups in order; None when one of them is no number, so that the next step warms up."""
        parts = [self._left]
        if self.gradients.world > 1:
            parts = [None] * self.gradients.world
            dist.all_gather_object(parts, self._left)
        left = {index: state for part in parts for index, state in part.items()}
        if not all(bool(state.isfinite().all()) for state in left.values()):
            return None
        return [left[index] for index in sorted(left)]

    def _answered(self, condition: Tensor, state: State, weights: Tensor | None) -> tuple[Tensor, State]:
        """y [B, 1, T] and the state after a condition [B, 1 + K, T]."""
        if weights is not None:
            return self.answer(condition, state, weights)
        x, *knobs = condition.split(1, dim=1)
        y, state = self.model(x, state, **dict(zip(self.knobs, knobs, strict=True)))
        return y, [memory.detach() for memory in state]

    def _before(self, piece: Piece, weights: Tensor | None) -> State:
        """The state that a piece begins from."""
        if self.carried is not None:
            return list(self.carried[piece.index].unbind(1))
        state = self.model.initial_state(len(piece.target))
        if piece.context == 0:
            return state
        with torch.no_grad():
            return self._answered(piece.condition[..., : piece.context], state, weights)[1]

    def _loss(self, item: Piece, weights: Tensor | None) -> tuple[Tensor, dict[str, float]]:
        state = self._before(item, weights)
        estimate, state = self._answered(item.condition[..., item.context :], state, weights)
        self._left[item.index] = torch.stack(state, dim=1)
        parts = self._parts(estimate[:, 0], item.target[:, 0], item.weight[:, 0])
        share = len(item.target) / self.truncation.segments
        return sum(parts.values()) * share, {
            name: float(part.detach()) * share for name, part in parts.items()
        }

    @torch.no_grad()
    def _error(self, item: Piece, weights: Tensor | None) -> tuple[float, float]:
        y, _ = self._answered(item.condition, self.model.initial_state(len(item.target)), weights)
        target = item.target.double()
        error = (y[..., item.context :] - target) * item.weight
        return float(error.square().sum()), float((target * item.weight).square().sum())
