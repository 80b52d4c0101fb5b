"""The table of settings: numbers as people write them, how sure they are, and nothing that runs."""

import math

import pytest

from tests.report.test_page import Outline
from tonewright.models.base import Row
from tonewright.report.settings import NOT_TOLD, joined, label, lines, numbers, section, spread

RATIO = Row("compressor", "ratio", 4.0, low=1.0, high=20.0, logarithmic=True)
GAIN = Row("gain", "gain_db", -6.25, "dB", -60.0, 60.0)
TAPS = Row("response", "taps", math.nan, low=-16.0, high=16.0, note="88,200 samples")


def test_how_sure_is_joined_by_name():
    rows = joined(
        [RATIO, GAIN, TAPS], {"esr": 0.1, "sure.compressor.ratio": 0.05, "sure.gain.gain_db": math.nan}
    )
    assert rows[0].uncertainty == 0.05
    assert all(math.isnan(row.uncertainty) for row in rows[1:])
    assert [row.note for row in rows] == ["", "", "88,200 samples"]


@pytest.mark.parametrize("off,told", [(11.9, True), (12.1, False), (0.0, True), (math.inf, False)])
def test_more_than_a_tenth_of_the_range_was_not_told(off, told):
    (row,) = joined([GAIN], {"sure.gain.gain_db": off})
    assert (row.note == "") == told


def test_a_tenth_of_a_logarithmic_range_is_a_ratio():
    ratio = 20.0**0.1
    for off, told in ((4.0 * (ratio * 0.99 - 1), True), (4.0 * (ratio * 1.01 - 1), False)):
        assert (joined([RATIO], {"sure.compressor.ratio": off})[0].note == "") == told


def test_at_the_upper_end_the_error_goes_down():
    top = Row("lowpass", "cutoff_hz", 20000.0, "Hz", 80.0, 20000.0, logarithmic=True)
    assert spread(top, 20000.0 * (1 - 250.0**-0.3)) == pytest.approx(0.3)


@pytest.mark.parametrize(
    "value,off,written",
    [
        (4.0213, 0.012, ("4.021", "0.012")),
        (440.0, 35.0, ("440", "35")),
        (1234.5678, math.nan, ("1235", "")),
        (0.01, math.nan, ("0.01", "")),
        (-1e-9, math.nan, ("0", "")),
        (0.0, math.nan, ("0", "")),
        (100.0, math.nan, ("100", "")),
        (4.0, 0.0, ("4.000", "0.001")),
        (4.0, 1e-9, ("4.0000", "0.0001")),
        (4.0, math.inf, ("4.000", "any")),
    ],
)
def test_as_many_places_as_mean_something(value, off, written):
    assert numbers(Row("a", "b", value, uncertainty=off)) == written


def test_names_without_their_unit():
    names = ("threshold_db", "low_gain_db", "q", "t60_s[0]", "depth_octaves")
    units = ("dB", "dB", "", "s", "octaves")
    rows = [Row("a", name, 0.0, unit) for name, unit in zip(names, units, strict=True)]
    assert [label(row) for row in rows] == ["threshold", "low gain", "q", "t60 1", "depth"]


def test_lines_stand_below_each_other():
    rows = joined([RATIO, Row("compressor", "attack_ms", 5.0, "ms", 0.02, 200.0), GAIN, TAPS],
                  {"sure.compressor.ratio": 0.05, "sure.gain.gain_db": 30.0})  # fmt: skip
    said = lines(rows)
    assert said[0].startswith("compressor  ratio") and said[1].startswith("            attack")
    assert said[2].endswith(NOT_TOLD) and said[3].endswith("88,200 samples")
    assert said[0].index("±") == said[2].index("±")
    assert said[1].index(" ms") == said[2].index(" dB")
    assert lines([]) == []


def test_the_section_is_whole_and_says_what_it_holds():
    page = section(joined([RATIO, GAIN, TAPS], {"sure.compressor.ratio": 0.05, "sure.gain.gain_db": 30.0}))
    texts = [text for _, text in Outline(page).texts]
    for words in (
        "Settings",
        "compressor",
        "ratio",
        "4.000",
        "± 0.050",
        "-6",
        "dB",
        NOT_TOLD,
        "88,200 samples",
    ):
        assert words in texts, words
    assert page.count('class="unsure"') == 1 and page.count('class="range"') == 2
    assert section([]) == ""


def test_without_errors_there_is_no_word_of_them():
    assert "Give or take" not in section([GAIN]) and "±" not in section([GAIN])


def test_a_wicked_row_is_inert():
    wicked = '<script>alert("1")</script>'
    page = section([Row(wicked, wicked, 1.0, wicked), Row(wicked, wicked, math.nan, note=wicked)])
    assert "<script" not in page and not any(tag == "script" for tag, _ in Outline(page).tags)
