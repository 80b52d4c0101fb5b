"""A small timbre that was never taught."""

import dataclasses

import torch

from tonewright import storage
from tonewright.models.rave import Config, Model

SMALL = Config(
    sample_rate=16000, attenuation_db=40, capacity=4, ratios=(2, 2), dilations=((1,), (1,)), latent=8, knobs=3
)


def tone(seed: int = 0, **changes) -> storage.Tone:
    """With latents as different as if they had been taught."""
    torch.manual_seed(seed)
    model = Model(dataclasses.replace(SMALL, **changes)).eval()
    latent = model.config.latent
    turned, _ = torch.linalg.qr(torch.randn(latent, latent))
    model.set_basis(0.1 * torch.randn(latent), turned, 0.5 ** torch.arange(latent))
    return storage.Tone(
        "rave",
        model,
        model.config.sample_rate,
        metrics={"held_out_spectral": 3.0, "half_way_spectral": 5.0, "untaught_spectral": 20.0},
        provenance={"latent_0": "loudness (r = 0.93)"},
    )
