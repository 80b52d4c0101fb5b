"""The basis of the latents of what was taught, once a model is taught."""

import torch

from tonewright.models.rave.basis import Basis, Gathering, heard_in
from tonewright.models.rave.crops import Crops
from tonewright.models.rave.model import Timbre

SECONDS = 300.0  # of sound that it is found in


@torch.no_grad()
def summed_up(model: Timbre, crops: Crops) -> Basis:
    """The directions in which the latents of the recordings vary, with names of what they go with.

    Args:
        model: taught, before it has any basis.
        crops: of what it was taught.
    """
    corpus, config, gathering = crops.corpus, model.config, Gathering()
    late = model.encoder.latency
    count = max(1, min(corpus.samples // crops.length, round(SECONDS * config.sample_rate / crops.length)))
    for i in range(count):
        sound = torch.from_numpy(corpus.crop(corpus.samples * i // count, crops.length))[None, None]
        means, _ = model.encoder.posterior(sound)
        # frames are late by the bank, too, and their middle is half a frame before the first sample that they add
        behind = model.encoder.behind + config.compression // 2
        heard = heard_in(sound, config.sample_rate, config.compression, behind)
        frames = means.shape[-1] - late
        gathering.add(means[..., late:], {name: values[..., :frames] for name, values in heard.items()})
    return gathering.basis()
