"""Every processor keeps the contract, its gradients are right, nothing breaks it, and the core plays the same."""

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfilt

from tests.contract.stream import check_contract
from tests.models.chain.made import RATE, SIZES, by_chance, channels_of, made
from tests.runtime.test_native import in_blocks, needs_core
from tonewright import storage
from tonewright.models.chain import Config, Link, Model
from tonewright.models.chain.processors import PROCESSORS
from tonewright.runtime.native import NativeStream
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream

KINDS = pytest.mark.parametrize("kind", PROCESSORS)
SIDES = pytest.mark.parametrize("channels", [1, 2], ids=["mono", "stereo"])
SEEDS = pytest.mark.parametrize("seed", range(3))
STEP = 1e-6  # of a value, or of a fiftieth of its range
# Where a slope ends, a difference of two values does not tell it: a delay is turned from whole samples, on which one
# polynomial takes over from the other. Of the others the kinks lie where no sample of this sound does.
AWAY = {"delay": {"delay_ms": 1.234}}


def turned(kind: str, seed: int, channels: int = 1):
    processor = made(kind, channels)
    processor.set(**by_chance(kind, seed))
    return processor


@KINDS
@SIDES
@SEEDS
def test_plays_in_blocks(kind, channels, seed):
    # a filter rings and an echo repeats for longer than anyone would settle; both begin as silence leaves them
    check_contract(turned(kind, seed, channels), channels_of(kind, channels), seed, forgets=False)


@pytest.mark.parametrize("kind", [kind for kind, made in PROCESSORS.items() if not made.moves])
@SIDES
def test_is_as_silence_leaves_it(kind, channels):
    """So that a chain need not settle: after silence it makes of a sound what it makes of it at first."""
    processor = turned(kind, 1, channels)
    sound = torch.randn(1, channels_of(kind, channels), 1000) * 0.3
    later = torch.cat([torch.zeros_like(sound), sound], dim=-1)
    with torch.no_grad():
        first, _ = processor(sound, processor.initial_state(1))
        after, _ = processor(later, processor.initial_state(1))
    assert processor.settle_s == 0
    torch.testing.assert_close(after[..., 1000:], first, rtol=1e-5, atol=1e-6)


