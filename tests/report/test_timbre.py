"""The timbre's page says what was measured, draws the latents, plays the samples, and needs nothing from outside."""

import base64
import hashlib
import re

import numpy as np
import pytest
import torch

from tests.report.chromium import BROWSER, Tab
from tests.report.takes import decode, sounds_of
from tests.report.test_page import Outline
from tests.report.timbre_takes import HISTORY, RATE, beats, listened, spoken
from tonewright.errors import ShapeError
from tonewright.models.rave import Config
from tonewright.models.rave import Model as Timbre
from tonewright.report import of_timbre
from tonewright.report.takes import Take
from tonewright.report.timbre import render_timbre, write_timbre_page
from tonewright.report.timbre_words import latent_words, sentences
from tonewright.runtime.player import Player
from tonewright.storage import Tone

WHY = "phase 2 from step 400 on: the held-out distance fell by only 0.8 %"
TITLES = (
    "What the model tells of a sound",
    "Bass to treble, over time",
    "Loudness",
    "The tone, part by part",
    "How many numbers it takes",
    "How training went",
)


@pytest.fixture(scope="module")
def page() -> str:
    told = dict(
        facts={"Preset": "live"}, findings=["Four seconds are little."], notices=["It has collapsed."]
    )
    course = dict(history=HISTORY, second_phase=400, why=WHY, distance=2.5, untaught=10.0, half_way=3.0)
    return render_timbre(listened(more=[spoken()], **told, **course))


@pytest.fixture(scope="module")
def bare_page() -> str:
    return render_timbre(listened())


def headline(page: str) -> str:
    return next(text for tag, text in Outline(page).texts if tag == "h1")


def test_says_what_was_measured(page):
    assert headline(page) == "Makes the sound again: loudness and tone follow the recording"
    words = " ".join(text for tag, text in Outline(page).texts if tag == "p")
    assert "2.5, 25 % of what it was before it was taught and 83 % of what it was half-way." in words
    assert "there are 3 of 16 numbers, 62.5 times a second, which hold 98 % of what varies" in words
    assert "latent_0 goes with loudness (r = 0.9" in words and "It has collapsed." in words
    assert "Phase 2 from step 400 on: the held-out distance fell by only 0.8 %." in page
    assert all(f"<b>{title}</b>" in page for title in TITLES) and page.count("<figure>") == len(TITLES)


def test_without_a_history_there_is_less(bare_page):
    assert bare_page.count("<figure>") == len(TITLES) - 1 and "There is no training history" in bare_page
    assert "Spectral distance" not in bare_page and 'id="takes"' not in bare_page


def test_nothing_speaks_of_a_device_or_an_instrument(page):
    shown = " ".join(text for tag, text in Outline(page).texts if tag not in ("script", "style"))
    assert not re.search(r"\b(device|dry|ESR|difference|instrument|amp)\b", shown)


@pytest.mark.parametrize(
    "made,words",
    [
        (beats(1.0, dulls=2.0), "Not this sound yet: loudness and tone are far off"),
        (0.3 * beats(1.0), "Not this sound yet: loudness and tone are far off"),
        (0.7 * beats(1.0), "Like the sound, but audibly different in loudness and tone"),
        (np.zeros(RATE), "The model is broken: what it makes is not sound"),
        (np.full(RATE, np.nan), "The model is broken: what it makes is not sound"),
    ],
)
def test_a_bad_sound_is_no_praise(made, words):
    assert headline(render_timbre(listened(reconstruction=made))) == words


def test_a_silent_recording_is_nothing_to_compare_with():
    page = render_timbre(listened(recording=np.zeros(RATE)))
    assert headline(page) == "There is nothing to compare with"


def test_sentences_say_no_more_than_is_known():
    assert len(sentences(float("nan"), 1.0, (None, None, None), "")) == 1
    assert sentences(1.0, 1.0, (2.0, None, None), "")[-1].endswith("never heard: 2.")
    assert latent_words(8, 8, 100.0, 1.0, []) == (
        "Between hearing and playing there are 8 numbers, 100 times a second."
    )


