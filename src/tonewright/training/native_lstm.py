"""Teaching by the native core: an LSTM's answer from a carried state, and its gradients, faster than by torch."""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tonewright import models
from tonewright.layers.base import State
from tonewright.models.base import Model

try:
    import tonewright._native as _native
except ImportError:  # no compiler was there when the package was installed
    _native = None


def why_not(model: Model) -> str | None:
    """Why the native core cannot teach this model here, in half a sentence; None when it can.

    >>> from torch import nn
    >>> why_not(nn.Linear(1, 1))
    'the native core teaches LSTMs only'
    """
    if not hasattr(_native, "LstmLesson"):
        return "the native core was not built"
    if not isinstance(model, models.find("lstm").Model) or model.config.cell != "lstm":
        return "the native core teaches LSTMs only"
    if any(p.dtype != torch.float32 or p.device.type != "cpu" for p in model.parameters()):
        return "the native core teaches float32 on the CPU only"
    try:
        _lesson(model.config)
    except ValueError as error:
        return str(error)
    return None


def fused(model: Model) -> "Fused | None":
    """The native core's way to answer and to learn for this model; None where torch must."""
    return None if why_not(model) else Fused(model)


class Fused:
    """What an LSTM answers to a batch of sounds, with gradients of its weights for torch's autograd.

    Back-propagation is truncated: no gradient reaches the condition or the state before, and none comes from the
    state after. It may be called from several threads at once: each call works in a room of its own, which the next
    one takes over when the gradient was taken. A call that is never differentiated belongs into torch.no_grad().

    Args:
        model: of float32. Only its shape and its head_scale are read; weights come with every call.

    Raises:
        ValueError: for a shape that the core does not know.

    >>> model = models.find("lstm").Model()
    >>> weights = torch.nn.utils.parameters_to_vector(model.parameters())
    >>> x, state = torch.randn(3, 1, 100), model.initial_state(3)
    >>> y, after = model(x, state)
    >>> z, also_after = Fused(model)(x, state, weights)
    >>> torch.allclose(y, z, atol=1e-5), torch.allclose(after[1], also_after[1], atol=1e-5)
    (True, True)
    """

    def __init__(self, model: Model):
        self.model = model
        self._free = [_lesson(model.config)]

    def __call__(self, condition: Tensor, state: State, weights: Tensor) -> tuple[Tensor, State]:
        """The answer, and the state behind it.

        Args:
            condition: the inputs and, below them, the knobs: float32 [B, 1 + K, T].
            state: as the model's `initial_state` and `forward` give it: h and c of each layer, [B, hidden] each.
            weights: of the model, in the order of its parameters(): float32 [P].

        Returns:
            y [B, 1, T], and the state for the samples after.

        Raises:
            ValueError: when one of them has another size.
        """
        before = torch.stack([memory.detach() for memory in state], dim=1)
        if torch.is_grad_enabled():
            y, after = _Answer.apply(condition, before, weights.contiguous(), self)
        else:
            lesson = self.take()
            y, after = self.answer(lesson, condition, before, weights, False)
            self.give(lesson)
        return y[:, None], list(after.unbind(1))

    def take(self):
        """A room to work in."""
        try:
            return self._free.pop()
        except IndexError:
            return _lesson(self.model.config)

    def give(self, lesson) -> None:
        """Give it back."""
        self._free.append(lesson)

    def answer(self, lesson, condition: Tensor, before: Tensor, weights: Tensor, learning: bool):
        condition, weights = condition.detach().contiguous(), weights.detach().contiguous()
        y, after = condition.new_empty(len(condition), condition.shape[-1]), torch.empty_like(before)
        heard = (part.numpy() for part in (weights, condition, before))
        lesson.forward(*heard, float(self.model.head_scale), y.numpy(), after.numpy(), learning)
        return y, after


class _Answer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx, condition: Tensor, before: Tensor, weights: Tensor, fused: Fused
    ) -> tuple[Tensor, Tensor]:
        ctx.fused, ctx.lesson, ctx.size = fused, fused.take(), weights.shape
        y, after = fused.answer(ctx.lesson, condition, before, weights, True)
        ctx.mark_non_differentiable(after)
        return y, after

    @staticmethod
    @once_differentiable
    def backward(ctx, dy: Tensor, _):
        lesson, ctx.lesson = ctx.lesson, None
        gradients = dy.new_empty(ctx.size)
        lesson.backward(dy.contiguous().numpy(), gradients.numpy())
        ctx.fused.give(lesson)
        return None, None, gradients, None


def _lesson(config):
    return _native.LstmLesson(1 + len(config.knobs), config.hidden, config.layers, config.direct)
