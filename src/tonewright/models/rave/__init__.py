"""A timbre that any sound can wear: a variational autoencoder on the bands of a filter bank.

Source: Caillon and Esling, "RAVE: A variational autoencoder for fast and high-quality neural audio synthesis", 2021.
"""

from tonewright.models.rave.config import PRESETS, Config
from tonewright.models.rave.course import COURSES, Course
from tonewright.models.rave.model import Timbre as Model
from tonewright.models.rave.recipe import Recipe

VERB = "timbre"

__all__ = ["COURSES", "PRESETS", "VERB", "Config", "Course", "Model", "Recipe"]
