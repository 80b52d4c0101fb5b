"""A recurrent network: the small capture of an amplifier or a pedal that older players know."""

from tonewright.models.lstm.config import PRESETS, Config
from tonewright.models.lstm.model import Recurrent as Model
from tonewright.models.lstm.recipe import Truncated as Recipe
from tonewright.models.lstm.segments import Truncation as Course

__all__ = ["PRESETS", "Config", "Course", "Model", "Recipe"]
