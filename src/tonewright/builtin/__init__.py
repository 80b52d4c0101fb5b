"""A guitar, a pedal and a plucked string that need no download: something to learn from on any machine."""

from tonewright.builtin.guitar import phrase
from tonewright.builtin.overdrive import overdrive
from tonewright.builtin.plucked import plucked_notes

__all__ = ["overdrive", "phrase", "plucked_notes"]
