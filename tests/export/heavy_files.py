"""Small files of other programs that ask for much: more than is played, or just as much."""

from tests.export.json_files import dense, layer, recurrent, rt_file
from tests.export.nam_files import array

ON = {"active": True, "shift": True, "groups": 1}
# all but that of what goes to the head, which wants a convolution there
FILMS = ("conv_pre", "conv_post", "input_mixin_pre", "input_mixin_post")
FILMS += ("activation_pre", "activation_post", "layer1x1_post")


def bends(activation: str, count: int, channels: int, dilation: int) -> dict:
    """An .aidax file of one long convolution, and so many activations after it."""
    long = layer("conv1d", channels, [[[0.01] * channels]] * 2, [0.01] * channels)
    long |= {"kernel_size": [2], "dilation": [dilation], "groups": 1}
    bent = layer("activation", channels, activation=activation)
    return rt_file(long, *[bent] * count, dense(channels))


def grus(count: int, hidden: int = 8) -> dict:
    """An .aidax file of so many GRUs, one after another."""
    cells = [recurrent("gru", hidden if i else 1, hidden) for i in range(count)]
    return rt_file(*cells, dense(hidden))


def grouped(layers: int, channels: int, dilation: int) -> dict:
    """A .nam file of layers whose channels do not see each other."""
    row = array(1, channels, 1, kernel_size=2, dilations=[dilation] * layers, groups_input=channels)
    row |= {"bottleneck": channels, "layer1x1": {"active": True, "groups": channels}, "head_bias": False}
    return _nam(row, 2 * channels + 6 * channels * layers + 1)


def modulated(layers: int, dilation: int) -> dict:
    """A .nam file of layers of one channel, each modulated at seven places."""
    row = array(1, 1, 1, kernel_size=2, dilations=[dilation] * layers, gated=..., head_bias=False)
    row |= {"activation": {"type": "PReLU"}, "gating_mode": "blended"}
    row |= {"bottleneck": 1, "secondary_activation": {"type": "LeakyHardtanh"}}
    return _nam(row | {f"{place}_film": ON for place in FILMS}, 3 + 50 * layers)


def plain(layers: int, dilation: int) -> dict:
    """A .nam file of layers of one channel and two taps."""
    return _nam(array(1, 1, 1, kernel_size=2, dilations=[dilation] * layers), 6 * layers + 4)


def _nam(row: dict, weights: int) -> dict:
    config = {"layers": [row], "head": None, "head_scale": 0.02}
    values = {"version": "0.7.0", "architecture": "WaveNet", "config": config}
    return values | {"weights": [0.001] * weights, "sample_rate": 48000}
