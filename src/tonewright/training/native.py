"""Teaching by the native core: a WaveNet's answer and its gradients, several times faster than by torch."""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tonewright import models
from tonewright.models.base import Model

try:
    import tonewright._native as _native
except ImportError:  # no compiler was there when the package was installed
    _native = None

LONGEST = 16384  # samples of the crops that a recipe measures by
MOST_BYTES = 1 << 30  # for one of them


def why_not(model: Model) -> str | None:
    """Why the native core cannot teach this model here, in half a sentence; None when it can.

    >>> from torch import nn
    >>> why_not(nn.Linear(1, 1))
    'the native core teaches WaveNets only'
    """
    if not hasattr(_native, "WaveNetLesson"):
        return "the native core was not built"
    if not isinstance(model, models.find("wavenet").Model):
        return "the native core teaches WaveNets only"
    if any(p.dtype != torch.float32 or p.device.type != "cpu" for p in model.parameters()):
        return "the native core teaches float32 on the CPU only"
    try:
        size = _native.WaveNetLesson(_shape(model.config)).bytes(LONGEST)
    except ValueError as error:
        return str(error)
    if size > MOST_BYTES:
        return f"the native core would need {size / 1e9:.1f} GB for a crop of this model"
    return None


def fused(model: Model) -> "Fused | None":
    """The native core's way to answer and to learn for this model; None where torch must."""
    return None if why_not(model) else Fused(model)


class Fused:
    """What a WaveNet answers to a crop, with gradients for torch's autograd.

    It may be called from several threads at once: each call works in a room of its own, which the next one takes
    over when the gradient was taken. A call that is never differentiated belongs into torch.no_grad().

    Args:
        model: of float32. Only its shape and its head_scale are read; weights come with every call.

    Raises:
        ValueError: for a shape that the core does not know.

    >>> model = models.find("wavenet").Model()
    >>> weights = torch.nn.utils.parameters_to_vector(model.parameters())
    >>> x = torch.randn(1, model.settle + 10)
    >>> y, _ = model(x[None], model.initial_state(1))
    >>> bool((Fused(model)(x, weights) - y[0, 0, model.settle :]).abs().max() < 1e-6)
    True
    """

    def __init__(self, model: Model):
        self.model, self._shape = model, _shape(model.config)
        self._free = [_native.WaveNetLesson(self._shape)]

    def __call__(self, condition: Tensor, weights: Tensor) -> Tensor:
        """The answer without the context.

        Args:
            condition: the input and, below it, the knobs: float32 [1 + K, settle + n].
            weights: of the model, in the order of its parameters(): float32 [P].

        Returns:
            y [n].

        Raises:
            ValueError: when one of them has another size.
        """
        if torch.is_grad_enabled():
            return _Answer.apply(condition.contiguous(), weights.contiguous(), self)
        lesson = self.take()
        y = self.answer(lesson, condition.contiguous(), weights.contiguous())
        self.give(lesson)
        return y

    def take(self):
        """A room to work in."""
        try:
            return self._free.pop()
        except IndexError:
            return _native.WaveNetLesson(self._shape)

    def give(self, lesson) -> None:
        """Give it back."""
        self._free.append(lesson)

    def answer(self, lesson, condition: Tensor, weights: Tensor) -> Tensor:
        y = condition.new_empty(max(0, condition.shape[-1] - lesson.settle))
        scale = float(self.model.head_scale)
        lesson.forward(weights.detach().numpy(), condition.detach().numpy(), scale, y.numpy())
        return y


class _Answer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, condition: Tensor, weights: Tensor, fused: Fused) -> Tensor:
        ctx.fused, ctx.lesson = fused, fused.take()
        ctx.save_for_backward(weights)
        ctx.size = condition.shape
        return fused.answer(ctx.lesson, condition, weights)

    @staticmethod
    @once_differentiable
    def backward(ctx, dy: Tensor):
        (weights,) = ctx.saved_tensors
        lesson, ctx.lesson = ctx.lesson, None
        gradients = torch.empty_like(weights)
        d_condition = weights.new_empty(ctx.size) if ctx.needs_input_grad[0] else None
        asked = None if d_condition is None else d_condition.numpy()
        lesson.backward(weights.detach().numpy(), dy.contiguous().numpy(), gradients.numpy(), asked)
        ctx.fused.give(lesson)
        return d_condition, gradients, None


def _shape(config):
    shape = _native.WaveNetShape(
        width=1 + len(config.knobs),
        conditioned=config.conditioned,
        input_bias=config.input_bias,
        stacked=config.mix == "stack",
    )
    for stack in config.stacks:
        shape.add_stack(
            channels=stack.channels,
            layers=list(stack.layers),
            activation=stack.activation,
            head_channels=stack.head_channels,
            head_kernel=stack.head_kernel,
            head_bias=stack.head_bias,
        )
    return shape
