"""tonewright match, and what can be done with what it found."""

import json
import os
import re
import signal

import numpy as np
import pytest
import soundfile

from tests.training.test_match import RATE, SECONDS, effect
from tests.training.toys import interruptible
from tonewright import storage
from tonewright.audio import files
from tonewright.builtin import phrase
from tonewright.cli import run
from tonewright.measure.metrics import esr
from tonewright.models.chain.fitting import recipe
from tonewright.models.chain.processors import PROCESSORS

MADE = {"highpass.cutoff_hz": 300.0, "tanh.drive_db": 15.0}
WORDS = ("match", "dry.wav", "wet.wav", "--chain", "highpass,tanh", "-o", "chain.tone")


@pytest.fixture(scope="module")
def matched(tmp_path_factory):
    """A pair, and the chain that was found for it."""
    folder = tmp_path_factory.mktemp("matched")
    dry = phrase(SECONDS, RATE)
    files.write(folder / "dry.wav", dry, RATE)
    files.write(folder / "wet.wav", effect("highpass,tanh", MADE, dry), RATE)
    before = os.getcwd()
    os.chdir(folder)
    try:
        assert run([*WORDS, "--json", "settings.json"]) == 0
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def pair(tonewright, matched):
    """A terminal where they are."""
    for path in matched.iterdir():
        (tonewright.folder / path.name).write_bytes(path.read_bytes())
    return tonewright


def heard(name: str) -> np.ndarray:
    return files.read(name)[0][0]


def test_the_files_are_there_and_say_what_was_found(pair):
    told = json.loads((pair.folder / "settings.json").read_text())
    assert (told["chain"], told["sample_rate"], told["channels"]) == ("highpass,tanh", RATE, 1)
    told = told["settings"]
    assert list(told) == ["highpass", "tanh"] and set(told["highpass"]) == {"cutoff_hz", "q"}
    assert told["highpass"]["cutoff_hz"] == pytest.approx(300.0, rel=1e-4)
    assert told["tanh"]["drive_db"] == pytest.approx(15.0, abs=1e-3)
    page = (pair.folder / "chain.html").read_text()
    assert "<h2>Settings</h2>" in page and "Give or take" in page


def test_inspect_prints_the_same_json(pair):
    said = pair("inspect", "chain.tone", "--json")
    assert said.code == 0 and said.out == (pair.folder / "settings.json").read_text()


def test_the_json_is_the_chain_again(pair):
    assert pair("import", "settings.json", "-o", "again.tone").code == 0
    assert pair("export", "chain.tone", "again.json").code == 0
    assert (pair.folder / "again.json").read_bytes() == (pair.folder / "settings.json").read_bytes()
    for name in ("chain.tone", "again.tone", "settings.json"):
        assert pair("run", name, "dry.wav", "-o", f"{name}.wav").code == 0
    for name in ("again.tone.wav", "settings.json.wav"):
        np.testing.assert_array_equal(heard(name), heard("chain.tone.wav"))


def test_inspect_lists_the_settings(pair):
    said = pair("inspect", "chain.tone")
    assert said.code == 0 and "Self-check" in said.out
    assert re.search(r"^highpass +cutoff +300\S* +Hz +± \S+", said.out, re.MULTILINE), said.out
    assert re.search(r"^tanh +drive +15\S* +dB +± \S+", said.out, re.MULTILINE), said.out


def test_it_plays_as_the_effect_did(pair):
    assert pair("run", "chain.tone", "dry.wav", "-o", "out.wav").code == 0
    assert esr(heard("wet.wav"), heard("out.wav")) < 1e-6


def test_a_setting_is_turned_for_one_sound(pair):
    before = (pair.folder / "chain.tone").read_bytes()
    change = ("--set", "highpass.cutoff_hz=1000", "--set", "tanh.drive_db=0")
    assert pair("run", "chain.tone", "dry.wav", "-o", "out.wav", *change).code == 0
    settings = {**MADE, "highpass.cutoff_hz": 1000.0, "tanh.drive_db": 0.0}
    assert esr(effect("highpass,tanh", settings, heard("dry.wav"))[0], heard("out.wav")) < 1e-6
    assert (pair.folder / "chain.tone").read_bytes() == before


