"""The closed list of operations that a graph may hold: primitives, which are layers, and glue between them."""

from tonewright.layers.all_passes import AllPasses
from tonewright.layers.conv import Conv1d, ConvTranspose1d, Delay
from tonewright.layers.delay_network import DelayNetwork
from tonewright.layers.delays import DelayLine
from tonewright.layers.dense import Every, LayerNorm, Linear
from tonewright.layers.dynamics import Follow, Lag
from tonewright.layers.feedback import Feedback
from tonewright.layers.filters import Filters
from tonewright.layers.fir import LongFir
from tonewright.layers.hearing import Loudness, Pitch
from tonewright.layers.modulation import Phasor
from tonewright.layers.pqmf import Alternate
from tonewright.layers.recurrent import GRU, LSTM
from tonewright.layers.synth import FilteredNoise, HarmonicBank

# primitive: (op, what a player must know of it beside its weights and its memory)
PRIMITIVES: dict[type, tuple[str, tuple[str, ...]]] = {
    Conv1d: ("conv1d", ("inputs", "outputs", "dilation", "stride", "groups", "memory")),
    ConvTranspose1d: ("conv_transpose1d", ("inputs", "outputs", "stride", "groups", "memory")),
    Delay: ("delay", ("samples",)),
    DelayLine: ("delay_line", ("most",)),
    Linear: ("linear", ("inputs", "outputs")),
    LayerNorm: ("layer_norm", ("channels",)),
    Every: ("every", ("hop",)),
    LSTM: ("lstm", ("inputs", "hidden")),
    GRU: ("gru", ("inputs", "hidden")),
    Feedback: ("feedback", ("inputs", "outputs")),
    AllPasses: ("all_passes", ("stages",)),
    DelayNetwork: ("delay_network", ("delays",)),
    Filters: ("filters", ("sections",)),
    Follow: ("follow", ("start",)),
    Lag: ("lag", ("start",)),
    Phasor: ("phasor", ("sample_rate", "start")),
    Alternate: ("alternate", ("channels", "start")),
    LongFir: ("long_fir", ("taps",)),
    HarmonicBank: ("harmonic_bank", ("harmonics", "hop", "sample_rate")),
    FilteredNoise: ("filtered_noise", ("bands", "hop")),
    Pitch: ("pitch", ("sample_rate", "hop", "lowest_hz", "highest_hz")),
    Loudness: ("loudness", ("sample_rate", "hop")),
}
GLUE = {name: name for name in ("add", "sub", "mul", "div", "pow", "neg", "abs", "exp", "log", "sin")}
GLUE |= {name: name for name in ("tanh", "sigmoid", "relu", "leaky_relu", "softsign", "gelu", "cat")}
GLUE |= {name: name for name in ("maximum", "minimum")}
GLUE |= {"__radd__": "add", "__rmul__": "mul", "true_divide": "div", "concat": "cat"}
SWAPPED = {
    "__rsub__": "sub",
    "__rdiv__": "div",
    "__rtruediv__": "div",
    "__rpow__": "pow",
}  # 1 - x, 1 / x, 2 ** x
# What is named for a primitive's forward beside the sound and its memory, in the order of the call. What depends on
# the sound is one more input of the node; what depends on weights only is stored as a weight of the node.
ARGUMENTS: dict[type, tuple[str, ...]] = {
    DelayLine: ("delay", "feedback", "damping"),
    AllPasses: ("coefficient", "feedback"),
    DelayNetwork: ("gains", "damping", "inputs", "outputs"),
    Filters: ("sections",),
    Follow: ("attack", "release"),
    Lag: ("slow", "fast"),
    Phasor: ("rate_hz", "phase"),
    LongFir: ("response",),
    HarmonicBank: ("distribution", "amplitude"),
}
