"""The instrument's page says what was measured, plays the very samples, and needs nothing from outside."""

import base64
import hashlib
import json
import re

import numpy as np
import pytest

from tests.report.chromium import BROWSER, Tab
from tests.report.instrument_takes import HISTORY, RATE, playing, singing
from tests.report.takes import decode, sounds_of
from tests.report.test_page import Outline
from tonewright.errors import ShapeError
from tonewright.report.instrument import InstrumentListening, Take, render_instrument, write_instrument_page

ROOM = (0.3 * np.random.RandomState(0).standard_normal(4000) * np.exp(-np.arange(4000) / 800)).astype(
    np.float32
)


@pytest.fixture(scope="module")
def page() -> str:
    told = dict(facts={"Preset": "small"}, findings=["Nothing clips."])
    return render_instrument(
        playing(spectral_loss=5.9, history=HISTORY, reverb=ROOM, more=[singing()], **told)
    )


@pytest.fixture(scope="module")
def bare_page() -> str:
    return render_instrument(playing())


def headline(page: str) -> str:
    return next(text for tag, text in Outline(page).texts if tag == "h1")


def test_says_the_figures_of_proof(page):
    assert headline(page) == "Plays like the instrument: pitch, loudness and tone follow the recording"
    words = [text for tag, text in Outline(page).texts if tag == "p"]
    assert any("spectral loss is 5.90" in text for text in words)
    assert any("off by 1.0 dB" in text for text in words)
    assert any("within 0.04 semitones, and 0 %" in text for text in words)
    for title in ("Pitch", "Loudness", "Bass to treble, over time", "How training went", "The room"):
        assert f"<b>{title}</b>" in page
    assert page.count("<figure>") == 6


def test_what_was_measured_elsewhere_counts():
    page = render_instrument(playing(loudness_l1_db=2.0, f0_error_semitones=0.07, f0_off=0.12))
    assert headline(page) == "Like the instrument, but audibly different in loudness"
    assert "within 0.07 semitones, and 12 %" in page and "off by 2.0 dB" in page


@pytest.mark.parametrize(
    "figures,words",
    [
        ({"spectral_loss": 7.0}, "Like the instrument, but audibly different in tone"),
        ({"spectral_loss": 12.0}, "Not this instrument yet: tone is far off"),
        ({"f0_off": 0.6, "loudness_l1_db": 9.0}, "Not this instrument yet: pitch and loudness are far off"),
        ({"f0_error_semitones": float("nan")}, "Not this instrument yet: pitch is far off"),
        ({"spectral_loss": float("nan")}, "Not this instrument yet: tone is far off"),
    ],
)
def test_a_bad_figure_is_no_praise(figures, words):
    assert headline(render_instrument(playing(**figures))) == words


def test_without_history_and_room_there_is_less(bare_page):
    assert bare_page.count("<figure>") == 4 and "There is no training history to draw." in bare_page
    assert "spectral loss is" not in bare_page and 'id="takes"' not in bare_page


def test_nothing_speaks_of_a_device_or_an_amp(page):
    shown = " ".join(text for tag, text in Outline(page).texts if tag not in ("script", "style"))
    assert not re.search(r"\b(device|dry|ESR|difference)\b", shown)


