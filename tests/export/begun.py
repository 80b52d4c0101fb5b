"""Our players begun from an empty memory, as the players of other programs' JSON files do."""

from collections.abc import Iterator

import numpy as np

from tonewright.runtime import native
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream
from tonewright.storage import Tone


def answers(tone: Tone, x: np.ndarray, *knobs: float) -> Iterator[tuple[str, np.ndarray]]:
    """Each engine that is here, and what it makes of the sound with its knobs at these values."""
    settle, tone.model.settle = tone.model.settle, 0
    controls = {port.name: value for port, value in zip(tone.model.ports, knobs, strict=True)}
    yield "torch", Stream(tone.model, tone.sample_rate, **controls).process(x)
    if native.why_not() is None:
        player = Player(tone)
        assert player.engine == "native core"
        yield player.engine, player.render(x, **controls)
    tone.model.settle = settle
