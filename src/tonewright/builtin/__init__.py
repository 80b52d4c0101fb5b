"""A guitar and a pedal that need no download: something to learn from on any machine."""

from tonewright.builtin.guitar import phrase
from tonewright.builtin.overdrive import overdrive

__all__ = ["overdrive", "phrase"]
