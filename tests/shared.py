"""Real audio and other players' answers, where this checkout has them beside it."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the shared recordings and golden files are not here"
)
