"""Wide convolutions by the core, and their gradients, are torch's in double: for every shape, and where nothing fits."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.runtime.test_native import needs_core
from tonewright.dsp import wide
from tonewright.threads import one_thread

CLOSE = {"rtol": 1e-5, "atol": 1e-5}  # of the largest number
# batch, inputs, outputs, kernel, stride, dilation, samples
SHAPES = [
    (1, 48, 48, 3, 1, 9, 100),
    (3, 17, 5, 1, 1, 1, 33),
    (2, 40, 70, 7, 1, 2, 150),
    (1, 50, 96, 8, 4, 1, 79),
    (2, 9, 33, 4, 2, 1, 64),
    (1, 100, 20, 5, 3, 2, 200),
    (11, 16, 32, 5, 4, 1, 37),
    (1, 300, 280, 3, 1, 1, 30),
    (2, 12, 12, 2, 5, 1, 90),  # a kernel shorter than the stride
    (1, 24, 8, 3, 1, 1, 3),  # one sample comes out
    (1, 20, 40, 3, 1, 3, 2100),  # several pieces of time
    (2, 1, 16, 377, 16, 1, 1600),  # a filter bank
    (3, 1, 24, 15, 4, 1, 400),
    (1, 2, 24, 6, 8, 1, 300),
]


@pytest.fixture(autouse=True)
def by_the_core(monkeypatch):
    monkeypatch.setattr(wide, "MANY", 1)
    with one_thread():
        yield


@pytest.fixture
def counted(monkeypatch):
    """How often the core was asked for what, where it is built."""
    asked = []
    if wide.native is not None:

        class Counting:
            def __getattr__(self, name):
                asked.append(name)
                return getattr(native, name)

        native = wide.native
        monkeypatch.setattr(wide, "native", Counting())
    return asked


def same(made: torch.Tensor, exact: torch.Tensor) -> None:
    assert made.shape == exact.shape
    scale = float(exact.detach().abs().max()) if exact.numel() else 1.0
    torch.testing.assert_close(made.double() / (scale or 1.0), exact / (scale or 1.0), **CLOSE)


def same_gradients(ours, theirs, given: list[torch.Tensor]) -> None:
    """Of a function of tensors and of the same in double, with random slopes."""
    given = [t.clone().requires_grad_() for t in given]
    doubles = [t.detach().double().requires_grad_() for t in given]
    y, exact = ours(*given), theirs(*doubles)
    same(y, exact)
    dy = torch.randn(y.shape)
    made = torch.autograd.grad(y, given, dy)
    for a, b in zip(made, torch.autograd.grad(exact, doubles, dy.double()), strict=True):
        same(a, b)


def heard(x, past, slope):
    return torch.cat([past, F.leaky_relu(x, slope)], dim=-1)


@pytest.mark.parametrize("slope", [1.0, 0.2])
@pytest.mark.parametrize("before", [0, 1, 23])
@pytest.mark.parametrize("shape", SHAPES)
def test_conv_is_torchs(shape, before, slope):
    batch, inputs, outputs, kernel, stride, dilation, samples = shape
    torch.manual_seed(sum(shape) + before)
    x, past = torch.randn(batch, inputs, samples), torch.randn(batch, inputs, before)
    weight, bias = torch.randn(outputs, inputs, kernel), torch.randn(outputs)

    def ours(x, past, weight, bias):
        return wide.conv1d(x, weight, bias, stride, dilation, past=past, slope=slope)

    def theirs(x, past, weight, bias):
        return F.conv1d(heard(x, past, slope), weight, bias, stride, dilation=dilation)

    same_gradients(ours, theirs, [x, past, weight, bias])
    # The gradient of x alone is made in another way than beside that of the past.
    same_gradients(
        lambda x: ours(x, past, weight, None), lambda x: theirs(x, past.double(), weight.double(), None), [x]
    )


@pytest.mark.parametrize("padding", [1, 4, 30])
@pytest.mark.parametrize("shape", SHAPES)
def test_padding_is_silence(shape, padding):
    batch, inputs, outputs, kernel, stride, dilation, samples = shape
    x, weight = torch.randn(batch, inputs, samples), torch.randn(outputs, inputs, kernel)
    same_gradients(
        lambda x, weight: wide.conv1d(x, weight, None, stride, dilation, padding),
        lambda x, weight: F.conv1d(x, weight, None, stride, padding, dilation),
        [x, weight],
    )


@pytest.mark.parametrize("slope", [1.0, 0.2])
@pytest.mark.parametrize("before", [0, 1, 5])
@pytest.mark.parametrize("shape", [s for s in SHAPES if s[5] == 1])
def test_transposed_is_torchs(shape, before, slope):
    batch, outputs, inputs, kernel, stride, _, samples = shape
    torch.manual_seed(sum(shape) + before)
    x, past = torch.randn(batch, inputs, samples), torch.randn(batch, inputs, before)
    weight, bias = torch.randn(inputs, outputs, kernel), torch.randn(outputs)

    def ours(x, past, weight, bias):
        return wide.conv_transpose1d(x, weight, bias, stride, past, slope)

    def theirs(x, past, weight, bias):
        y = F.conv_transpose1d(heard(x, past, slope), weight, bias, stride, output_padding=max(0, stride - kernel))
        return y[..., before * stride :][..., : samples * stride]

    if kernel >= stride:
        same_gradients(ours, theirs, [x, past, weight, bias])
        same_gradients(
            lambda x: ours(x, past, weight, None), lambda x: theirs(x, past.double(), weight.double(), None), [x]
        )


@needs_core
def test_the_core_is_asked(counted):
    x, weight = torch.randn(1, 32, 100), torch.randn(48, 32, 3, requires_grad=True)
    wide.conv1d(x, weight).sum().backward()
    assert counted == ["wide_gather", "wide_slopes"]  # nobody wants the gradient of x
    wide.conv_transpose1d(x, torch.randn(32, 16, 4), stride=2)
    assert counted[2:] == ["wide_spread"]


@pytest.mark.parametrize("kind", ["turned", "every second", "expanded"])
def test_sounds_that_do_not_lie_in_rows(kind):
    x = torch.randn(2, 200, 30).transpose(1, 2) if kind == "turned" else torch.randn(2, 30, 400)[..., ::2]
    if kind == "expanded":
        x = torch.randn(1, 30, 1).expand(2, 30, 200)
    weight = torch.randn(3, 20, 30).permute(1, 2, 0)
    same_gradients(lambda x, w: wide.conv1d(x, w), lambda x, w: F.conv1d(x, w), [x, weight])
    x = x.requires_grad_() if x.is_leaf else x
    y = wide.conv1d(x, weight.clone().requires_grad_())
    torch.testing.assert_close(y, F.conv1d(x, weight), rtol=1e-4, atol=1e-3)
    y.sum().backward()  # whose gradient is one number for all


def test_parts_of_a_sound_are_heard_where_they_lie():
    whole, weight = torch.randn(2, 60, 300), torch.randn(20, 30, 5)
    part = whole[:, 10:40, 7:207]
    same(wide.conv1d(part, weight), F.conv1d(part.double(), weight.double()))


def test_without_gradients_and_twice():
    x, weight = torch.randn(1, 32, 64), torch.randn(16, 32, 3, requires_grad=True)
    with torch.no_grad():
        assert not wide.conv1d(x, weight).requires_grad
    y = wide.conv1d(x, weight)
    twice = wide.conv1d(F.pad(y, (2, 0)).repeat(1, 2, 1), weight) + y.repeat(1, 1, 1)
    (first,) = torch.autograd.grad(twice.sum(), weight, retain_graph=True)
    (again,) = torch.autograd.grad(twice.sum(), weight)
    assert torch.equal(first, again)


def test_a_weight_that_is_changed_before_its_gradient_is_told():
    weight = torch.randn(16, 32, 3, requires_grad=True)
    y = wide.conv1d(torch.randn(1, 32, 64, requires_grad=True), weight)
    with torch.no_grad():
        weight += 1.0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_what_does_not_fit_is_told_as_torch_does():
    weight = torch.randn(16, 32, 5)
    for x in (torch.randn(1, 32, 4), torch.randn(1, 31, 40), torch.randn(40), torch.randn(1, 32, 0)):
        with pytest.raises(RuntimeError):
            F.conv1d(x, weight)
        with pytest.raises(RuntimeError):
            wide.conv1d(x, weight)
    assert wide.conv1d(torch.randn(0, 32, 40), weight).shape == (0, 16, 36)


def test_other_numbers_and_more_threads_are_torchs(counted):
    x, weight = torch.randn(1, 32, 100), torch.randn(48, 32, 3)
    wide.conv1d(x.double(), weight.double())
    torch.set_num_threads(2)
    wide.conv1d(x, weight)
    assert counted == []


def test_what_is_no_number_stays_none():
    x = torch.zeros(1, 32, 100)
    x[0, 3, 50] = torch.nan
    y = wide.conv1d(x, torch.randn(48, 32, 3), slope=0.2)
    assert y[..., 48:51].isnan().all() and y[..., :48].isfinite().all() and y[..., 51:].isfinite().all()


@needs_core
def test_the_core_refuses_what_does_not_fit():
    def zeros(*shape):
        return np.zeros(shape, np.float32)

    def gather(fine=(1, 8, 20), past=None, before=0, bent=None, coarse=(1, 9, 18), bias=None, steps=(1, 1)):
        arrays = [None if shape is None else zeros(*shape) for shape in (bias, fine, past, bent, coarse)]
        bias, fine, past, bent, coarse = arrays
        wide.native.wide_gather(zeros(9, 8, 3), bias, fine, past, before, 1.0, bent, 1.0, coarse, *steps)

    gather()
    for wrong in (
        {"fine": (1, 7, 20)},
        {"coarse": (2, 9, 18)},
        {"past": (1, 8, 3), "before": 2},
        {"past": (1, 7, 2), "before": 2},
        {"before": 1 << 40},
        {"bent": (1, 9, 17)},
        {"bias": (8,)},
        {"steps": (0, 1)},
        {"steps": (1, 0)},
        {"steps": (1 << 40, 1)},
    ):
        with pytest.raises(ValueError, match="wants"):
            gather(**wrong)
    for dtype, layout in itertools.product((np.float64, np.float32), ("C", "F")):
        if (dtype, layout) != (np.float32, "C"):
            with pytest.raises((TypeError, ValueError)):
                fine = np.asarray(zeros(1, 8, 20), dtype=dtype, order=layout)
                wide.native.wide_slopes(fine, None, 0, 1.0, zeros(1, 9, 18), None, 0, 1.0, zeros(9, 8, 3), 1, 1)
