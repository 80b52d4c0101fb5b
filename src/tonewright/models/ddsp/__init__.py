"""An instrument that is played by pitch and loudness: harmonics, noise and a room, set by a small network.

Source: Engel et al., "DDSP: Differentiable Digital Signal Processing", ICLR 2020.
"""

from tonewright.models.ddsp.config import PRESETS, Config
from tonewright.models.ddsp.course import Course
from tonewright.models.ddsp.model import Instrument as Model
from tonewright.models.ddsp.recipe import Recipe

VERB = "instrument"

__all__ = ["PRESETS", "VERB", "Config", "Course", "Model", "Recipe"]
