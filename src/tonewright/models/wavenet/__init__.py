"""A causal network of dilated convolutions: the usual capture of an amplifier or a pedal."""

from tonewright.models.supervised import Supervised as Recipe
from tonewright.models.wavenet.config import PRESETS, Config, Stack
from tonewright.models.wavenet.model import WaveNet as Model

__all__ = ["PRESETS", "Config", "Model", "Recipe", "Stack"]
