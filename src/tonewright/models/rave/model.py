"""A timbre: what it hears in any sound, in a few slow numbers, and what it plays upon them."""

import torch
from torch import Tensor

from tonewright.errors import ConfigError
from tonewright.layers.base import State
from tonewright.layers.dense import Every
from tonewright.models.base import Model, Port, Row
from tonewright.models.rave.basis import dims_for
from tonewright.models.rave.coders import Decoder, Encoder
from tonewright.models.rave.config import Config

FIDELITY = "latent.fidelity"
REACH = 4.0  # standard deviations by which a knob moves a latent
LONGEST = (
    1 << 20
)  # samples that a model may look back and ahead; those of the published ones are below 90,000
LEAST = 1e-6  # variance of a latent beside that of the largest: what never moves is not blown up


class Timbre(Model):
    """x [B, 1, T], any sound, to the same in the timbre that was taught, y [B, 1, T]; T a multiple of a frame.

    Ports: `latent_0` ... are added to the latents, the one that says the most first, in standard deviations of what
    was taught. Setting: `latent.fidelity` is the share of the latents' variance that is played; the dimensions that
    are left out stand at their means.

    >>> model = Timbre(Config(capacity=4, ratios=(2, 2), dilations=((1,), (1,)), latent=8, knobs=2)).eval()
    >>> [port.name for port in model.ports], model.block
    (['latent_0', 'latent_1'], 64)
    """

    inputs = outputs = 1

    def __init__(self, config: Config | None = None):
        super().__init__()
        self.config = config = config or Config()
        self.ports = tuple(
            Port(f"latent_{i}", "", -REACH, REACH, 0.0, smoothing_ms=20.0) for i in range(config.knobs)
        )
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.every = Every(config.compression)
        self.register_buffer("variance", torch.ones(config.latent))
        self.count = self.encoder.state_count
        self.block = config.compression
        self.latency = self.encoder.latency * config.compression + self.encoder.behind + self.decoder.latency
        self.settle = self.encoder.settle + self.decoder.settle * config.compression
        if self.latency + self.settle > LONGEST:
            raise ConfigError(
                f"these ratios and dilations reach over {self.latency + self.settle} samples, and {LONGEST} are the "
                "most; have fewer stages, or smaller dilations"
            )

    def initial_state(self, batch: int) -> State:
        return self.encoder.initial_state(batch) + self.decoder.initial_state(batch)

    def forward(self, x: Tensor, state: State, **ports: Tensor) -> tuple[Tensor, State]:
        z, heard = self.encoder(x, state[: self.count])
        if self.ports:
            moved = torch.cat([self.every(ports[port.name], [])[0] for port in self.ports], dim=1)
            played = z[:, : len(self.ports)] + moved
            rest = len(self.ports) < self.config.latent
            z = torch.cat([played, z[:, len(self.ports) :]], dim=1) if rest else played
        y, sounded = self.decoder(z, state[self.count :])
        return y, heard + sounded

    @torch.no_grad()
    def set_basis(self, centre: Tensor, directions: Tensor, variance: Tensor) -> None:
        """Let the latents be told along these directions, from their centre, in standard deviations.

        Args:
            centre: of the latents as they were taught, [latent].
            directions: orthonormal rows [latent, latent], those of the largest variance first.
            variance: along each, [latent].
        """
        variance = variance.clamp_min(LEAST * float(variance.max())).clamp_min(1e-12)
        spread = variance.sqrt()
        into, back = self.encoder.basis, self.decoder.basis
        into.weight.copy_(directions / spread[:, None])
        into.bias.copy_(-(into.weight @ centre))
        back.weight.copy_((directions * spread[:, None]).t())
        back.bias.copy_(centre)
        self.variance.copy_(variance)

    @property
    def dimensions(self) -> int:
        """How many latents are played."""
        return int((self.decoder.basis.weight != 0).any(dim=0).sum())

    @property
    def fidelity(self) -> float:
        """The share of the latents' variance that is played, 0 to 1."""
        return float(self.variance[: self.dimensions].sum() / self.variance.sum())

    def values(self) -> dict[str, dict]:
        """The fidelity."""
        return {"latent": {"fidelity": self.fidelity}}

    def table(self) -> list[Row]:
        """The fidelity, and how many dimensions that is."""
        note = f"{self.dimensions} of {self.config.latent} dimensions are played"
        return [Row("latent", "fidelity", self.fidelity, note=note)]

    @torch.no_grad()
    def set(self, changes: dict[str, float]) -> None:
        """Turn the fidelity.

        Raises:
            ConfigError: no such setting, or no share.
        """
        for name, value in changes.items():
            if name != FIDELITY:
                raise ConfigError(f"a timbre has one setting, {FIDELITY}, and no '{name}'")
            if not 0.0 < value <= 1.0:
                raise ConfigError(f"{FIDELITY} is a share above 0 up to 1, and not {value:g}")
            weight = (self.encoder.basis.weight * self.variance[:, None]).t().clone()
            weight[:, dims_for(self.variance, value) :] = 0.0
            self.decoder.basis.weight.copy_(weight)
