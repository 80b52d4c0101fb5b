"""The page holds the truth, needs nothing from outside, and says it when something is broken."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from tests.report.takes import HISTORY, decode, sounds_of, take
from tonewright.errors import ShapeError, TonewrightError
from tonewright.measure.metrics import esr, verdict
from tonewright.models.base import Curve, Row
from tonewright.report.page import render_page, write_page

VOID = {"meta", "input", "img", "br", "link", "hr"}


class Outline(HTMLParser):
    """The tags, ids and texts of a page; fails where a tag is not closed in its turn."""

    def __init__(self, page: str):
        super().__init__()
        self.open, self.tags, self.ids, self.texts = [], [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(take(history=HISTORY, facts={"Preset": "standard"}, findings=["Nothing clips."]))


def test_names_the_verdict_and_the_error_that_metrics_gives(page):
    listening = take()
    error = esr(listening.target, listening.estimate)
    headings = [text for tag, text in Outline(page).texts if tag == "h1"]
    assert headings == [verdict(error).capitalize()]
    assert f"ESR {error:.4f}" in page


def test_asks_nothing_from_outside(page):
    assert not re.search(r"(https?:)?//[a-z]", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page))
    for tag, attributes in Outline(page).tags:
        assert tag not in ("link", "iframe", "object", "embed")
        assert all(attributes.get(name, "data:").startswith("data:") for name in ("src", "href", "action"))
    assert not re.search(r"\b(fetch|import|XMLHttpRequest)\b *\(", page)


def test_only_the_pages_own_script_may_run(page):
    script = re.search(r"<script>(.*?)</script>", page, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def test_all_that_the_script_looks_for_is_there_once(page):
    outline = Outline(page)
    assert len(outline.ids) == len(set(outline.ids))
    script = re.search(r"<script>(.*?)</script>", page, re.S).group(1)
    wanted = set(re.findall(r'(?:byId|onClick|each)\("#?([a-z][a-z-]+)"', script))
    assert len(wanted) > 15
    assert wanted <= set(outline.ids)
    for name in re.findall(r"\[data-(\w+)\]", script):
        assert any(f"data-{name}" in attributes for _, attributes in outline.tags)


@pytest.fixture(scope="module")
def bare_page() -> str:
    return render_page(take(seconds=0.2))


@pytest.mark.parametrize("sample_rate", [44100, 96000])
def test_plays_the_very_samples(sample_rate, bare_page):
    listening = take(seconds=0.2, sample_rate=sample_rate)
    sounds = sounds_of(bare_page if sample_rate == 44100 else render_page(listening))
    assert sounds["rate"] == sample_rate
    for name, x in (("dry", listening.dry), ("device", listening.target), ("model", listening.estimate)):
        y, rate = decode(sounds["tracks"][name])
        assert rate == sample_rate
        assert len(y) == len(x)
        assert np.abs(y - x).max() <= np.abs(x).max() / 32767 * 0.51


def test_a_wicked_title_is_inert():
    wicked = "<script>alert(1)</script>"
    page = render_page(take(title=wicked, facts={wicked: wicked}, findings=[wicked, "</ul>"]))
    outline = Outline(page)
    assert [attributes.get("type") for tag, attributes in outline.tags if tag == "script"] == [
        "application/json",
        None,
    ]
    assert sum(wicked in text for tag, text in outline.texts if tag in ("p", "title", "th", "td", "li")) == 5


def test_a_model_that_makes_no_numbers_is_called_broken():
    estimate = take().target.copy()
    estimate[22050 // 2 :] = np.nan
    page = render_page(take(estimate=estimate))
    assert "<h1>The model is broken: what it makes is not sound</h1>" in page
    assert "the first at 0.25 s" in page
    assert 'class="mark"' not in page
    y, _ = decode(sounds_of(page)["tracks"]["model"])
    assert np.abs(y[: 22050 // 2] - estimate[: 22050 // 2]).max() < 1e-4
    assert not y[22050 // 2 :].any()


def test_silence_makes_a_page():
    nothing = np.zeros(500, np.float32)
    page = render_page(take(dry=nothing, target=nothing, estimate=nothing))
    assert "<h1>There is nothing to compare with</h1>" in page
    assert not decode(sounds_of(page)["tracks"]["model"])[0].any()


def test_the_shortest_sound_makes_a_page():
    x = np.full(1, 0.5, np.float32)
    assert decode(sounds_of(render_page(take(dry=x, target=x, estimate=x)))["tracks"]["model"])[0] == [0.5]


def test_a_history_is_drawn_and_its_absence_is_said(page, bare_page):
    assert "How training went" in page
    assert "How training went" not in bare_page
    assert "There is no training history to draw." in bare_page


@pytest.mark.parametrize("shapes", [(5, 5, 4), (0, 0, 0), ((1, 5), (1, 5), (1, 5))])
def test_three_of_a_kind_are_wanted(shapes):
    with pytest.raises(ShapeError, match="one length"):
        take(**dict(zip(("dry", "target", "estimate"), map(np.zeros, shapes), strict=True)))


def test_writes_the_whole_page_in_place_of_the_old_one(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "tonewright.report.page.render_page", lambda listening: f"{listening.title}: “page”\n"
    )
    path = tmp_path / "report.html"
    path.write_text("old")
    write_page(take(seconds=0.1), path)
    assert path.read_bytes() == "amp.tone: “page”\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_says_where_it_cannot_write(tmp_path, monkeypatch):
    monkeypatch.setattr("tonewright.report.page.render_page", lambda listening: "page")
    with pytest.raises(TonewrightError, match="make it first"):
        write_page(take(seconds=0.1), tmp_path / "missing" / "report.html")
    with pytest.raises(TonewrightError, match="is a folder"):
        write_page(take(seconds=0.1), tmp_path)
    assert list(tmp_path.parent.glob(f".{tmp_path.name}*")) == []


CURVE = Curve(
    "The <bend>", "It & bends.", np.linspace(-1, 1, 9), {"tanh": np.linspace(-1, 1, 9)}, "in", "out"
)


def test_curves_and_settings_come_after_the_figures():
    rows = [Row("gain", "gain_db", -6.0, "dB", -60.0, 60.0)]
    page = render_page(take(seconds=0.2, curves=[CURVE], settings=rows))
    Outline(page)
    assert (
        page.index("What goes in, what comes out")
        < page.index("The &lt;bend&gt;")
        < page.index("<h2>Settings</h2>")
    )
    assert "It &amp; bends." in page and "<bend>" not in page


def test_a_model_without_parts_has_neither(bare_page):
    plain = take(seconds=0.2)
    assert render_page(plain) == bare_page
    assert 'id="turned"' not in bare_page and bare_page.count("<figure>") == 4
