"""The .nam file of the Neural Amp Modeler: JSON with the settings of a network and its weights in one list."""

from tonewright.export.nam.reading import from_values, looks_like
from tonewright.export.nam.writing import check, write

__all__ = ["check", "from_values", "looks_like", "write"]
