"""A WaveNet whose layers may each be of another kind, and may be modulated: all that a newer .nam file can say."""

from tonewright.models.patchwork.config import PRESETS, Config
from tonewright.models.patchwork.model import Patchwork as Model
from tonewright.models.patchwork.parts import PLACES, Film, Layer, Side, Stack, Tail
from tonewright.models.supervised import Supervised as Recipe

VERB = "import"  # of the command that such models come from

__all__ = ["PLACES", "PRESETS", "VERB", "Config", "Film", "Layer", "Model", "Recipe", "Side", "Stack", "Tail"]