@pytest.mark.parametrize(
    "words,sentence",
    [
        ("highpas.q=1", "no processor called 'highpas' in this chain; did you mean 'highpass'?"),
        ("highpass.cutof_hz=100", "has no setting called 'cutof_hz'; did you mean 'cutoff_hz'?"),
        ("highpass=100", "is named processor.setting, such as gain.gain_db"),
        ("highpass.cutoff_hz=5", "highpass.cutoff_hz goes from 10 to 8000 Hz, and not to 5"),
        ("highpass.q", "a setting is set as name=number, such as compressor.ratio=3"),
        ("highpass.q=nan", "a setting is set as name=number"),
    ],
)
def test_a_setting_that_there_is_not(pair, words, sentence):
    assert sentence in pair.refuses("run", "chain.tone", "dry.wav", "-o", "out.wav", "--set", words)


def test_a_model_without_settings_has_none_to_set(tonewright):
    said = tonewright.refuses("run", "a.tone", "dry.wav", "-o", "out.wav", "--set", "gain.gain_db=1")
    assert "settings" in said
    assert json.loads(tonewright("inspect", "a.tone", "--json").out) == {}


def test_the_help_names_every_processor(tonewright):
    shown = tonewright("match", "--help").out
    assert [kind for kind in PROCESSORS if not re.search(rf"\b{kind}\b", shown)] == []


def test_show_prints_the_table(pair):
    said = pair(
        *WORDS[:4], "gain,highpass,tanh", *WORDS[5:], "--show", "--no-page", "--fix", "gain.gain_db=0"
    )
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert re.match(r"chain\.tone: ESR \S+ on the end of the recording, where the dry sound leaves", lines[0])
    shown = (r"gain +gain +0 +dB", r"highpass +cutoff +300\S* +Hz +± \S+", r" +q +0\.7\S+ +± \S+")
    for line, pattern in zip(lines[-4:], (*shown, r"tanh +drive +15\S* +dB +± \S+"), strict=True):
        assert re.fullmatch(pattern, line), line


def test_what_is_not_told_is_named(pair):
    files.write("wet.wav", 0.5 * heard("dry.wav"), RATE)
    said = pair("match", "dry.wav", "wet.wav", "--chain", "gain,gain", "-o", "b.tone", "--show", "--no-page")
    assert said.code == 0 and "this recording does not tell: gain1.gain_db, gain2.gain_db" in said.out
    assert said.out.count("cannot be told from this recording") == 2
    assert not (pair.folder / "b.html").exists()


def test_stereo_is_matched_without_a_page(pair):
    files.write("wet.wav", effect("pan", {"pan.pan": -0.5}, heard("dry.wav")), RATE)
    said = pair("match", "dry.wav", "wet.wav", "--chain", "pan", "-o", "b.tone")
    assert said.code == 0 and "a page compares mono sounds, so none was written" in said.out
    assert not (pair.folder / "b.html").exists()
    assert pair("run", "b.tone", "dry.wav", "-o", "out.wav").code == 0
    assert np.abs(files.read("out.wav")[0] - files.read("wet.wav")[0]).max() < 1e-4


def test_without_a_chain_one_is_looked_for(pair):
    files.write("wet.wav", effect("tremolo", {"tremolo.rate_hz": 5.0}, heard("dry.wav")), RATE)
    said = pair("match", "dry.wav", "wet.wav", "-o", "b.tone", "--no-page")
    assert said.code == 0 and "tried gain: ESR" in said.err and "chosen: tremolo,gain, for it" in said.err
    assert storage.load("b.tone").metrics["esr"] < 1e-3


def test_a_late_side_is_told(pair):
    files.write("wet.wav", np.pad(0.5 * heard("dry.wav"), (300, 0)), RATE)
    said = pair("match", "dry.wav", "wet.wav", "--chain", "gain", "-o", "b.tone", "--no-page")
    assert said.code == 0 and "the wet side was 300 samples late, and was moved" in said.err
    assert storage.load("b.tone").provenance["latency_samples"] == "300"


