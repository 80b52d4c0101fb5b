"""Models and sounds to write as ONNX and to play."""

import numpy as np
import torch

from tonewright import models, storage
from tonewright.runtime.player import Player


def noise(channels: int = 1, samples: int = 3000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (channels, samples)).astype(np.float32)


def small(architecture: str, preset: str, **changes) -> Player:
    torch.manual_seed(0)
    config = models.preset(architecture, preset)
    model = models.find(architecture).Model(type(config)(**vars(config) | changes)).eval()
    if hasattr(model, "head_scale"):
        model.head_scale.fill_(1.0)
    return Player(storage.Tone(architecture, model, getattr(config, "sample_rate", 48000)))