@pytest.mark.parametrize("name", ["page", "bare_page"])
def test_asks_nothing_from_outside_and_runs_its_own_script_only(name, request):
    page = request.getfixturevalue(name)
    assert not re.search(r"(https?:)?//[a-z]", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page))
    script = re.search(r"<script>(.*?)</script>", page, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    outline = Outline(page)
    assert len(outline.ids) == len(set(outline.ids))


def test_plays_the_very_samples(page):
    sounds, listening, take = sounds_of(page), playing(), singing()
    pairs = [
        (sounds, listening.recording, listening.resynthesis),
        (sounds["more"][0], take.source, take.result),
    ]
    for data, *tracks in pairs:
        for name, x in zip(("device", "model"), tracks, strict=True):
            y, rate = decode(data["tracks"][name])
            assert rate == RATE and np.abs(y - x).max() <= np.abs(x).max() / 32767 * 0.51
    assert sounds["more"][0]["labels"] == {"device": "The singer", "model": "The violin"}


def test_a_long_take_is_heard_for_twenty_seconds_from_its_beginning():
    x = np.random.RandomState(0).standard_normal(25 * 1000).astype(np.float32)
    long = playing(sample_rate=1000, more=[Take("long", x, 0.1 * x)])
    data = sounds_of(render_instrument(long))["more"][0]
    y, _ = decode(data["tracks"]["device"])
    assert (
        len(y) == 20_000
        and np.abs(y - x[:20_000]).max() < 1e-3
        and data["parts"] == [{"at_s": 0.0, "from_s": 0.0}]
    )


def test_wicked_words_are_inert():
    wicked = "<script>alert(1)</script>"
    take = Take(wicked, *[np.ones(9)] * 2, labels=(wicked, wicked))
    page = render_instrument(playing(title=wicked, facts={wicked: wicked}, findings=[wicked], more=[take]))
    outline = Outline(page)
    assert [attributes.get("type") for tag, attributes in outline.tags if tag == "script"] == [
        "application/json",
        None,
    ]
    assert json.dumps(sounds_of(page)["more"][0]["labels"]).count(wicked) == 2


def test_what_is_no_sound_is_said():
    broken = playing().resynthesis.copy()
    broken[9] = np.nan
    page = render_instrument(playing(resynthesis=broken))
    assert headline(page) == "The model is broken: what it makes is not sound" and "no numbers" in page
    assert headline(render_instrument(playing(recording=np.zeros(8000)))).startswith("There is nothing")


def test_silence_without_pitch_makes_a_page():
    nothing, frames = np.zeros(500), np.zeros(4)
    listening = InstrumentListening(
        "a", nothing, nothing, RATE, frames, frames * np.nan, frames, frames * np.nan, 100.0
    )
    Outline(render_instrument(listening))
    one = np.ones(1)
    Outline(
        render_instrument(InstrumentListening("a", one, one, RATE, one, one, one, one, 100.0, reverb=one))
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"recording": np.zeros(5)},
        {"f0_hz": np.zeros(5)},
        {"loudness_made_db": np.zeros((1, 50))},
        {"reverb": np.zeros(0)},
        {"more": [Take("a", np.zeros(3), np.zeros(4))]},
    ],
)
def test_what_does_not_belong_together_is_refused(wrong):
    with pytest.raises(ShapeError, match="a report wants"):
        playing(**wrong)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_a_browser_plays_every_take(tmp_path):
    write_instrument_page(playing(seconds=1.0, more=[singing()]), tmp_path / "page.html")
    with Tab(tmp_path / "page.html", tmp_path / "profile") as tab:
        tab.wait_for("byId('status').textContent.startsWith('Ready')")
        assert tab.run("[...all('#tracks button')].map((b) => b.textContent)") == ["1Recording", "2Model"]
        assert tab.run("byId('play').click(), player.playing")
        tab.run("all('[data-track]')[1].click(), all('#takes button')[1].click()")
        assert tab.run("[player === players[1], player.playing, player.duration, player.track]") == [
            True,
            False,
            0.3,
            "device",
        ]
        assert tab.run("[...all('#tracks button')].map((b) => b.textContent)") == [
            "1The singer",
            "2The violin",
        ]
        assert tab.run("byId('play').click(), player.playing") and tab.run("byId('blind-begin').disabled")
        tab.run("all('#takes button')[0].click(), byId('blind-begin').click(), hear('x')")
        assert tab.run("['device', 'model'].includes(player.track)") and tab.run(
            "all('#takes button')[1].disabled"
        )
        assert tab.complaints == []
