"""Curves are drawn, equal when drawn again, and within their frame."""

import base64
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from tonewright.models.base import Curve
from tonewright.report.curves import draw, picture

X = np.linspace(0.0, 1.0, 11)


def curve(ys: dict, **changes) -> Curve:
    return Curve("A curve", "What it shows.", X, ys, "in", "out, dB", **changes)


@pytest.mark.parametrize(
    "given",
    [
        curve({"one": X}),
        curve({"one": X, "two": -X, "same": X}, faint=("same",)),
        curve({"one": np.zeros(11)}),
        curve({"one": np.full(11, np.nan)}),
        curve({"one": X - 200}, floor=-100.0, shown=(-6.0, 6.0)),
        curve({f"line {i}": X * i for i in range(32)}),
        curve({"<&>": X, "$\\frac$": -X}),
        Curve("Log", "", np.geomspace(20, 20000, 5), {"a": np.geomspace(1, 9, 5)}, "Hz", "Hz", True, True),
    ],
)
def test_any_curve_is_an_image_and_the_same_one_again(given):
    uri = draw(given)
    kind, _, text = uri.partition(";base64,")
    assert kind == "data:image/svg+xml" and draw(given) == uri
    assert ElementTree.fromstring(base64.b64decode(text)).tag == "{http://www.w3.org/2000/svg}svg"


def test_next_to_nothing_looks_like_it():
    low, high = picture(curve({"flat": X * 0.01}, shown=(-6.0, 6.0))).axes[0].get_ylim()
    assert low < -6 and high > 6


def test_a_helping_line_does_not_set_the_scale():
    low, high = picture(curve({"small": X * 0.1, "unchanged": X}, faint=("unchanged",))).axes[0].get_ylim()
    assert 0.1 < high < 0.12 and -0.02 < low < 0


def test_nothing_is_shown_below_the_floor():
    assert picture(curve({"deep": -500 * X}, floor=-60.0)).axes[0].get_ylim()[0] == -60.0


def test_frequencies_are_marked_as_people_say_them():
    hz = np.geomspace(20, 20000, 50)
    axis = picture(Curve("Tone", "", hz, {"eq": np.zeros(50)}, "Hz", "gain, dB", log_x=True)).axes[0]
    format_hz = axis.xaxis.get_major_formatter()
    assert [format_hz(value) for value in (50.0, 1000.0, 20000.0)] == ["50", "1k", "20k"]
