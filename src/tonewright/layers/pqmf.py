"""A filter bank as layers: sound to bands at a fraction of its rate, and bands to sound."""

from fractions import Fraction

import torch
from torch import Tensor

from tonewright.dsp.pqmf import analysis_filters, synthesis_filters
from tonewright.dsp.precision import precise
from tonewright.errors import ConfigError
from tonewright.layers.base import Layer, State
from tonewright.layers.conv import Conv1d, ConvTranspose1d


class Alternate(Layer):
    """Every second sample of every second channel with its sign turned, x [B, C, T] to that shape.

    Every second band of a filter bank lies upside down, its lowest frequency on top; this turns it over. What is to
    be turned are the odd samples of the signal as it was before it became late: a player that forgets that, or
    counts from the start of its block, turns over all the bands that were right. So the layer counts, and is told
    how late the signal comes.

    Args:
        channels: of x, 1 to 16384; 1, 3, 5 ... of them are turned.
        late: samples by which x trails the signal, 0 or more.

    Raises:
        ConfigError: no channels, or a negative `late`.

    >>> layer = Alternate(2, late=1)
    >>> layer(torch.ones(1, 2, 4), layer.initial_state(1))
    (tensor([[[ 1.,  1.,  1.,  1.],
             [-1.,  1., -1.,  1.]]]), [tensor([1])])
    """

    def __init__(self, channels: int, late: int = 0):
        super().__init__()
        if not 1 <= channels <= 1 << 14 or late < 0:
            raise ConfigError(
                f"Alternate wants 1 to 16384 channels and a lateness of 0 or more, and got {channels} and {late}"
            )
        self.inputs = self.outputs = self.channels = int(channels)
        self.start = late % 2
        # Remembers the device that the module was moved to; holds no sound.
        self.register_buffer("like", torch.zeros(()), persistent=False)

    def initial_state(self, batch: int) -> State:
        return [torch.full((batch,), self.start, dtype=torch.int64, device=self.like.device)]

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        self.check(x)
        samples = torch.arange(x.shape[-1], device=x.device) + state[0][:, None]
        odd = torch.arange(self.channels, device=x.device)[:, None] * samples[:, None] % 2
        return x * (1 - 2 * odd).to(x.dtype), [(state[0] + x.shape[-1]) % 2]


class Analysis(Layer):
    """Sound to bands, x [B, 1, T] -> y [B, bands, T / bands], lowest band first. Its filters are not taught.

    Band k hears from k to k + 1 times sample_rate / 2 / bands. Sample m of the bands describes sample m * bands.

    Args:
        bands: a power of two from 2 to 64.
        attenuation_db: of what is in no band next to it, 30 to 120; see tonewright.dsp.pqmf.

    Raises:
        ConfigError: when one of them is impossible.

    >>> bank = Analysis(16, 100)
    >>> bank.ratio, bank.latency
    (Fraction(1, 16), 11)
    """

    inputs = 1

    def __init__(self, bands: int, attenuation_db: int):
        super().__init__()
        filters = torch.from_numpy(analysis_filters(bands, attenuation_db)[:, None, ::-1].copy()).float()
        taps = filters.shape[-1]
        self.conv = Conv1d(1, bands, taps, stride=bands, bias=False, lookahead=(taps - 1) // 2)
        self.conv.weight = torch.nn.Parameter(filters, requires_grad=False)
        self.alternate = Alternate(bands, self.conv.latency)
        self.outputs, self.ratio, self.block = bands, Fraction(1, bands), bands
        self.latency, self.settle = self.conv.latency, self.conv.settle

    def initial_state(self, batch: int) -> State:
        return self.conv.initial_state(batch) + self.alternate.initial_state(batch)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        with torch.autocast(x.device.type, enabled=False):  # in half precision the bank is 48 dB clean
            y, memory = self.conv(precise(x), state[:1])
            y, count = self.alternate(y, state[1:])
        return y, memory + count


class Synthesis(Layer):
    """Bands to sound, x [B, bands, T] -> y [B, 1, T * bands]. Its filters are not taught.

    Args:
        bands, attenuation_db: as of the Analysis.
        late: samples by which the bands trail the sound that they describe: the latency of all that comes before.

    Raises:
        ConfigError: when one of them is impossible.

    >>> down = Analysis(16, 70)
    >>> up = Synthesis(16, 70, late=down.latency)
    >>> x = torch.randn(1, 1, 16 * 256)
    >>> y, _ = up(down(x, down.initial_state(1))[0], up.initial_state(1))
    >>> late = down.latency * 16 + up.latency
    >>> late, bool((y[..., late:] - x[..., :-late]).abs().max() < 1e-3)
    (236, True)
    """

    outputs = 1

    def __init__(self, bands: int, attenuation_db: int, late: int = 0):
        super().__init__()
        filters = torch.from_numpy(synthesis_filters(bands, attenuation_db)[:, None]).float()
        taps = filters.shape[-1]
        self.alternate = Alternate(bands, late)
        self.conv = ConvTranspose1d(bands, 1, taps, bands, bias=False, lookahead=(taps - 1) // 2)
        self.conv.weight = torch.nn.Parameter(filters, requires_grad=False)
        self.inputs, self.ratio = bands, Fraction(bands)
        self.latency, self.settle = self.conv.latency, self.conv.settle

    def initial_state(self, batch: int) -> State:
        return self.alternate.initial_state(batch) + self.conv.initial_state(batch)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        with torch.autocast(x.device.type, enabled=False):
            x, count = self.alternate(precise(x), state[:1])
            y, memory = self.conv(x, state[1:])
        return y, count + memory
