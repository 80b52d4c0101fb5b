"""A recurrent network: the small capture of an amplifier or a pedal that older players know."""

from tonewright.models.lstm.config import PRESETS, Config
from tonewright.models.lstm.model import Recurrent as Model
from tonewright.models.supervised import Supervised as Recipe

__all__ = ["PRESETS", "Config", "Model", "Recipe"]
