"""The two halves of a timbre model, each a model that plays by itself: sound to latents, and latents to sound."""

import torch
from torch import Tensor

from tonewright.layers.base import Layer, State
from tonewright.layers.combine import Parallel, Serial
from tonewright.layers.dense import Linear
from tonewright.layers.pqmf import Analysis, Synthesis
from tonewright.models.base import Model
from tonewright.models.rave import v1, v2
from tonewright.models.rave.config import BANDS, Config
from tonewright.models.rave.latent import sample, spread
from tonewright.models.rave.noise import Noise

FAMILY = {"v1": v1, "v2": v2}


class Encoder(Model):
    """Sound x [B, 1, T] to latents [B, latent, T / compression]: their means, those that say the most first.

    Latents are late by `latency` frames, and by `behind` samples which are the filter bank's. That is no whole number
    of frames, and nothing waits until it is one: frame n describes the sound around n * compression - behind.

    Until a model is taught to its end its basis is the identity; then it is the principal directions, each scaled so
    that over the recordings a latent has mean 0 and variance 1.

    >>> encoder = Encoder(Config(capacity=4, ratios=(2, 2), dilations=((1,), (1,)), latent=8))
    >>> encoder(torch.randn(1, 1, 640), encoder.initial_state(1))[0].shape
    torch.Size([1, 8, 10])
    """

    inputs = 1

    def __init__(self, config: Config):
        super().__init__()
        family = FAMILY[config.family]
        self.config = config
        self.bank = Analysis(BANDS, config.attenuation_db)
        self.path = Serial(
            Serial(*family.trunk(config)), family.head(config, first=True), basis(config.latent)
        )
        self.scale = family.head(config, first=False)  # teaches, and takes no part in playing
        self.outputs, self.ratio, self.block = (
            config.latent,
            self.path.ratio / BANDS,
            self.path.block * BANDS,
        )
        self.count = self.bank.state_count
        self.latency, self.behind = self.path.latency, self.bank.latency * BANDS
        self.settle = -(-self.bank.settle // self.block) * self.block + self.path.settle * BANDS

    @property
    def basis(self) -> Linear:
        """From the latents as they were taught to their principal directions."""
        return self.path.layers[-1]

    def initial_state(self, batch: int) -> State:
        return self.bank.initial_state(batch) + self.path.initial_state(batch)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        bands, heard = self.bank(x, state[: self.count])
        z, remembered = self.path(bands, state[self.count :])
        return z, heard + remembered

    def with_spread(self) -> "Posterior":
        """The same, which also gives how sure it is."""
        return Posterior(self)

    def drawn(self, z: Tensor, scale: Tensor, generator: torch.Generator) -> Tensor:
        """Latents as likely as those that it was taught with.

        Args:
            z, scale: [latent, F], as `with_spread` gives them.
            generator: of the draw.
        """
        off = sample(torch.zeros_like(scale), spread(scale), generator)  # before any basis
        return z + self.basis.weight.detach() @ off

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The means, before any basis, and the scales of the latents of whole sounds [B, 1, T], after silence.

        Returns:
            Two tensors [B, latent, T / compression], as late as what plays.
        """
        trunk, mean, _ = self.path.layers
        bands, _ = self.bank(x, self.bank.initial_state(len(x)))
        heard, _ = trunk(bands, trunk.initial_state(len(x)))
        return tuple(head(heard, head.initial_state(len(x)))[0] for head in (mean, self.scale))


class Posterior(Model):
    """Sound x [B, 1, T] to [B, 2 latent, T / compression]: what the encoder gives, and below it the scales.

    >>> encoder = Encoder(Config(capacity=4, ratios=(2, 2), dilations=((1,), (1,)), latent=8))
    >>> both = encoder.with_spread()
    >>> both(torch.randn(1, 1, 640), both.initial_state(1))[0].shape
    torch.Size([1, 16, 10])
    """

    inputs = 1

    def __init__(self, encoder: Encoder):
        super().__init__()
        trunk, mean, basis = encoder.path.layers
        self.config, self.bank = encoder.config, encoder.bank
        self.path = Serial(trunk, Parallel([Serial(mean, basis), encoder.scale], "stack"))
        self.outputs, self.ratio, self.block = 2 * encoder.outputs, encoder.ratio, encoder.block
        self.latency, self.settle = encoder.latency, encoder.settle
        self.count = self.bank.state_count

    def initial_state(self, batch: int) -> State:
        return self.bank.initial_state(batch) + self.path.initial_state(batch)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        bands, heard = self.bank(x, state[: self.count])
        both, remembered = self.path(bands, state[self.count :])
        return both, heard + remembered


class Decoder(Model):
    """Latents z [B, latent, F] to sound y [B, 1, F * compression].

    >>> decoder = Decoder(Config(capacity=4, ratios=(2, 2), dilations=((1,), (1,)), latent=8)).eval()
    >>> decoder(torch.randn(1, 8, 10), decoder.initial_state(1))[0].shape
    torch.Size([1, 1, 640])
    """

    outputs = 1

    def __init__(self, config: Config):
        super().__init__()
        family = FAMILY[config.family]
        body, wave = Serial(*family.body(config)), family.wave(config)
        # of the bands, since those of the encoder left its bank: frames of latents have an even number of them
        late = Analysis(BANDS, config.attenuation_db).latency + body.latency + wave.latency
        sounds: list[Layer] = [Serial(wave, Synthesis(BANDS, config.attenuation_db, late))]
        if config.noise:
            sounds.append(Noise(config, family.NOISE_KERNEL))
        self.config = config
        both = Parallel(sounds)
        self.path = Serial(basis(config.latent), body, both)
        # which memory is the seed of the noise: it stands behind those of the bands and of the noise's colour
        before = self.path.state_count - both.state_count + both.counts[0]
        self.seed = before + sounds[1].count + 1 if config.noise else None
        self.inputs, self.ratio = config.latent, self.path.ratio
        self.latency, self.settle = self.path.latency, self.path.settle

    @property
    def basis(self) -> Linear:
        """Back from the principal directions to the latents as they were taught."""
        return self.path.layers[0]

    @property
    def wave(self) -> Layer:
        """The head that makes the bands."""
        return self.path.layers[-1].branches[0].layers[0]

    def initial_state(self, batch: int, seeds: Tensor | None = None) -> State:
        """Before the first frame.

        Args:
            batch: how many are played at once.
            seeds: of their noise, [B] int64.
        """
        state = self.path.initial_state(batch)
        if seeds is not None and self.seed is not None:
            state[self.seed] = seeds
        return state

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        return self.path(x, state)


@torch.no_grad()
def basis(latent: int) -> Linear:
    """The identity, which no gradient moves."""
    made = Linear(latent, latent)
    made.weight.zero_().diagonal().fill_(1.0)
    made.bias.zero_()
    return made.requires_grad_(False)
