"""The player in a real browser, where one is installed: it decodes, and switches in place without a click."""

import numpy as np
import pytest

from tests.report.chromium import BROWSER, Tab
from tests.report.takes import take
from tonewright.report.page import write_page

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

READY = "document.getElementById('status').textContent.startsWith('Ready')"

# Plays made-up sounds of two seconds through the page's own Player, into an array instead of the air.
OFFLINE = """
const offline = async (samples, act) => {
  const rate = 44100;
  const track = { match: 1 };
  const tracks = { dry: track, device: track, model: track };
  const fake = new Player({ rate, master: 1, difference_peak: 0, tracks }, samples);
  fake.volume = 1;
  fake.context = new OfflineAudioContext(1, 2 * rate, rate);
  fake.master = fake.context.createGain();
  fake.master.connect(fake.context.destination);
  act(fake, (t, f) => fake.context.suspend(t).then(() => { f(); fake.context.resume().catch(() => {}); }));
  return [...(await fake.context.startRendering()).getChannelData(0)];
};
const wave = (f) => Float32Array.from({ length: 2 * 44100 }, (_, i) => f(i / 44100));
const level = (v) => wave(() => v);
"""


@pytest.fixture(scope="module")
def listening():
    return take(seconds=2.0)


@pytest.fixture(scope="module")
def tab(listening, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    write_page(listening, folder / "page.html")
    with Tab(folder / "page.html", folder / "profile") as tab:
        tab.wait_for(READY)
        tab.run(OFFLINE)
        yield tab
        assert tab.complaints == []


def test_decodes_the_very_samples(tab, listening):
    for name, x in (("dry", listening.dry), ("device", listening.target), ("model", listening.estimate)):
        y = np.array(tab.run(f"[...player.samples.{name}]"))
        assert y.shape == x.shape
        assert np.abs(y - x).max() <= 1.6 * np.abs(x).max() / 32767  # Chromium divides by 32767 above zero
    difference = np.array(tab.run("[...player.samples.difference]"))
    assert np.abs(difference - (listening.estimate - listening.target)).max() < 5e-5


def test_plays_and_keeps_its_place_while_switching(tab):
    tab.run("byId('play').click()")
    tab.wait_for("player.position > 0.1")
    for name in ("dry", "model", "difference", "device"):
        before, now, track = tab.run(f"""(() => {{
            const place = () => player.position - player.context.currentTime;
            const before = place();
            document.querySelector("[data-track={name}]").click();
            return [before, place(), player.track]; }})()""")
        assert track == name
        assert abs(now - before) < 1e-6
    tab.run("byId('play').click()")
    assert tab.run("[player.playing, byId('play').textContent]") == [False, "Play"]


def test_keys_choose_and_loop(tab):
    def press(key):
        tab.run(
            f"document.body.dispatchEvent(new KeyboardEvent('keydown', {{ key: {key!r}, bubbles: true }}))"
        )

    for key, name in (("1", "dry"), ("2", "device"), ("3", "model"), ("4", "difference")):
        press(key)
        assert tab.run("[player.track, heard]") == [name, name]
    tab.run("player.seek(0.5)")
    press("[")
    tab.run("player.seek(1.25)")
    press("]")
    assert tab.run("player.region") == [0.5, 1.25]
    press("\\")
    assert tab.run("player.region") == [0, 2]
    press(" ")
    assert tab.run("player.playing")
    press(" ")
    assert not tab.run("player.playing")


def test_switching_makes_no_click(tab):
    y = np.array(
        tab.run("""offline(
            { dry: level(0), device: level(0.5), model: level(-0.5), difference: level(1) },
            (fake, at) => {
              fake.start(0);
              at(0.3, () => fake.hear("model"));
              at(0.305, () => fake.hear("dry"));
              at(0.6, () => fake.hear("model"));
              at(1.0, () => fake.pause());
              for (let t = 1.1; t < 2; t += 0.1) {
                at(t, () => fake.start(fake.place));
                at(t + 0.05, () => fake.pause());
              }
            })""")
    )
    heard_at = [y[round(t * 44100)] for t in (0.01, 0.2, 0.5, 0.9, 1.08, 1.145)]
    assert np.allclose(heard_at, [0, 0.5, 0, -0.5, 0, -0.5], atol=1e-3)
    assert np.abs(np.diff(y)).max() < 0.01  # a hard switch would be a step of 0.5


def test_all_four_run_in_step(tab):
    y = np.array(
        tab.run("""(() => {
            const x = wave((t) => Math.sin(20 * t));
            return offline({ dry: x, device: x, model: x, difference: x }, (fake, at) => {
              fake.start(0);
              const names = ["dry", "model", "difference", "device"];
              for (let i = 1; i < 8; i++) at(i / 5, () => fake.hear(names[i % 4]));
            }); })()""")
    )
    begun = round(0.02 * 44100)
    y = y[begun + 1000 :]
    t = (np.arange(len(y)) + 1000) / 44100
    assert np.abs(y - np.sin(20 * t)).max() < 2e-3


def test_a_louder_difference_does_not_distort(tab):
    tab.run("set(() => (player.boostDb = 40))")
    held = tab.run("player.heldBoostDb")
    assert 0 < held < 40
    assert f"held at {held:.0f} dB" in tab.run("byId('held').textContent")
    peak = np.abs(tab.run("[...player.samples.difference]")).max()
    assert peak * 10 ** (held / 20) * tab.run("sounds.master") < 1
    tab.run("set(() => (player.boostDb = 0))")


def test_the_blind_test_hides_and_counts(tab):
    assert tab.run("[10, 8, 0].map((right) => chanceOf(right, 10))") == [1 / 1024, 56 / 1024, 1]
    tab.run("byId('blind-begin').click()")
    assert tab.run("byId('tracks').hidden")
    for wrong in [True] * 3 + [False] * 7:
        secret = tab.run("hear('x'), blind.secret")
        assert tab.run("player.track === blind.secret")
        says = {"device": "model", "model": "device"}[secret] if wrong else secret
        tab.run(f"document.querySelector('[data-answer={says}]').click()")
    assert tab.run("byId('blind-score').textContent").startswith("7 of 10 right. That is what guessing gives")
    tab.run("byId('blind-end').click()")
    assert not tab.run("byId('tracks').hidden")
