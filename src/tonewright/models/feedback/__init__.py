"""A loop: the next sample follows from the last inputs and from the last of its own outputs."""

from tonewright.models.feedback.config import PRESETS, Config
from tonewright.models.feedback.model import Autoregressive as Model
from tonewright.models.feedback.recipe import FreeRunning as Recipe
from tonewright.models.feedback.recipe import Rollouts as Course

__all__ = ["PRESETS", "Config", "Course", "Model", "Recipe"]
