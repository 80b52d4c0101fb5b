"""The native core's recursions, for those who differentiate them; None where no compiler was there to build them."""

try:
    import tonewright._native as native
except ImportError:
    native = None

__all__ = ["native"]
