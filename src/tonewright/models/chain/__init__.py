"""A chain of processors with settings in units: the interpretable model, whose settings `match` estimates."""

from tonewright.models.chain.config import PRESETS, Config, Link, reach_s, spoken
from tonewright.models.chain.fitting.auto import choose
from tonewright.models.chain.fitting.course import Course
from tonewright.models.chain.fitting.recipe import Recipe
from tonewright.models.chain.model import Chain as Model

VERB = "match"  # of the command that learns it

__all__ = ["PRESETS", "VERB", "Config", "Course", "Link", "Model", "Recipe", "choose", "reach_s", "spoken"]
