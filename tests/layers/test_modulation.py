"""The phasor's layer keeps the contract, and the core plays what Python plays, to the bit."""

import numpy as np
import pytest
import torch

from tests.contract.stream import check_contract
from tests.layers.faces import Handed, native
from tests.runtime.test_native import in_blocks, needs_core
from tests.runtime.test_native_recurrent import same
from tonewright.errors import ConfigError, FileError, ShapeError
from tonewright.layers.graph import trace_whole
from tonewright.layers.modulation import Phasor
from tonewright.runtime.stream import Stream


def turning(start: int = 0, rate_hz: float = 7.3, phase: float = 0.2, finish=None) -> Handed:
    weight = torch.tensor([rate_hz, phase])
    return Handed(Phasor(48000, start), weight, lambda weight: (weight[0], weight[1]), finish)


def tremolo(x: torch.Tensor, ramp: torch.Tensor) -> torch.Tensor:
    """A ramp never settles, but what it shakes does."""
    return x * (1.0 - 0.5 * torch.sin(6.2831853 * ramp))


@pytest.mark.parametrize("start", [0, -300, 10**12])
def test_plays_in_blocks(start):
    check_contract(turning(start, 997.0, finish=tremolo), 1)


def test_one_ramp_for_each_sound_whatever_its_channels():
    layer = Phasor(48000)
    one = torch.tensor(1.0)
    for channels, dtype in [(1, torch.float32), (3, torch.float64)]:
        ramp, state = layer(torch.zeros(2, channels, 5, dtype=dtype), layer.initial_state(2), one, one)
        assert ramp.shape == (2, 1, 5) and ramp.dtype == dtype and state[0].tolist() == [5, 5]


@needs_core
@pytest.mark.parametrize("rate_hz,phase", [(0.013, 0.0), (7.3, -0.4), (1234.5, 99.9), (23999.0, 0.5)])
@pytest.mark.parametrize("start", [0, -4321, 2**53])
def test_the_core_plays_the_same_to_the_bit(rate_hz, phase, start):
    model, silence = turning(start, rate_hz, phase), np.zeros(3000, np.float32)
    core = native(model)
    python = in_blocks(Stream(model, 48000, 1), silence, 1)
    for seed in (2, 3):
        assert np.array_equal(in_blocks(core, silence, seed), python)
        core.reset()


@needs_core
def test_the_core_shakes_the_same():
    same(turning(rate_hz=50.0, finish=tremolo), channels=2)


@needs_core
def test_a_start_below_zero_makes_up_for_settling():
    """After as many samples of silence as the start is below 0, the first note meets the phase."""
    model = turning(-500, 7.3, 0.25)
    model.settle = 500
    for stream in (Stream(model, 48000, 1), native(model)):
        assert stream.process(np.zeros(1, np.float32))[0] == 0.25


def test_the_graph_holds_what_was_made_of_weights():
    graph, folded = trace_whole(turning(-7, 2.5, 0.75))
    assert [node["op"] for node in graph["nodes"]] == ["input", "phasor"]
    node = graph["nodes"][1]
    assert node["inputs"] == [0] and node["attributes"] == {"sample_rate": 48000, "start": -7}
    assert node["weights"] == {"rate_hz": "folded.0", "phase": "folded.1"}
    assert {name: float(value) for name, value in folded.items()} == {"folded.0": 2.5, "folded.1": 0.75}
    assert node["state"] == [{"shape": [], "dtype": "int64"}]


@needs_core
def test_damaged_files_are_refused():
    model = turning(-7, 22000.0)
    native(model)
    for before, after in [
        ('"sample_rate":48000,"start"', '"sample_rate":44000,"start"'),  # the rate is half of it
        ('"sample_rate":48000,"start"', '"sample_rate":0.500,"start"'),
        ('"start":-7', '"start":.7'),
        ('"rate_hz":', '"rate_hx":'),
        ('"phase":', '"phasx":'),
    ]:
        with pytest.raises(FileError):
            native(model, before, after)


def test_mistakes_are_told():
    for wrong in [(0, 0), (2**31, 0), (48000, 2**54), (48000, -(2**54))]:
        with pytest.raises(ConfigError, match="a sample rate of 1 to"):
            Phasor(*wrong)
    layer, one = Phasor(48000), torch.tensor(1.0)
    with pytest.raises(ShapeError, match=r"Phasor wants x as \[B, C, T\]"):
        layer(torch.zeros(4), layer.initial_state(1), one, one)
    with pytest.raises(ConfigError, match="below 24000"):
        layer(torch.zeros(1, 1, 4), layer.initial_state(1), 24000 * one, one)
