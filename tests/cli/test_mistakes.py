"""Whatever a person does wrong is one sentence and exit code 2, and leaves nothing behind."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from tests.cli.helpers import RATE, put_pair
from tonewright.audio import files
from tonewright.builtin import phrase

SHORT = ("--preset", "tiny", "--steps", "3", "--threads", "1", "--no-page")


@pytest.fixture
def learn(tonewright):
    """capture dry wet -o b.tone, which must refuse."""

    def refuses(*more, dry="dry.wav", wet="wet.wav"):
        usual = {"--preset": "tiny", "--steps": "3", "--threads": "1"}
        kept = [word for pair in usual.items() if pair[0] not in more for word in pair]
        return tonewright.refuses("capture", dry, wet, "-o", "b.tone", "--no-page", *kept, *more)

    return refuses


def noise(seconds: float, seed: int = 0, level: float = 0.1) -> np.ndarray:
    return (level * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def bad_sounds():
    """What is wrong with a sound file, how it is made, and what is said of it."""

    def text(path):
        path.write_text("RIFF? No.")

    def cut(path):
        files.write(path, noise(3), RATE)
        path.write_bytes(path.read_bytes()[:-200_000])

    def nan(path):
        x = noise(3)
        x[1000] = np.nan
        soundfile.write(path, x, RATE, subtype="FLOAT")

    return {
        "missing": (lambda path: None, "there is no file .*bad.wav"),
        "a folder": (lambda path: path.mkdir(), "is a folder"),
        "empty": (lambda path: path.touch(), "is empty"),
        "no sound": (text, "damaged or not a sound file"),
        "cut short": (cut, "cut short"),
        "NaN": (nan, "NaN or infinite samples"),
        "no samples": (lambda path: soundfile.write(path, np.zeros(0), RATE), "empty"),
    }


@pytest.mark.parametrize("what", bad_sounds())
def test_a_bad_sound_file(tonewright, learn, what):
    make, words = bad_sounds()[what]
    make(tonewright.folder / "bad.wav")
    told = [learn(dry="bad.wav"), learn(wet="bad.wav"), tonewright.refuses("check", "dry.wav", "bad.wav")]
    told.append(tonewright.refuses("run", "a.tone", "bad.wav", "-o", "out.wav"))
    told.append(tonewright.refuses("report", "a.tone", "dry.wav", "bad.wav", "-o", "page.html"))
    for sentence in told:
        assert re.search(words, sentence), sentence


def wrong_pairs():
    dry = phrase(3.0)
    wet = np.tanh(3 * dry)
    clipped = np.clip(20 * dry, -1, 1)
    return {
        "stereo": (np.stack([dry, 0.5 * dry]), wet, "has 2 different channels"),
        "silent dry": (0 * dry, wet, "the dry side is silent"),
        "silent wet": (dry, 0 * wet, "the wet side is silent"),
        "clipped": (clipped, np.tanh(3 * clipped), "of the dry side are clipped"),
        "too short": (dry[:40000], wet[:40000], "cannot learn from so little"),
        "unrelated": (dry, phrase(3.0, seed=7), "do not belong together"),
        "the same": (phrase(3.0, seed=1), phrase(3.0, seed=1), "the wet side is the dry side"),
        "a sample": (dry[:1], wet[:1], "s"),
    }


@pytest.mark.parametrize("what", wrong_pairs())
def test_a_pair_that_is_none(tonewright, what):
    dry, wet, words = wrong_pairs()[what]
    files.write("x.wav", dry, RATE)
    files.write("y.wav", wet, RATE)
    said = tonewright("capture", "x.wav", "y.wav", "-o", "b.tone", *SHORT)
    assert said.code == 2 and said.wrong and words in said.err, said
    assert [line for line in said.err.splitlines() if line not in said.wrong] == []
    assert not {"b.tone", "b.checkpoint", "b.html"} & set(os.listdir())
    forced = tonewright("capture", "x.wav", "y.wav", "-o", "b.tone", *SHORT, "--force")
    assert forced.code in (0, 2) and len(forced.wrong) == (forced.code == 2), forced


def test_rates_that_differ(tonewright, learn):
    put_pair(tonewright.folder, rate=44100, name="44")
    assert "dry.wav is 48000 Hz and wet44.wav is 44100 Hz" in learn(wet="wet44.wav")
    told = tonewright.refuses("run", "a.tone", "dry44.wav", "-o", "out.wav")
    assert "44100 Hz and a.tone was learned at 48000 Hz; add --resample" in told
    told = tonewright.refuses("report", "a.tone", "dry44.wav", "wet44.wav", "-o", "page.html")
    assert "learned at 48000 Hz" in told


@pytest.mark.parametrize(
    "more,words",
    [
        (("--preset", "nnao"), "did you mean 'nano'"),
        (("--model", "wavnet"), "did you mean 'wavenet'"),
        (("--colour", "red"), "--colour"),
        (("--minutes", "1"), "one of the two"),
        (("--steps", "0"), "more than nothing"),
        (("--steps", "-3"), "more than nothing"),
        (("--steps", "many"), "many"),
        (("--seed", "-1"), "--seed is a number of 0 or more"),
        (("--seed", "99999999999999999999"), "--seed"),
        (("--threads", "0"), "--threads is 1 or more"),
        (("--threads", "-2"), "--threads is 1 or more"),
        (("--rate", "0"), "--rate is above 0"),
        (("--rate", "nan"), "--rate is above 0"),
        (("--stft", "-1"), "--stft is 0 or more"),
        (("--resume",), "no unfinished training at b.checkpoint; leave --resume out"),
        (("--resume", "--restart"), "one of the two"),
        (("--latency", "soon"), "soon"),
        (("--latency", "10000000000"), "little|short"),
        (("--latency", "-10000000000"), "little|short"),
        (("--mask", "1,5-2"), "--mask cannot read"),
        (("--mask", "0-100"), "leaves nothing"),
        (("--mask", "1" * 400 + "-" + "2" * 400), "mask"),
        (("--knobs", "session.csv"), "capture learns from"),
        (("--batch", "batch.csv"), "capture learns from"),
        (("more.wav",), "more.wav"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else " ".join(value)[:40],
)
def test_a_wrong_option(learn, more, words):
    assert re.search(words, learn(*more))


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf"])
def test_minutes_are_more_than_nothing(tonewright, minutes):
    words = ("capture", "dry.wav", "wet.wav", "-o", "b.tone", "--preset", "tiny", "--minutes", minutes)
    assert "more than nothing" in tonewright.refuses(*words)


def test_arguments_that_are_missing(tonewright):
    assert "capture learns from" in tonewright.refuses("capture")
    assert "capture learns from" in tonewright.refuses("capture", "dry.wav", "-o", "b.tone")
    assert "add -o amp.tone" in tonewright.refuses("capture", "dry.wav", "wet.wav")
    assert "--output" in tonewright.refuses("run", "a.tone", "dry.wav")
    assert "--output" in tonewright.refuses("report", "a.tone", "dry.wav", "wet.wav")
    for verb in ("run", "check", "report", "inspect"):
        assert "requires" in tonewright.refuses(verb)
    assert "captur" in tonewright.refuses("captur", "dry.wav", "wet.wav")


@pytest.mark.parametrize(
    "output,words",
    [
        ("b.wav", "the result is a .tone file.* write -o b.tone"),
        ("b", "the result is a .tone file"),
        ("", "the result is a .tone file"),
        ("none/b.tone", "there is no folder .*none; make it first"),
        ("dry.wav/b.tone", "there is no folder .*dry.wav"),
        ("folder.tone", "is a folder"),
        ("b" * 300 + ".tone", "b{300}"),
    ],
)
def test_where_no_result_can_be(tonewright, output, words):
    (tonewright.folder / "folder.tone").mkdir()
    told = tonewright("capture", "dry.wav", "wet.wav", "-o", output, *SHORT)
    assert told.code == 2 and len(told.wrong) == 1 and "%" not in told.err  # before any work was done
    assert re.search(words, told.err), told.err
    if output != "folder.tone":
        tonewright.refuses("report", "a.tone", "dry.wav", "wet.wav", "-o", output.replace(".tone", ".html"))
        played = "b.tone" if output == "b.wav" else output.replace(".tone", ".wav")
        tonewright.refuses("run", "a.tone", "dry.wav", "-o", played)


@pytest.mark.parametrize(
    "model,words",
    [
        ("none.tone", "there is no file none.tone"),
        ("readme.txt", "not a .tone file"),
        (".", "is no file, but a folder or a pipe; name a file"),
    ],
)
def test_a_model_that_is_none(tonewright, model, words):
    (tonewright.folder / "readme.txt").write_text("no model")
    assert words in tonewright.refuses("inspect", model)
    assert words in tonewright.refuses("run", model, "dry.wav", "-o", "out.wav")
    assert words in tonewright.refuses("report", model, "dry.wav", "wet.wav", "-o", "page.html")


@pytest.mark.parametrize(
    "knob,words",
    [
        ("driv=0.5", "no control called 'driv'; did you mean 'drive'"),
        ("drive=1.5", "'drive' goes from 0 to 1, and not to 1.5"),
        ("drive=-0.1", "goes from 0 to 1"),
        ("drive=loud", "name=number"),
        ("drive=nan", "name=number"),
        ("drive", "name=number"),
        ("0.5", "name=number"),
        ("", "name=number"),
        ("drive=", "name=number"),
    ],
)
def test_a_wrong_knob(tonewright, knob, words):
    assert words in tonewright.refuses("run", "knobs.tone", "dry.wav", "-o", "out.wav", f"--knob={knob}")
    told = tonewright.refuses("report", "knobs.tone", "dry.wav", "wet.wav", "-o", "p.html", f"--knob={knob}")
    assert words in told


TABLES = {
    "": "has no column 'wet'",
    "wet,dry\n": "lists no recording",
    "wet,drive\nwet.wav,1\n": "has no column 'dry'",
    "wet,dry,drive\nwet.wav,dry.wav,1.5\n": "drive goes from 0 to 1, and is 1.5",
    "wet,dry,drive\nwet.wav,dry.wav,nan\n": "goes from 0 to 1",
    "wet,dry,drive\nwet.wav,dry.wav,loud\n": "line 2 of session.csv: drive should be a number, and is 'loud'",
    "wet,dry,drive\nwet.wav,dry.wav\n": "line 2 of session.csv has nothing in column 'drive'",
    "wet,dry,drive\n,dry.wav,1\n": "has nothing in column 'wet'",
    "wet,dry,my drive\nwet.wav,dry.wav,1\n": "knob called 'my drive'",
    "wet,dry,drive,drive\nwet.wav,dry.wav,1,1\n": "drive",
    "wet,dry,x\nwet.wav,dry.wav,1\n": "'x'",
    "wet,dry,drive\nno.wav,dry.wav,1\n": "there is no file no.wav",
    "wet,dry,drive,latency\nwet.wav,dry.wav,1,soon\n": "latency should be a whole number",
    "wet,dry,drive,latency\nwet.wav,dry.wav,1,nan\n": "latency should be a whole number",
    "wet,dry,drive,mask\nwet.wav,dry.wav,1,2-1\n": "stops before it starts",
    "wet,dry,drive,,\nwet.wav,dry.wav,1,,\n": "''",
    "wet,dry,drive\nwet.wav,dry.wav,1,too,many\n": "more",
    'wet,dry,drive\n"wet.wav,dry.wav,1\n': "",
    "\0\0\0": "",
}


@pytest.mark.parametrize("table", TABLES, ids=range(len(TABLES)))
def test_a_session_that_cannot_be_read(tonewright, table):
    (tonewright.folder / "session.csv").write_text(table)
    assert TABLES[table] in tonewright.refuses("capture", "--knobs", "session.csv", "-o", "b.tone", *SHORT)


def test_a_table_that_is_none(tonewright):
    (tonewright.folder / "noise.csv").write_bytes(os.urandom(3000))
    for option in ("--knobs", "--batch"):
        words = {"none.csv": "there is no file", "noise.csv": "is not a CSV", ".": "there is no file"}
        for table, sentence in words.items():
            assert sentence in tonewright.refuses("capture", option, table, "-o", "b.tone", *SHORT)


@pytest.mark.parametrize(
    "table,words",
    [
        ("wet,dry,drive\nwet.wav,dry.wav,1\n", "has a column 'drive', and a batch knows"),
        ("wet,dry,name\nwet.wav,dry.wav,../a\n", "cannot be the name of a file"),
        ("wet,dry,name\nwet.wav,dry.wav,/tmp/a\n", "cannot be the name of a file"),
        ("wet,dry,name\nwet.wav,dry.wav,a\nwet.wav,dry.wav,a \n", "two models called 'a'"),
        ("dry,wet\ndry.wav\n", "has nothing in column 'wet'"),
    ],
)
def test_a_batch_that_cannot_be_read(tonewright, table, words):
    (tonewright.folder / "batch.csv").write_text(table)
    assert words in tonewright.refuses("capture", "--batch", "batch.csv", "-o", "models", *SHORT)


def test_a_folder_that_cannot_be(tonewright):
    (tonewright.folder / "batch.csv").write_text("wet,dry\nwet.wav,dry.wav\n")
    for folder in ("dry.wav", "dry.wav/in", "f" * 300):
        tonewright.refuses("capture", "--batch", "batch.csv", "-o", folder, *SHORT)
        tonewright.refuses("demo", folder, "--minutes", "0.01")
    assert "add -o" in tonewright.refuses("capture", "--batch", "batch.csv", *SHORT)


def test_demo_of_nothing(tonewright):
    for more in (("--minutes", "0"), ("--minutes", "-1"), ("--minutes", "soon"), ("--preset", "nnao")):
        tonewright.refuses("demo", "x", *more)
        assert not os.path.exists("x")


FULL = """
import resource, sys
from tests.training.toys import TINY
from tonewright.cli import main
from tonewright.models.wavenet import PRESETS
PRESETS["tiny"] = TINY
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
main(sys.argv[2:])
"""


@pytest.mark.parametrize("verb", ["capture", "run"])
def test_a_disk_that_is_full(tonewright, verb):
    words = {
        "capture": ("20000", "capture", "dry.wav", "wet.wav", "-o", "b.tone", *SHORT),
        "run": ("20000", "run", "a.tone", "dry.wav", "-o", "out.wav"),
    }[verb]
    root = os.path.abspath(__file__).rsplit("/tests/", 1)[0]
    done = subprocess.run(
        [sys.executable, "-c", FULL, *words],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([root, root + "/src"])},
    )
    wrong = [line for line in done.stderr.splitlines() if line.startswith("tonewright: ")]
    assert done.returncode == 2 and len(wrong) == 1 and "was not written" in wrong[0], done.stderr
    assert sorted(set(os.listdir()) - {"b.checkpoint"}) == ["a.tone", "dry.wav", "knobs.tone", "wet.wav"]
    assert "Traceback" not in done.stderr