@pytest.mark.parametrize("name", ["page", "bare_page"])
def test_asks_nothing_from_outside_and_runs_its_own_script_only(name, request):
    page = request.getfixturevalue(name)
    assert not re.search(r"(https?:)?//[a-z]", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page))
    script = re.search(r"<script>(.*?)</script>", page, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    outline = Outline(page)
    assert len(outline.ids) == len(set(outline.ids))


def test_what_a_person_wrote_stays_text():
    evil = "<script>alert(1)</script>"
    page = render_timbre(
        listened(title=evil, why=evil, second_phase=1, history=HISTORY, facts={evil: evil}, notices=[evil])
    )
    assert "alert(1)</script>" not in page and "&lt;script&gt;" in page


def test_plays_the_samples(page):
    sounds = sounds_of(page)
    heard, rate = decode(sounds["tracks"]["model"])
    assert rate == RATE and np.abs(heard - beats(1.0, dulls=0.6)).max() < 1e-4
    assert [take["labels"]["model"] for take in sounds["more"]] == ["In this timbre"]


def test_a_moment_is_enough():
    one = np.ones(1)
    changes = dict(recording=one, reconstruction=one, latents=np.ones((1, 1)), variance=one, played=1)
    Outline(render_timbre(listened(**changes)))
    Outline(render_timbre(listened(latents=np.full((2, 5), np.nan), variance=np.zeros(2), played=2)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"recording": np.zeros(5)},
        {"latents": np.zeros(5)},
        {"latents": np.zeros((0, 5))},
        {"variance": np.zeros((2, 2))},
        {"played": 0},
        {"played": 17},
        {"more": [Take("a", np.zeros(3), np.zeros(4))]},
    ],
)
def test_what_does_not_belong_together_is_refused(wrong):
    with pytest.raises(ShapeError):
        listened(**wrong)


CONFIG = Config(sample_rate=RATE, capacity=4, ratios=(4, 2), dilations=((1,), (1,)), latent=6, knobs=2)


def untaught() -> Player:
    torch.manual_seed(0)
    history = dict(history=HISTORY, metrics={"held_out_spectral": 2.0})
    provenance = {"second_phase": 400, "why_second_phase": WHY}
    return Player(Tone("rave", Timbre(CONFIG), sample_rate=RATE, provenance=provenance, **history))


def test_a_player_becomes_a_page(tmp_path):
    held_out = [("kick.wav", beats(0.5)), ("snare.wav", beats(0.3, 500.0))]
    others, path = [("A voice", beats(0.2, 150.0))], tmp_path / "page.html"
    of_timbre.write_timbre_report(untaught(), held_out, path, "drums.tone", others=others)
    page = path.read_text()
    assert "far off" in headline(page) and "Phase 2 from step 400" in page and "heard: 2." in page
    sounds = sounds_of(page)
    hop = CONFIG.compression
    assert (
        len(decode(sounds["tracks"]["device"])[0])
        == -(-RATE // 2 // hop) * hop + -(-3 * RATE // 10 // hop) * hop
    )
    assert [take["labels"]["device"] for take in sounds["more"]] == ["Before"]


def test_latents_are_told_when_they_are_heard():
    player, hop = untaught(), CONFIG.compression
    silence = np.zeros(400 * hop, np.float32)
    click = silence.copy()
    click[200 * hop : 201 * hop] = beats(1.0)[:hop]
    moved = np.abs(of_timbre.told(player, click) - of_timbre.told(player, silence)).sum(axis=0)
    assert len(moved) == 400 and abs(int(moved.argmax()) - 200) <= 1


def test_the_held_out_sounds_are_joined_up_to_a_minute_and_a_half():
    long = of_timbre.joined([np.ones(60 * 1000), np.ones(60 * 1000), np.ones(9)], 4, 1000)
    assert len(long) == 90_000
    assert len(of_timbre.joined([np.ones(0)], 4, 1000)) == 4


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_a_browser_plays_it(tmp_path):
    write_timbre_page(listened(more=[spoken()]), tmp_path / "page.html")
    with Tab(tmp_path / "page.html", tmp_path / "profile") as tab:
        tab.wait_for("byId('status').textContent.startsWith('Ready')")
        assert tab.run("byId('play').click(), player.playing")
        tab.run("all('[data-track]')[1].click(), all('#takes button')[1].click()")
        assert tab.run("player === players[1] && player.duration") == 0.3
        assert tab.run("all('img').every((image) => image.complete && image.naturalWidth > 100)")
        assert tab.complaints == []