@KINDS
@SEEDS
def test_gradients_are_those_of_small_changes(kind, seed):
    processor = turned(kind, seed).double()
    if seed == 0:
        processor.set(**AWAY.get(kind, {}))
    rng = np.random.default_rng(seed)
    x = torch.from_numpy(rng.standard_normal((1, processor.inputs, 700)) * 0.4).requires_grad_()
    weight = torch.from_numpy(rng.standard_normal((1, processor.outputs, 700)))

    def told() -> torch.Tensor:
        return (processor(x, processor.initial_state(1))[0] * weight).sum()

    dx, *slopes = torch.autograd.grad(told(), [x, *processor.panel.parameters()])
    for setting, slope in zip(processor.settings, slopes, strict=True):
        parameter = getattr(processor.panel, setting.name)
        some = range(parameter.numel())[:: max(1, parameter.numel() // 6)]
        for index in some:
            step = STEP * max(
                abs(float(parameter.detach().view(-1)[index])), 0.02 * (setting.high - setting.low)
            )
            expect = small_change(told, parameter, index, step)
            scale = float(slope.abs().max()) + 1e-5
            assert float(slope.flatten()[index]) == pytest.approx(expect, rel=1e-4, abs=1e-4 * scale), (
                setting.name
            )
    for index in rng.integers(0, x.numel(), 5).tolist():
        expect = small_change(told, x, index, 1e-6)
        assert float(dx.flatten()[index]) == pytest.approx(expect, rel=1e-4, abs=1e-5)


@torch.no_grad()
def small_change(told, of: torch.Tensor, index: int, step: float) -> float:
    place, kept = of.view(-1), float(of.view(-1)[index])
    ends = []
    # around the place, also at the end of a range: the layers do not know of it
    for value in (kept + step, kept - step):
        place[index] = value
        ends.append((float(told()), float(place[index])))
    place[index] = kept
    (up, high), (down, low) = ends
    return (up - down) / (high - low)


@KINDS
@SIDES
def test_nothing_breaks_it(kind, channels):
    """Silence stays silent and full scale finite, sound and slopes, wherever the settings are."""
    rng = np.random.default_rng(0)
    channels = channels_of(kind, channels)
    noise = torch.from_numpy(rng.choice([-1.0, 1.0, 0.3], (1, channels, 800))).float()
    ends = [
        {s.name: end(s) for s in PROCESSORS[kind].settings} for end in (lambda s: s.low, lambda s: s.high)
    ]
    places = [{}, *ends, *({name: value} for place in ends for name, value in place.items())]
    for place in places:
        processor = made(kind, channels)
        full = {n: [v] * len(getattr(processor.panel, n)) for n, v in place.items() if many(processor, n)}
        processor.set(**place | full)
        for sound in (noise, torch.zeros_like(noise)):
            y, _ = processor(sound, processor.initial_state(1))
            assert y.isfinite().all(), place
            if not sound.any():
                assert processor.begins or (y.abs() < 1e-6).all(), place
            y.square().mean().backward()
            for name, parameter in processor.panel.named_parameters():
                assert parameter.grad.isfinite().all(), (name, place)


def many(processor, name: str) -> bool:
    return getattr(processor.panel, name).ndim > 0


@KINDS
@pytest.mark.parametrize("rate", [1000, 8000, 192000])
def test_any_rate(kind, rate):
    """Above half of a low rate there is no frequency; the highest takes its place."""
    for end in (lambda s: s.low, lambda s: s.high):
        processor = made(kind, rate=rate)
        one = {s.name: end(s) for s in processor.settings if s.count == 1 and s.name != "t60_s"}
        processor.set(**one)
        y, _ = processor(torch.randn(1, processor.inputs, 2000), processor.initial_state(1))
        assert y.isfinite().all()
        assert processor.kind == "gain" or y.abs().max() < 1e4


def chain_of(kind: str, channels: int, seed: int) -> Model:
    size = SIZES.get(kind, 0) if seed else 0
    chain = Model(Config((Link(kind, size),), channels_of(kind, channels), RATE)).eval()
    chain.processors[kind].set(**by_chance(kind, seed, size))
    return chain


def same(chain: Model, sound: np.ndarray, near: float = 1e-5) -> None:
    """The core plays what torch plays, in random blocks, and again from the start."""
    tone = storage.Tone("chain", chain, RATE)
    assert Player(tone).engine == "native core"
    python = in_blocks(Stream(chain, RATE, len(sound)), sound, 1)
    core = NativeStream(storage.to_bytes(tone), chain, len(sound))
    peak = np.abs(python).max()
    assert peak > 1e-4
    for seed in (2, 3):
        np.testing.assert_allclose(in_blocks(core, sound, seed), python, rtol=0, atol=near * peak)
        core.reset()


def sound_for(kind: str, channels: int) -> np.ndarray:
    """Noise; without the highest treble for a swept delay.

    A delay of a thousand samples in float32 is known to 6e-5 of one, and as much of what noise is from sample to
    sample would be the difference.
    """
    noise = np.random.default_rng(0).uniform(-0.7, 0.7, (channels, 3000))
    if kind in ("chorus", "flanger"):
        noise = sosfilt(butter(4, 1000.0, fs=RATE, output="sos"), noise)
    return noise.astype(np.float32)


@needs_core
@KINDS
@SIDES
@SEEDS
def test_the_core_plays_the_same(kind, channels, seed):
    same(chain_of(kind, channels, seed), sound_for(kind, channels_of(kind, channels)))


@KINDS
@SIDES
def test_a_file_keeps_it(kind, channels, tmp_path):
    chain = chain_of(kind, channels, 2)
    storage.save(storage.Tone("chain", chain, RATE), tmp_path / "chain.tone")
    loaded = storage.load(tmp_path / "chain.tone")
    assert loaded.model.values() == chain.values() and loaded.model.config == chain.config
    assert storage.self_check(tmp_path / "chain.tone", loaded) == 0.0
    sound = sound_for(kind, channels_of(kind, channels))
    streams = [Stream(model, RATE, len(sound)) for model in (chain, loaded.model)]
    np.testing.assert_array_equal(*(stream.process(sound) for stream in streams))