def mistakes():
    """What a person may type, and what is said of it."""
    match = ("match", "dry.wav", "wet.wav", "-o", "b.tone", "--chain")
    return {
        "no dry": (("match", "no.wav", "wet.wav", "-o", "b.tone"), r"there is no file no\.wav"),
        "no wet": (("match", "dry.wav", "no.wav", "-o", "b.tone"), r"there is no file no\.wav"),
        "no result": (("match", "dry.wav", "wet.wav", "--chain", "gain"), "--output"),
        "suffix": (("match", "dry.wav", "wet.wav", "-o", "b.wav"), r"write -o b\.tone"),
        "folder": (("match", "dry.wav", "wet.wav", "-o", "no/b.tone"), "there is no folder"),
        "json": ((*match, "gain", "--json", "s.txt"), r"write --json s\.json"),
        "json folder": ((*match, "gain", "--json", "no/s.json"), "there is no folder"),
        "unknown": ((*match, "comprssor"), "no processor called 'comprssor'; did you mean 'compressor'?"),
        "chain": ((*match, "gain;eq"), "a chain is written as processors with commas between them"),
        "width": ((*match, "width"), "width wants two channels, and gets 1; put a pan before it"),
        "size": ((*match, "gain[3]"), "gain comes in one size"),
        "fix": ((*match, "gain", "--fix", "gain.gain_db"), "such as compressor.ratio=4, and not as"),
        "fix who": ((*match, "gain", "--fix", "eq.low_hz=100"), "no processor called 'eq' in this chain"),
        "fix range": ((*match, "gain", "--fix", "gain.gain_db=99"), "goes from -60 to 60 dB"),
        "fix many": ((*match, "room", "--fix", "room.t60_s=1"), "wants 8 numbers, and got 1"),
        "seed": ((*match, "gain", "--seed", "-1"), "--seed is a number of 0 or more, and not -1"),
        "latency": ((*match, "gain", "--latency", "1000000"), "have 0.0 s in common"),
        "capture": (
            ("capture", "dry.wav", "wet.wav", "--model", "chain", "-o", "b.tone"),
            "its command is `tonewright match`",
        ),
    }


@pytest.mark.parametrize("what", mistakes())
def test_a_mistake_is_one_sentence(pair, what):
    words, sentence = mistakes()[what]
    assert re.search(sentence, pair.refuses(*words))


def bad_pairs():
    x = phrase(SECONDS, RATE)
    nan = x.copy()
    nan[5000] = np.nan
    return {
        "rate": (x[: 2 * 24000], 24000, "dry.wav is 32000 Hz and wet.wav is 24000 Hz"),
        "silent": (0 * x, RATE, "wet.wav is silent"),
        "NaN": (nan, RATE, "NaN or infinite samples"),
        "channels": (np.stack([x, 0.5 * x, 0.3 * x]), RATE, "wet.wav has 3 channels"),
        "short": (x[: RATE // 2] + 0.1, RATE, "0.5 s in common, and a match wants 1 s at least"),
    }


@pytest.mark.parametrize("what", bad_pairs())
def test_a_bad_recording_is_one_sentence(pair, what):
    wet, rate, sentence = bad_pairs()[what]
    soundfile.write("wet.wav", wet.T, rate, subtype="FLOAT")
    assert sentence in pair.refuses("match", "dry.wav", "wet.wav", "--chain", "gain", "-o", "b.tone")


def test_doubts_are_told_and_do_not_stop_it(pair, monkeypatch):
    monkeypatch.setattr(recipe, "LOST", np.inf)
    files.write("wet.wav", np.clip(20 * heard("dry.wav"), -1, 1), RATE)
    said = pair("match", "dry.wav", "wet.wav", "--chain", "gain,clip", "-o", "b.tone", "--no-page")
    assert said.code == 0 and "warning: the wet side is clipped" in said.err
    noise = 0.1 * np.random.default_rng(0).standard_normal(round(SECONDS * RATE))
    files.write("wet.wav", noise.astype(np.float32), RATE)
    said = pair("match", "dry.wav", "wet.wav", "--chain", "gain", "-o", "c.tone", "--no-page")
    assert said.code == 0 and "warning: the two sides have little in common" in said.err


def test_ctrl_c_leaves_nothing_behind(pair, monkeypatch):
    before = {path.name: path.read_bytes() for path in pair.folder.iterdir() if path.is_file()}
    newton, calls = recipe.newton, []

    def counted(*arguments, **how):
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return newton(*arguments, **how)

    monkeypatch.setattr(recipe, "newton", counted)
    with interruptible():
        said = pair(*WORDS, "--json", "settings.json")
    assert said.code == 130 and said.err.endswith("tonewright: stopped\n") and len(calls) == 3
    assert {path.name: path.read_bytes() for path in pair.folder.iterdir() if path.is_file()} == before
