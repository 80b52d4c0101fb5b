"""What the layer arrays of a .nam file ask for, in the keys of any version, as settings of a patchwork."""

from tonewright import models
from tonewright.errors import ConfigError
from tonewright.export.fields import each, field, is_whole, only, shown
from tonewright.export.nam.bends import Bend, bend, bends

GATINGS = ("none", "gated", "blended")
# where a layer is modulated, as the file names it: as we do
MODULATIONS = {
    "conv_pre_film": "conv_pre",
    "conv_post_film": "conv_post",
    "input_mixin_pre_film": "mixin_pre",
    "input_mixin_post_film": "mixin_post",
    "activation_pre_film": "activation_pre",
    "activation_post_film": "activation_post",
    "layer1x1_post_film": "out_post",
    "head1x1_post_film": "side_post",
}
MAX_ARRAYS, MAX_LAYERS = 16, 128


def described(config: dict, condition):
    """The settings of a patchwork, and the activations of its layers and of its tail.

    Args:
        config: of the file.
        condition: the settings of the model in `condition_dsp`; None without one.

    Returns:
        The Config, and a list with what `bends` gives for each array.

    Raises:
        ConfigError: what is not the format's, or is more than our model plays.
    """
    room = models.find("patchwork")
    only(config, "in_channels", 1)
    arrays = field(config, "layers", list)
    if not 1 <= len(arrays) <= MAX_ARRAYS or not all(isinstance(array, dict) for array in arrays):
        raise ConfigError(f"'layers' wants 1 to {MAX_ARRAYS} groups of settings, and is {shown(arrays)}")
    stacks, bent, source = [], [], 1
    for array in arrays:
        only(array, "input_size", source)
        only(array, "condition_size", 1 if condition is None else condition.outputs)
        dilations = wholes(array, "dilations")
        bent.append(bends(array, gatings(array, len(dilations))))
        stacks.append(_stack(room, array, dilations, bent[-1]))
        source = stacks[-1].channels
    return room.Config(tuple(stacks), tail(room, config), condition), bent


def tail(room, config: dict):
    """What comes after the last array; None without it."""
    if config.get("head") is None:
        return None
    head = field(config, "head", dict)
    kernels = tuple(wholes(head, "kernel_sizes"))
    kind = bend(head.get("activation"))[0]
    return room.Tail(field(head, "channels", int), field(head, "out_channels", int), kernels, kind)


def gatings(array: dict, count: int) -> list[str]:
    """How each layer's activation is gated; older files say only whether."""
    gated = array.get("gated") is not None and field(array, "gated", bool)
    modes = ["none" if mode is None else mode for mode in each(array, "gating_mode", count)]
    for mode in modes:
        if mode not in GATINGS:
            raise ConfigError(f"'gating_mode' is {shown(mode)}, and there is {', '.join(GATINGS)}")
    return ["gated"] * count if gated else modes


def _stack(room, array: dict, dilations: list[int], bent: list[tuple[Bend, str, Bend]]):
    """One layer array."""
    channels = field(array, "channels", int)
    out, side = _active(array, "layer1x1", True), _active(array, "head1x1", False)
    slim(array)
    size, kernel, dilation, bias = _head(array)
    layers = [
        room.Layer(taps, dilation, first[0], gating, second[0])
        for taps, dilation, (first, gating, second) in zip(
            _kernels(array, len(dilations)), dilations, bent, strict=True
        )
    ]
    return room.Stack(
        channels,
        whole(array, "bottleneck", channels),
        tuple(layers),
        groups=whole(array, "groups_input", 1),
        mixin_groups=whole(array, "groups_input_mixin", 1),
        out=None if out is None else whole(out, "groups", 1),
        side=None if side is None else room.Side(whole(side, "out_channels", 1), whole(side, "groups", 1)),
        films=tuple(_films(room, array)),
        head_channels=size,
        head_kernel=kernel,
        head_dilation=dilation,
        head_bias=bias,
    )


def _films(room, array: dict):
    for name, place in MODULATIONS.items():
        # players take "false" for a place without one, and a place that does not say for one with
        film = None if array.get(name) is False else _active(array, name, array.get(name) is not None)
        if film is not None:
            shift = True if film.get("shift") is None else field(film, "shift", bool)
            yield room.Film(place, shift, whole(film, "groups", 1))


def _active(array: dict, name: str, usual: bool) -> dict | None:
    """The settings of a part that can be switched off; None where it is."""
    part = array.get(name)
    if part is None:
        return {} if usual else None
    part = field(array, name, dict)
    active = usual if part.get("active") is None else field(part, "active", bool)
    return part if active else None


def slim(array: dict) -> None:
    """A file that can be played with fewer channels says how; what is stored are all of them, and those are taken.

    Raises:
        ConfigError: for another way than the one that there is.
    """
    if array.get("slimmable") is not None:
        only(field(array, "slimmable", dict), "method", "slice_channels_uniform")


def _head(array: dict) -> tuple[int, int, int, bool]:
    """(channels, taps, dilation, whether it has a bias) of what reads the array."""
    if array.get("head") is None:
        return field(array, "head_size", int), 1, 1, field(array, "head_bias", bool)
    head = field(array, "head", dict)
    dilation = whole(head, "head_dilation", 1)
    return (
        field(head, "out_channels", int),
        field(head, "kernel_size", int),
        dilation,
        field(head, "bias", bool),
    )


def _kernels(array: dict, layers: int) -> list[int]:
    if (array.get("kernel_size") is None) == (array.get("kernel_sizes") is None):
        raise ConfigError("a layer array wants either 'kernel_size' or 'kernel_sizes'")
    if array.get("kernel_size") is not None:
        return [field(array, "kernel_size", int)] * layers
    kernels = wholes(array, "kernel_sizes")
    if len(kernels) != layers:
        raise ConfigError(
            f"'kernel_sizes' wants one number for each of {layers} layers, and has {len(kernels)}"
        )
    return kernels


def whole(values: dict, name: str, usual: int) -> int:
    """A setting of one whole number, or what it usually is.

    Raises:
        ConfigError: when it is something else.
    """
    return usual if values.get(name) is None else field(values, name, int)


def wholes(values: dict, name: str) -> list[int]:
    """A setting of several whole numbers.

    Raises:
        ConfigError: when it is something else, or there are too many.
    """
    numbers = field(values, name, list)
    if not 1 <= len(numbers) <= MAX_LAYERS or not all(map(is_whole, numbers)):
        raise ConfigError(
            f"'{name}' wants a list of 1 to {MAX_LAYERS} whole numbers, and is {shown(numbers)}"
        )
    return [int(number) for number in numbers]
