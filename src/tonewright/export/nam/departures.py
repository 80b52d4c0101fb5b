"""What a .nam file can say, and the core that plugins and boards play it with does not play.

Source: NeuralAmpModelerCore 0.5.3, measured as WebAssembly (npm @opendaw/nam-wasm 1.2.0), which
tests/export/test_nam_departures.py does again where it is installed. That core opens no file whose heads do not fit.
"""

from collections.abc import Iterator

from tonewright.errors import ConfigError
from tonewright.export.fields import words

OUT = "what a layer without 'layer1x1' adds to the sound"
FILM = "'layer1x1_post_film' of layers that are not blended"
DILATION = "'head_dilation'"


def check_heads(config) -> None:
    """Refuse a patchwork that the core does not open.

    Raises:
        ConfigError: the head of a layer array makes another number of channels than the next array has; what the next
            head hears may be of that number all the same.
    """
    for part in _parts(config):
        for before, after in zip(part.stacks[:-1], part.stacks[1:], strict=True):
            if before.head_channels != after.channels:
                raise ConfigError(
                    f".nam players want {before.head_channels} channels in the layer array after a head of "
                    f"{before.head_channels}, and this one has {after.channels}; .ts and .onnx files hold it"
                )


def departures(config) -> str:
    """What of a patchwork the core does not play, in words that follow others; "" when it plays all."""
    found = dict.fromkeys(one for part in _parts(config) for one in _found(part))
    if not found:
        return ""
    return f"; the core of most plugins (measured: 0.5.3) leaves out {words(found)}, and sounds otherwise"


def _parts(config) -> Iterator:
    """The patchwork, and those within it."""
    while config is not None:
        yield config
        config = config.condition


def _found(config) -> Iterator[str]:
    last = len(config.stacks) - 1
    for i, stack in enumerate(config.stacks):
        # what the last layer of all adds to the sound is heard by none
        adding = stack.layers[:-1] if i == last else stack.layers
        if stack.out is None and adding:
            yield OUT
        modulated = any(film.place == "out_post" for film in stack.films)
        if modulated and any(layer.gating != "blended" for layer in adding):
            yield FILM
        if stack.head_dilation > 1 and stack.head_kernel > 1:
            yield DILATION
