"""A model as Neutone calls it; the classes are compiled to TorchScript, so they are written in what that knows.

The neutone-sdk is imported here, so this module is only for when it is there.
"""

import json
import math
from datetime import UTC, datetime
from types import MethodType

import torch
from torch import Tensor, nn

from tonewright.export.neutone import sdk
from tonewright.export.neutone.card import Card
from tonewright.export.neutone.knobs import KNOBS, Knobs, column
from tonewright.export.torchscript.build import scripted
from tonewright.export.torchscript.saving import DATE
from tonewright.models.base import Port, channels_of
from tonewright.runtime.player import Player

neutone = sdk.load()


def wrapped(player: Player, card: Card) -> nn.Module:
    """The model with its queues and its card, to be compiled."""
    queues = neutone.SampleQueueWrapper(Effect(scripted(player), player, card), daw_sr=player.sample_rate)
    # a class that inherits from this one cannot be compiled, but an object may have a method of its own
    queues.calc_model_delay_samples = MethodType(nearest_delay, queues)
    return queues


# Called through an interface, a model is compiled as a program of its own, and not into every place of the host that
# may call it: the first two blocks of a large one take a tenth of a second then, and not one or two.
@torch.jit.interface
class Played(nn.Module):
    def forward(self, x: Tensor, controls: Tensor) -> Tensor:
        pass

    def reset(self) -> None:
        pass


