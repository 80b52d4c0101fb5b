"""Every example runs as written, small, and ends in a sound."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from matplotlib.image import imread

EXAMPLES = Path(__file__).parents[1] / "examples"
# seconds or steps
SMALL = {
    "builtin_overdrive.py": "2",
    "capture_and_play.py": "3",
    "gain_lesson.py": "20",
    "guitar_timbre.py": "3",
    "match_an_effect.py": "3",
    "plucked_instrument.py": "4",
    "python_device.py": "3",
}
RATES = {"gain_lesson.py": 44100, "plucked_instrument.py": 16000}
PICTURES = {"gain_lesson.py": ("landscape.png", "fit.gif")}


@pytest.mark.parametrize("script", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_example_ends_in_a_sound(script, tmp_path):
    done = subprocess.run(
        [sys.executable, EXAMPLES / script, SMALL[script]], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    sounds = list(tmp_path.rglob("*.wav"))
    assert len(sounds) >= 2
    for path in sounds:
        x, rate = soundfile.read(path)
        assert rate == RATES.get(script, 48000) and np.abs(x).max() > 0.01, path.name
    for name in PICTURES.get(script, ()):
        assert np.std(imread(tmp_path / name)) > 0.01 and (tmp_path / name).stat().st_size < 1e6, name
