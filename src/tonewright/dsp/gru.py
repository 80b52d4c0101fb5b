"""A GRU of many samples with its gradients, at less cost than by torch's own loop.

torch forms the gradient of the weights sample by sample. Here only what waits for the sample before runs sample by
sample, in the native core where it is built; the inputs' share and all gradients of weights are one product each.
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tonewright.dsp.native import native
from tonewright.dsp.products import product
from tonewright.errors import ShapeError


def gru(
    x: Tensor, h: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor]:
    """A layer of gated recurrent units, as torch.nn.GRU has it.

    Args:
        x: signal [B, inputs, T], of 1 sample or more.
        h: the state before it, [B, hidden].
        weight_ih, weight_hh, bias_ih, bias_hh: [3 hidden, inputs], [3 hidden, hidden] and twice [3 hidden], in
            torch's order of gates: reset, update, new.

    Returns:
        y [B, hidden, T], and the state after it. Differentiable once in all six.

    Raises:
        ShapeError: when the shapes are others.

    Source: Cho et al., 2014. The gradient is theirs by hand.

    >>> theirs = torch.nn.GRU(2, 5, batch_first=True)
    >>> x, h = torch.randn(3, 2, 40), torch.randn(3, 5)
    >>> y, after = gru(x, h, *theirs._flat_weights)
    >>> expected, last = theirs(x.transpose(1, 2), h[None])
    >>> torch.allclose(y.transpose(1, 2), expected, atol=1e-5), torch.equal(after, y[..., -1])
    (True, True)
    """
    hidden = h.shape[-1]
    fits = x.ndim == 3 and x.shape[-1] > 0 and h.shape == (x.shape[0], hidden)
    fits = fits and weight_ih.shape == (3 * hidden, x.shape[1]) and weight_hh.shape == (3 * hidden, hidden)
    if not fits or any(bias.shape != (3 * hidden,) for bias in (bias_ih, bias_hh)):
        raise ShapeError(
            f"gru wants x [B, inputs, T], h [B, hidden] and weights of three gates, and got {list(x.shape)}, "
            f"{list(h.shape)}, {list(weight_ih.shape)} and {list(weight_hh.shape)}"
        )
    y = _Gru.apply(x.transpose(1, 2), h, weight_ih, weight_hh, bias_ih, bias_hh)
    return y.transpose(1, 2), y[:, -1]


def is_native(x: Tensor) -> bool:
    """Whether the core runs the loop for such a sound."""
    return native is not None and x.dtype == torch.float32 and x.device.type == "cpu"


class _Gru(torch.autograd.Function):
    """On x [B, T, inputs]: with the channels side by side, as layers at frame rate leave them."""

    @staticmethod
    def forward(ctx, x, first, weight_ih, weight_hh, bias_ih, bias_hh):
        batch, samples, inputs = x.shape
        x, first, hidden = x.contiguous(), first.contiguous(), first.shape[1]
        gates = product(x.view(-1, inputs), weight_ih.t()).view(batch, samples, 3 * hidden)
        early = bias_ih.clone()  # all of the biases that are added before r scales
        early[: 2 * hidden] += bias_hh[: 2 * hidden]
        run = _native if is_native(x) else _plain
        y, late = run(gates, weight_hh, torch.cat([early, bias_hh[2 * hidden :]]), first)
        ctx.save_for_backward(x, first, weight_ih, weight_hh, gates, y, late)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, dy):
        x, first, weight_ih, weight_hh, gates, y, late = ctx.saved_tensors
        hidden = first.shape[1]
        run = _native_back if is_native(x) else _plain_back
        slopes, d_first = run(gates, weight_hh, first, y, late, dy.contiguous())
        rows = slopes.view(-1, 4 * hidden)
        before = torch.cat([first[:, None], y[:, :-1]], dim=1).view(-1, hidden)
        dx, heard, past = (
            None,
            rows[:, : 3 * hidden],
            rows[:, hidden:],
        )  # with n, r, z; with r, z and the past's n
        if ctx.needs_input_grad[0]:
            dx = product(heard, weight_ih.roll(hidden, 0)).view(x.shape)
        d_ih = product(heard.t(), x.view(len(rows), -1)).roll(-hidden, 0)
        sums = rows.sum(0)
        return dx, d_first, d_ih, product(past.t(), before), sums[: 3 * hidden].roll(-hidden), sums[hidden:]


def _native(gates: Tensor, weight_hh: Tensor, bias: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """The loop: what the input gives to the gates becomes r, z, n. Gives y, and what n hears of the past."""
    y = gates.new_empty(*gates.shape[:2], first.shape[1])
    late = torch.empty_like(y)
    arrays = (tensor.detach().numpy() for tensor in (gates, weight_hh, bias, first, y, late))
    native.gru_forward(*arrays)
    return y, late


def _native_back(gates, weight_hh, first, y, late, dy) -> tuple[Tensor, Tensor]:
    """The loop backward: gradients with what goes into n, r, z and into n from the past; and with the first state."""
    d_first, slopes = torch.zeros_like(first), y.new_empty(*y.shape[:2], 4 * y.shape[2])
    arrays = (t.detach().numpy() for t in (gates, weight_hh, first, y, late, dy, d_first, slopes))
    native.gru_backward(*arrays)
    return slopes, d_first


def _plain(gates: Tensor, weight_hh: Tensor, bias: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """The same in torch: for machines without the core, and to compare with."""
    h, hidden, ys, lates = first, first.shape[1], [], []
    for now in gates.unbind(1):
        heard = h @ weight_hh.t()
        r, z = torch.sigmoid(now[:, : 2 * hidden] + bias[: 2 * hidden] + heard[:, : 2 * hidden]).chunk(
            2, dim=1
        )
        late = heard[:, 2 * hidden :] + bias[3 * hidden :]
        n = torch.tanh(now[:, 2 * hidden :] + bias[2 * hidden : 3 * hidden] + r * late)
        h = n + z * (h - n)
        now.copy_(torch.cat([r, z, n], dim=1))
        ys.append(h)
        lates.append(late)
    return torch.stack(ys, dim=1), torch.stack(lates, dim=1)


def _plain_back(gates, weight_hh, first, y, late, dy) -> tuple[Tensor, Tensor]:
    carried, hidden, slopes = torch.zeros_like(first), first.shape[1], []
    for t in reversed(range(y.shape[1])):
        r, z, n = gates[:, t].chunk(3, dim=1)
        dh, before = dy[:, t] + carried, y[:, t - 1] if t > 0 else first
        dn, dz = dh * (1 - z) * (1 - n * n), dh * (before - n) * z * (1 - z)
        dr = dn * late[:, t] * r * (1 - r)
        slopes.append(torch.cat([dn, dr, dz, dn * r], dim=1))
        carried = dh * z + slopes[-1][:, hidden:] @ weight_hh
    return torch.stack(slopes[::-1], dim=1), carried
