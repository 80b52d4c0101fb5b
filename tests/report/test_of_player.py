"""The page of a model: what is particular to it is on it, and only that."""

import numpy as np
import pytest

from tests.report.test_page import Outline
from tests.runtime import instruments
from tonewright import models
from tonewright.audio.pairs import Pair
from tonewright.builtin.guitar import phrase
from tonewright.errors import ConfigError
from tonewright.report.of_player import settings_of, write_report
from tonewright.runtime.player import Player
from tonewright.storage import Tone

RATE = 44100


@pytest.fixture(scope="module")
def pair() -> Pair:
    dry = phrase(1.0, RATE).astype(np.float32)
    return Pair(dry, np.tanh(3 * dry), RATE)


def player(architecture: str, config=None, **facts) -> Player:
    model = models.find(architecture).Model(config).eval()
    return Player(Tone(architecture, model, RATE, **facts))


def chain(words: str, **facts) -> Player:
    kind = models.find("chain")
    return player("chain", kind.Config(kind.spoken(words)), **facts)


def test_the_page_of_a_chain_shows_its_curves_and_settings(pair, tmp_path):
    metrics = {"sure.compressor.ratio": 0.25, "sure.compressor.knee_db": 9.0}
    ours = chain("gain,eq,compressor,tanh,tremolo,echo,response[5000]", metrics=metrics)
    ours.model.set({"compressor.ratio": 3.5})
    write_report(ours, [pair], tmp_path / "page.html", "chain.tone")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    texts = [text for _, text in Outline(page).texts]
    for title in ("Tone", "Loud and quiet", "The bend of tanh", "The swing of tremolo", "The tail of echo"):
        assert title in texts
    assert "3.50" in texts and "± 0.25" in texts and "cannot be told from this recording" in texts
    assert any(text.startswith("5,000 samples") for text in texts)
    assert page.count('class="range"') == sum(not np.isnan(row.value) for row in settings_of(ours))


def test_an_instrument_has_no_sides_to_compare(pair, tmp_path):
    with pytest.raises(ConfigError, match="this is an instrument"):
        write_report(instruments.instrument(), [pair], tmp_path / "page.html", "violin.tone")


def test_a_network_has_no_settings_and_no_curves(pair, tmp_path):
    write_report(player("wavenet"), [pair], tmp_path / "page.html", "amp.tone")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<figure>") == 4 and 'id="turned"' not in page
