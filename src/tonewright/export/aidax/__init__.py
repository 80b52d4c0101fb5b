"""The JSON of AIDA-X and RTNeural: a network layer by layer, its weights as Keras keeps them."""

from tonewright.export.aidax.reading import from_values, looks_like
from tonewright.export.aidax.writing import check, write

__all__ = ["check", "from_values", "looks_like", "write"]
