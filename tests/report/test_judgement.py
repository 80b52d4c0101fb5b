"""The words fit the numbers, and what is broken is named."""

import re

import numpy as np
import pytest

from tests.report.takes import take
from tonewright.measure.metrics import VERDICTS, esr, rms_db
from tonewright.report.judgement import judge, ruler


def judged(**changes):
    listening = take(**changes)
    return judge(listening.dry, listening.target, listening.estimate, listening.sample_rate)


def test_the_mark_moves_along_the_ruler_with_the_error():
    def mark(gain):
        listening = take()
        html = ruler(esr(listening.target, gain * listening.target))
        return float(re.search(r'class="mark" style="left:([\d.]+)%', html).group(1))

    assert mark(1.0) == 0.0
    assert mark(0.9) < mark(0.8) < mark(0.5) < mark(-3.0) == 100.0


@pytest.mark.parametrize("error", [0.0, 0.019, 0.02, 0.07, 0.15, 0.2, 3.0, float("inf")])
def test_one_verdict_on_the_ruler_is_ours(error):
    ours = re.findall(r'<li class="ours">.*?</i>[^,]+, (.*?)</li>', ruler(error))
    assert ours == [next(words for limit, words in VERDICTS if error < limit or limit == float("inf"))]


def test_the_zones_fill_the_ruler():
    zones = re.findall(r"left:([\d.]+)%;width:([\d.]+)%", ruler(0.1))
    ends = [0.0] + [float(left) + float(width) for left, width in zones]
    assert np.allclose([float(left) for left, _ in zones], ends[:-1], atol=0.02)
    assert abs(ends[-1] - 100) < 0.02


@pytest.mark.parametrize(
    ("gain_db", "words"), [(-6.0, "6.0 dB quieter"), (3.0, "3.0 dB louder"), (0.0, "as loud as")]
)
def test_says_how_loud_the_model_is(gain_db, words):
    estimate = take().target * np.float32(10 ** (gain_db / 20))
    assert abs(rms_db(estimate) - rms_db(take().target) - gain_db) < 0.01
    assert words in judged(estimate=estimate).sentences[1]


@pytest.mark.parametrize("bad", ["dry", "target"])
def test_a_damaged_recording_is_not_blamed_on_the_model(bad):
    x = getattr(take(), bad).copy()
    x[4410] = np.inf
    judgement = judged(**{bad: x})
    assert judgement.headline.startswith("The recordings are damaged")
    assert judgement.esr is None
    assert "holds samples that are no numbers: 1 of 22050, the first at 0.10 s" in judgement.notices[0]


@pytest.mark.parametrize(
    ("silent", "headline"),
    [
        ("estimate", "Not a capture of this device"),
        ("target", "There is nothing to compare with"),
        ("dry", "Very close: hard to tell from the device"),
    ],
)
def test_silence_is_named(silent, headline):
    judgement = judged(**{silent: np.zeros(22050, np.float32)})
    assert judgement.headline == headline
    assert len(judgement.notices) == 1
    assert judgement.notices[0].endswith("is silent from beginning to end.")


def test_a_tiny_error_is_not_written_as_nothing():
    target = take().target.astype(np.float64)
    assert judged(target=target, estimate=target * (1 + 1e-4)).sentences[0].startswith("ESR below 0.00001")