class Effect(neutone.WaveformToWaveformBase):
    """A model, called with blocks of any size.

    Neutone would itself collect blocks for a model that wants multiples of its own, but delays by whole blocks of the
    host; here it is no more than it has to be.

    Args:
        model: scripted: sound [B, inputs, T] and controls [B, ports, T] to sound [B, outputs, T].
        player: of that model.
        card: what is told of it.
    """

    model: Played
    # TorchScript reads the types of a class, and not those of the class above
    neutone_parameters_metadata: dict[str, dict[str, int | float | str | bool | list[str] | list[int]]]
    neutone_parameter_names: list[str]
    remapped_params: dict[str, Tensor]
    authors: list[str]
    tags: list[str]
    links: dict[str, str]
    waiting: Tensor
    ready: Tensor
    defaults: Tensor

    def __init__(self, model: torch.jit.ScriptModule, player: Player, card: Card):
        ports, (inputs, outputs) = player.model.ports, channels_of(player.model)
        # the class above asks for them while it is made; no TorchScript type, so nothing of them is in the file
        self.offered = [offered(port, player.tone.provenance) for port in ports[:KNOBS]]
        self.name, self.authors, self.tags, self.links = card.name, card.author, card.tags, card.links
        self.summary, self.description, self.technical = card.summary, card.description, card.technical
        self.version, self.citation = card.version, card.citation
        self.inputs, self.outputs, self.rate = inputs, outputs, player.sample_rate
        super().__init__(model)
        self.CURRENT_TIME = datetime(
            *DATE, tzinfo=UTC
        ).timestamp()  # or no two files of a model would be equal
        self.metadata_json_str = json.dumps(self.to_metadata(), indent=4, sort_keys=True)  # with that date
        self.knobs = Knobs(ports, player.sample_rate)
        self.block, self.latency = player.model.block, player.model.latency
        self.lag = self.block - 1
        # as long as a person hardly waits for; a longer memory begins as it was settled
        self.settle = player.model.settle if player.model.settle <= player.sample_rate else 0
        self.settle = -(-self.settle // self.block) * self.block
        self.begins = True
        self.register_buffer("defaults", column([port.default for port in ports]))
        self.register_buffer("waiting", torch.zeros(inputs + len(ports), 0))
        self.register_buffer("ready", torch.zeros(outputs, 0))
        self.fill()

    def do_forward_pass(self, x: Tensor, params: dict[str, Tensor]) -> Tensor:
        """A block [channels, n], and knobs of n values each, to [channels, n]."""
        n = x.shape[1]
        knobs = torch.zeros(self.MAX_N_PARAMS, n)
        for i, name in enumerate(self.neutone_parameter_names):
            knobs[i] = params[name]
        # makes a copy too: x is a place in a queue that will be written to, and a memory may be a part of it
        x = torch.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0)
        controls = self.knobs(knobs)
        if self.begins:
            self.settled(controls[:, :1])
        both = torch.cat([x, controls])
        if self.block == 1:
            return self.play(both)
        both = torch.cat([self.waiting, both], 1)
        whole = both.shape[1] // self.block * self.block
        if whole > 0:
            self.ready = torch.cat([self.ready, self.play(both[:, :whole])], 1)
        self.waiting = both[:, whole:]
        y, self.ready = self.ready[:, :n], self.ready[:, n:]
        return y

    def settled(self, controls: Tensor) -> None:
        """Silence first, where the knobs begin elsewhere than at the defaults, with which the model was settled."""
        self.begins = False
        if self.settle > 0 and not torch.allclose(controls, self.defaults, 1e-5, 1e-4):
            silence = torch.zeros(self.inputs, self.settle)
            self.play(torch.cat([silence, controls.expand(-1, self.settle)]))

    def play(self, both: Tensor) -> Tensor:
        """Sound and controls [inputs + ports, T] to sound [outputs, T]."""
        both = both.unsqueeze(0)
        return self.model(both[:, : self.inputs], both[:, self.inputs :])[0]

    def aggregate_params(self, params: Tensor) -> Tensor:
        """The knobs of each sample, and not the mean of a block."""
        return params

    def set_model_sample_rate_and_buffer_size(self, sample_rate: int, n_samples: int) -> bool:
        # after k blocks of n, k * n samples have come, and at most this many of them wait for a whole block
        self.lag = self.block - math.gcd(n_samples, self.block)
        return True

    def reset_model(self) -> bool:
        self.model.reset()
        self.knobs.reset()
        self.fill()
        self.begins = True
        return True

    def fill(self) -> None:
        """Nothing waits, and silence is ready for as long as the first whole block may take."""
        self.waiting = self.waiting[:, :0]
        self.ready = torch.zeros(self.outputs, self.lag)

    @torch.jit.export
    def calc_model_delay_samples(self) -> int:
        return self.latency + self.lag

    def get_neutone_parameters(self) -> list:
        return self.offered

    def get_model_name(self) -> str:
        return self.name

    def get_model_authors(self) -> list[str]:
        return self.authors

    def get_model_short_description(self) -> str:
        return self.summary

    def get_model_long_description(self) -> str:
        return self.description

    def get_technical_description(self) -> str:
        return self.technical

    def get_technical_links(self) -> dict[str, str]:
        return self.links

    def get_tags(self) -> list[str]:
        return self.tags

    def get_model_version(self) -> str:
        return self.version

    def get_citation(self) -> str:
        return self.citation

    def is_experimental(self) -> bool:
        return False

    def is_input_mono(self) -> bool:
        return self.inputs == 1

    def is_output_mono(self) -> bool:
        return self.outputs == 1

    def get_native_sample_rates(self) -> list[int]:
        return [self.rate]

    def get_native_buffer_sizes(self) -> list[int]:
        return []


@torch.jit.export
def nearest_delay(self) -> int:
    """The delay of the model in samples of the host: the nearest, where the method of the neutone-sdk rounds down."""
    delay = self.w2w_base.calc_model_delay_samples()
    return math.floor(delay * self.daw_bs / self.io_bs + 0.5)


def offered(port: Port, told: dict[str, str]) -> neutone.ContinuousNeutoneParameter:
    """A control as Neutone shows it: its knobs go from 0 to 1, in all versions.

    Args:
        port: the control.
        told: what is known of controls, by name.
    """
    unit = f" {port.unit}" if port.unit else ""
    means = f" ({told[port.name]})" if port.name in told else ""
    return neutone.ContinuousNeutoneParameter(
        name=port.name,
        description=f"{port.name}{means}, from {port.minimum:g} to {port.maximum:g}{unit}",
        default_value=(port.default - port.minimum) / (port.maximum - port.minimum),
    )
