"""Layer arrays of a .nam file in the newer keys, with all that a player may look for.

Some players take their fast way only where every part that is off is said to be.
"""

from tonewright.export.nam.arrays import MODULATIONS

Bends = tuple[dict, dict | None]  # of one layer, as the file names them: its activation, and what gates it


def layer_array(stack, source: int, conditions: int, bends: list[Bends]) -> dict:
    """One stack of a patchwork as a layer array.

    Args:
        stack: its settings.
        source: channels that it hears.
        conditions: channels of the condition.
        bends: of each of its layers.
    """
    films = {film.place: film for film in stack.films}
    head = {"out_channels": stack.head_channels, "kernel_size": stack.head_kernel, "bias": stack.head_bias}
    return {
        "input_size": source,
        "condition_size": conditions,
        "channels": stack.channels,
        "bottleneck": stack.bottleneck,
        "kernel_sizes": [layer.kernel for layer in stack.layers],
        "dilations": [layer.dilation for layer in stack.layers],
        "activation": [first for first, _ in bends],
        "gating_mode": [layer.gating for layer in stack.layers],
        "secondary_activation": [second for _, second in bends],
        "head": head | ({"head_dilation": stack.head_dilation} if stack.head_dilation > 1 else {}),
        "head1x1": {
            "active": stack.side is not None,
            "out_channels": stack.side.channels if stack.side else 1,
            "groups": stack.side.groups if stack.side else 1,
        },
        "layer1x1": {"active": stack.out is not None, "groups": stack.out or 1},
        "groups_input": stack.groups,
        "groups_input_mixin": stack.mixin_groups,
        **{name: _film(films.get(place)) for name, place in MODULATIONS.items()},
        "slimmable": None,
    }


def _film(film) -> dict:
    if film is None:
        return {"active": False, "shift": True, "groups": 1}
    return {"active": True, "shift": film.shift, "groups": film.groups}
