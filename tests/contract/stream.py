"""The one contract that everything which touches sound keeps; used for every layer and every preset."""

import numpy as np
import torch
from torch import Tensor

from tonewright.layers.base import Layer


def check_contract(
    layer: Layer,
    channels: int,
    seed: int = 0,
    offline=None,
    ports: dict | None = None,
    forgets: bool = True,
) -> None:
    """Streaming equals offline, and the layer is as it declares.

    Args:
        layer: in eval mode; it is played in float64.
        channels: of the sound to feed it.
        offline: the ordinary, centred network as a function of a whole signal [B, C, T]; the stream must equal
            it in its interior, `layer.latency` samples later.
        ports: a model's controls by name, each [2, 1, T] with T of `_length(layer)`.
        forgets: False for what needs longer than `settle` to forget a sound, such as a filter that rings and begins
            as silence leaves it; that silence follows silence is then not asked for.
    """
    layer = layer.double().eval()
    rng = np.random.default_rng(seed)
    x = torch.from_numpy(rng.standard_normal((2, channels, _length(layer)))).requires_grad_()
    ports = ports or {}
    _check_facts(layer, x, ports)
    _check_cuts(layer, x, ports, rng)
    if forgets:
        _check_settle(layer, channels, ports)
    if offline is not None:
        _check_offline(layer, x, offline)


def play(layer: Layer, x: Tensor, ports: dict | None = None, cuts=None) -> Tensor:
    """x through the layer in blocks that end at `cuts`; whole without them."""
    state, ys, start = layer.initial_state(x.shape[0]), [], 0
    for end in [*(cuts or []), x.shape[-1]]:
        y, state = layer(x[..., start:end], state, **{k: v[..., start:end] for k, v in (ports or {}).items()})
        ys.append(y)
        start = end
    return torch.cat(ys, dim=-1)


def random_cuts(rng, length: int, block: int) -> list[int]:
    """Ends of blocks of 1, 7, 64 and random sizes, each a multiple of the layer's block."""
    cuts, at = [], 0
    while True:
        at += block * int(rng.choice([1, 1, 7, 64, int(rng.integers(1, 200))]))
        if at >= length:
            return cuts
        cuts.append(at)


def _length(layer: Layer) -> int:
    """Long enough to pass every memory twice, and a multiple of the block."""
    return -(-(2 * layer.settle + 600) // layer.block) * layer.block


def _check_facts(layer, x, ports):
    first = layer.initial_state(2)
    assert len(first) == layer.state_count
    y, state = layer(x, first, **ports)
    assert y.shape[0] == 2 and y.shape[-1] == x.shape[-1] * layer.ratio
    if layer.outputs is not None:
        assert y.shape[1] == layer.outputs
    assert [s.shape for s in state] == [s.shape for s in first]
    assert [s.dtype for s in state] == [s.dtype for s in first]
    assert layer.latency >= 0 and int(layer.latency) == layer.latency
    again = layer.initial_state(2)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True)), "a state was changed in place"


def _check_cuts(layer, x, ports, rng):
    whole = play(layer, x, ports)
    weight = torch.from_numpy(rng.standard_normal(whole.shape))
    wanted = [x, *(p for p in layer.parameters() if p.requires_grad)]
    expect = torch.autograd.grad((whole * weight).sum(), wanted, allow_unused=True)
    for cuts in (random_cuts(rng, x.shape[-1], layer.block), [layer.block]):
        parts = play(layer, x, ports, cuts)
        torch.testing.assert_close(parts, whole, rtol=1e-9, atol=1e-10)
        got = torch.autograd.grad((parts * weight).sum(), wanted, allow_unused=True)
        for a, b in zip(got, expect, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-8 * float(b.abs().max()) + 1e-12)


def _check_settle(layer, channels, ports):
    """After noise and `settle` samples of silence, more silence repeats itself, block by block."""
    length = _length(layer)
    x = torch.randn(1, channels, 2 * length, dtype=torch.float64)
    x[..., length:] = 0
    still = {name: torch.full_like(x[:, :1], 0.5) for name in ports}
    with torch.no_grad():
        y = play(layer, x, still)
    settled = int(-(-(length + layer.settle) * layer.ratio // 1))
    steady, period = y[..., settled:], int(layer.block * layer.ratio)
    torch.testing.assert_close(steady[..., period:], steady[..., :-period], rtol=1e-9, atol=1e-10)


def _check_offline(layer, x, offline):
    """What the stream gives at sample n is what the ordinary network gives at n - latency."""
    with torch.no_grad():
        stream, ordinary = play(layer, x), offline(x)
    stream = stream[..., layer.latency :]
    edge = int(layer.settle * layer.ratio) + 1  # both ends of the ordinary network see its padding
    length = min(stream.shape[-1], ordinary.shape[-1]) - edge
    assert length > edge
    torch.testing.assert_close(stream[..., edge:length], ordinary[..., edge:length], rtol=1e-9, atol=1e-10)
