"""What the trainer of .nam files plays, and what we play of the file that it exports: the same from the first sample.

Its torch code is the authority on what a file means. It is not installed with ours, for it brings a great deal along:
`pip install neural-amp-modeler`, and these tests run.
"""

import numpy as np
import pytest
import torch

from tonewright.export import formats
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream

read = formats.named("nam").read

read = formats.named("nam").read

trainer = pytest.importorskip("nam.models.wavenet", reason="neural-amp-modeler is not installed")
FILMS = (
    *("conv_pre_film", "conv_post_film", "input_mixin_pre_film", "input_mixin_post_film"),
    *("activation_pre_film", "activation_post_film", "layer1x1_post_film", "head1x1_post_film"),
)
BENDS = (
    *("Tanh", "Hardtanh", "ReLU", "Sigmoid", "SiLU", "Hardswish", "Softsign"),
    {"name": "LeakyReLU", "negative_slope": 0.2},
    {"name": "PReLU", "num_parameters": 4},
    {"name": "LeakyHardtanh", "min_val": -0.5, "max_val": 0.6, "min_slope": 0.2},
)
PAIRS = [{"name": name, "primary": "Tanh", "secondary": "Sigmoid"} for name in ("PairMultiply", "PairBlend")]
PAIRS += [
    {"name": name, "primary": "ReLU", "secondary": "Hardtanh"} for name in ("PairMultiply", "PairBlend")
]


def array(source: int, channels: int, head: int, activations: list, **changes) -> dict:
    """Settings of a layer array, as the trainer takes them."""
    count = len(activations)
    row = {"input_size": source, "condition_size": 1, "channels": channels, "activation": activations}
    row |= {"kernel_size": [2 + i % 3 for i in range(count)], "dilations": [1 + 2 * i for i in range(count)]}
    return row | {"head": {"out_channels": head, "kernel_size": 1, "bias": True}} | changes


def wavenet(*arrays: dict, **changes) -> dict:
    return {"layers_configs": list(arrays), "head": None, "head_scale": 0.5, **changes}


FILM = {name: {"active": True, "shift": i % 2 == 0, "groups": 1} for i, name in enumerate(FILMS)}
TAIL = {"channels": 4, "out_channels": 1, "kernel_sizes": [3, 1], "activation": "ReLU"}
GROUPED = {"groups_input": 2, "layer_1x1_config": {"active": True, "groups": 2}}
SIDE = {"head_1x1_config": {"active": True, "out_channels": 6, "groups": 2}}
LISTENER = wavenet(array(1, 3, 2, [{"name": "LeakyReLU", "negative_slope": 0.01}] * 2))
PLAIN = ["Tanh", "Tanh"]
KINDS = {
    "plain": lambda: wavenet(array(1, 8, 4, PLAIN), array(8, 4, 1, PLAIN)),
    "activations": lambda: wavenet(array(1, 4, 1, list(BENDS))),
    "pairs": lambda: wavenet(array(1, 4, 1, PAIRS)),
    "bottleneck": lambda: wavenet(array(1, 8, 1, PLAIN, bottleneck=4)),
    "groups": lambda: wavenet(array(1, 8, 1, PLAIN, **GROUPED)),
    "no 1x1": lambda: wavenet(array(1, 8, 1, PLAIN, layer_1x1_config={"active": False, "groups": 1})),
    "modulated": lambda: wavenet(array(1, 4, 1, [*BENDS[:3], *PAIRS], film_params=FILM, **SIDE)),
    "tail": lambda: wavenet(array(1, 4, 3, PLAIN), head=TAIL),
    "condition": lambda: wavenet(
        array(1, 8, 1, PLAIN, condition_size=2), condition_dsp={"name": "WaveNet", "config": LISTENER}
    ),
    "all": lambda: wavenet(
        array(1, 8, 4, [*BENDS[:8], *PAIRS], condition_size=2, film_params=FILM, **SIDE, **GROUPED),
        array(8, 4, 3, PAIRS, condition_size=2),
        head=TAIL,
        condition_dsp={"name": "WaveNet", "config": LISTENER},
    ),
}


@torch.no_grad()
def both(model, path, x: np.ndarray) -> np.ndarray:
    """The trainer's own answer after silence; and the file that it exports lies at the path."""
    for parameter in model.parameters():
        parameter.uniform_(-0.6, 0.6)
    model.eval().sample_rate = 48000
    model.export(path.parent, basename=path.stem)
    lead = np.zeros(model.receptive_field - 1, np.float32)
    return model(torch.from_numpy(np.concatenate([lead, x]))[None], pad_start=False)[0].numpy().reshape(-1)


def same(model, path) -> None:
    x = np.random.default_rng(0).uniform(-0.5, 0.5, 2000).astype(np.float32)
    expected = both(model, path, x)
    peak, tone = np.abs(expected).max(), read(path)
    assert peak > 1e-3
    for y in (Stream(tone.model, tone.sample_rate).process(x), Player(tone).render(x)):
        np.testing.assert_allclose(y, expected, rtol=0, atol=1e-5 * peak)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_a_wavenet(kind, seed, tmp_path):
    torch.manual_seed(seed)
    same(trainer.WaveNet.init_from_config(KINDS[kind]()), tmp_path / "amp.nam")


@pytest.mark.parametrize("normed", [False, True])
def test_a_convnet(normed, tmp_path):
    torch.manual_seed(0)
    module = pytest.importorskip("nam.models.conv_net")
    config = {"channels": 8, "dilations": [1, 2, 4, 8], "batchnorm": normed, "activation": "Tanh"}
    model = module.ConvNet.init_from_config(config)
    for name, value in model.named_buffers():
        if "running" in name:
            value.uniform_(0.5, 1.5)
    same(model, tmp_path / "amp.nam")
