"""A row of layers, each hearing the one before: what the general files of other programs hold."""

from tonewright.models.row.config import PRESETS, Config, Part, dilated
from tonewright.models.row.model import Row as Model
from tonewright.models.supervised import Supervised as Recipe

VERB = "import"  # of the command that such models come from

__all__ = ["PRESETS", "VERB", "Config", "Model", "Part", "Recipe", "dilated"]
