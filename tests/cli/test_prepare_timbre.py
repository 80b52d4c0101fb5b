"""tonewright prepare --for timbre: every second is kept, killed it goes on, and mistakes are one sentence."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.audio.corpora import RATE, contents, mixed, noise, put
from tests.cli.helpers import Terminal
from tests.shared import SHARED, needs_shared
from tests.training.toys import interruptible
from tonewright.audio import corpus_checks, corpus_writing, files
from tonewright.audio.corpus import open_corpus, read_corpus
from tonewright.audio.corpus_journal import JOURNAL, PART
from tonewright.audio.library import open_library

ROOT = os.path.abspath(__file__).rsplit("/tests/", 1)[0]


@pytest.fixture
def tonewright(tmp_path, capsys, monkeypatch):
    """A terminal in a folder of sounds."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "sounds", mixed())
    return Terminal(tmp_path, capsys)


def prepare(tonewright, *more, folder="a.data"):
    return tonewright("prepare", "sounds", "--for", "timbre", "-o", folder, *more)


def test_it_reports_and_can_be_learned_from(tonewright):
    said = prepare(tonewright)
    assert said.code == 0, said
    first, *findings = said.out.splitlines()
    assert first == "a.data: 0:02 of sound at 48000 Hz from 6 sounds; 0 % is silence"
    assert findings[0].startswith("warning: there are only 0:02 minutes; too little")
    assert "reading 6 sounds: 100 %" in said.err
    kept, fresh = open_corpus("a.data"), open_corpus("sounds")
    assert kept.sources == fresh.sources
    assert np.array_equal(kept.crops(1, 2, 3, 4000), fresh.crops(1, 2, 3, 4000))
    again = prepare(tonewright)
    assert again.code == 0 and again.out == said.out


def test_its_options(tonewright):
    options = ("--stereo", "--sample-rate", "16000", "--longest-silence", "0.5", "--keep-levels")
    assert prepare(tonewright, *options).code == 0
    corpus = open_corpus("a.data", 16000)
    settings = corpus.index.settings
    assert (settings.sample_rate, settings.stereo, settings.longest_silence_s) == (16000, True, 0.5)
    assert len(corpus.sources) == 7 and {source.gain for source in corpus.sources} == {1.0}
    assert "choose another -o" in tonewright.refuses("prepare", "sounds", "--for", "timbre", "-o", "a.data")


def test_every_file_that_cannot_be_read_is_named(tonewright):
    bad = [f"{n:02d}.wav" for n in range(12)]
    for name in bad:
        (tonewright.folder / "sounds" / name).write_text("no sound")
    said = prepare(tonewright)
    assert said.code == 0
    assert all(f"left out: sounds/{name} is damaged or not a sound" in said.err for name in bad)
    assert "12 files could not be read" in said.out


def test_a_file_whose_name_cannot_be_read_is_left_out_and_named(tonewright):
    try:
        shutil.copy(b"sounds/a.wav", b"sounds/\xff.wav")
    except OSError:
        pytest.skip("no file can have such a name here")
    said = prepare(tonewright)
    assert said.code == 0 and "1 file could not be read" in said.out
    words = "\\udcff.wav cannot be opened, for its name cannot be read here; rename it"
    assert f"left out: sounds/{words}" in said.err
    assert read_corpus(tonewright.folder / "a.data").index.left_out == (f"sounds/{words}",)
    assert words in tonewright.refuses("prepare", "sounds/\udcff.wav", "--for", "timbre", "-o", "b.data")
    said = prepare(tonewright, folder="\udcfe.data")
    assert said.code == 0 and said.out.startswith("\\udcfe.data: 0:02 of sound")


@pytest.mark.parametrize("end_khz", [7.0, 11.0, 12.0, 16.0, 20.0, 24.0])
def test_every_rate_that_is_recommended_is_accepted(tonewright, end_khz):
    rate = corpus_checks._rate(end_khz)
    assert prepare(tonewright, "--sample-rate", rate).code == 0
    assert open_corpus("a.data", rate).sample_rate == rate


def test_mistakes(tonewright):
    os.makedirs("empty")
    put(tonewright.folder / "silent", {"a.wav": (np.zeros((1, 3 * RATE)), RATE)})
    put(tonewright.folder / "short", {f"{n}.wav": (noise(0.1, n), RATE) for n in range(5)})
    put(tonewright.folder, {"whole.flac": (noise(3.0), RATE)})
    data = (tonewright.folder / "whole.flac").read_bytes()
    os.makedirs("bad")
    for name in "ab":
        (tonewright.folder / "bad" / f"{name}.flac").write_bytes(data[: len(data) // 2])
    for words, sentence in {
        ("nowhere", "-o", "a.data"): "there is no file or folder nowhere",
        ("empty", "-o", "a.data"): "holds no sound file",
        ("silent", "-o", "a.data"): "all that is in silent is silent",
        ("short", "-o", "a.data"): "short holds 0.50 s of sound",
        ("bad", "-o", "a.data"): "none of the 2 sounds in bad can be read",
        ("sounds", "-o", "a"): "write -o a.data",
        (
            "sounds",
            "-o",
            "a.data",
            "--sample-rate",
            "0",
        ): "--sample-rate is a whole number from 8000 to 96000 Hz",
        ("sounds", "-o", "a.data", "--longest-silence", "0"): "--longest-silence is a time from 0.1 to 3600",
        (
            "sounds",
            "-o",
            "a.data",
            "--longest-silence",
            "nan",
        ): "--longest-silence is a time from 0.1 to 3600",
    }.items():
        assert sentence in tonewright.refuses("prepare", *words, "--for", "timbre"), words
        assert not os.path.exists("a.data")
    for option in (("--stereo",), ("--keep-levels",), ("--cluster",), ("--longest-silence", "1")):
        said = tonewright.refuses("prepare", "sounds", "-o", "a.data", *option)
        assert f"{option[0]} is for a timbre" in said and "add --for timbre" in said


def test_without_ray(tonewright, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    words = tonewright.refuses("prepare", "sounds", "--for", "timbre", "-o", "a.data", "--cluster")
    assert "pip install '.[cluster]'" in words and not os.path.exists("a.data")


def test_a_folder_for_one_is_not_for_the_other(tonewright):
    prepare(tonewright)
    words = tonewright.refuses("prepare", "sounds", "-o", "a.data")
    assert "a.data was prepared for a timbre" in words
    words = tonewright.refuses("instrument", "a.data", "-o", "a.tone")
    assert "a.data was prepared for a timbre; for an instrument, write: tonewright prepare" in words


def test_ctrl_c_keeps_what_was_read(tonewright, monkeypatch):
    hear, read = corpus_writing.hear, []

    def third(*arguments, **more):
        read.append(1)
        if len(read) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return hear(*arguments, **more)

    with monkeypatch.context() as patched, interruptible():
        patched.setattr(corpus_writing, "hear", third)
        said = prepare(tonewright)
    assert said.code == 130 and "the same line goes on" in said.err
    assert sorted(os.listdir("a.data")) == [JOURNAL, PART]
    assert prepare(tonewright).code == 0 and open_corpus("a.data").seconds == pytest.approx(1.92, abs=0.001)


FULL = """
import resource, sys
from tonewright.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
main(sys.argv[2:])
"""

EAGER = """
import sys
from tonewright.audio import corpus_journal
from tonewright.cli import main
corpus_journal.COMMIT_S = 0.0
main(sys.argv[1:])
"""


def start(*words, **more):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([ROOT, ROOT + "/src"])}
    return subprocess.Popen(
        [sys.executable, *words],
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


def test_a_disk_that_is_full(tonewright):
    words = ("prepare", "sounds", "--for", "timbre", "-o", "a.data")
    process = start("-c", FULL, "60000", *words)
    _, err = process.communicate()
    wrong = [line for line in err.splitlines() if line.startswith("tonewright: ")]
    assert process.returncode == 2 and len(wrong) == 1 and "Traceback" not in err, err
    assert "the disk of a.data is full" in wrong[0] and "the same line goes on" in wrong[0]
    assert prepare(tonewright).code == 0
    assert prepare(tonewright, folder="b.data").code == 0
    assert contents(tonewright.folder / "a.data") == contents(tonewright.folder / "b.data")


@pytest.fixture(scope="module")
def ten_minutes(tmp_path_factory):
    """Mixed sounds of many rates, formats and channels, and two that are damaged."""
    folder = tmp_path_factory.mktemp("ten") / "sounds"
    folder.mkdir()
    for name in ("drums_sonicpi", "general_esc10", "general_librosa"):
        shutil.copytree(SHARED / "data" / name, folder / name)
    x, rate = files.read(SHARED / "data" / "drums_gogodze" / "front_mic_oneshots.flac", frames=60 * 44100)
    for number, other in enumerate((22050, 48000, 96000, 32000)):
        part = x[:, number * 300_000 : number * 300_000 + 290_000 + number]
        files.write(folder / f"hits{number}.wav", np.concatenate([part, -0.5 * part]), other)
    files.write(
        folder / "gap.wav", np.concatenate([x[:, :rate], np.zeros((1, 30 * rate)), x[:, :rate]], axis=1), rate
    )
    data = (folder / "hits0.wav").read_bytes()
    (folder / "cut.wav").write_bytes(data[: len(data) // 3])
    (folder / "words.mp3").write_text("no sound")
    return folder


@needs_shared
def test_ten_minutes_of_mixed_files_keep_every_second(ten_minutes, tonewright):
    said = tonewright("prepare", ten_minutes, "--for", "timbre", "-o", "a.data")
    assert said.code == 0
    assert [line.rsplit("/", 1)[1].split(" ")[0] for line in said.err.splitlines() if "left out" in line] == [
        "cut.wav",
        "words.mp3",
    ]
    library, corpus = open_library(ten_minutes), open_corpus("a.data")
    assert library.seconds > 600 and len(library.sounds) == len(corpus.sources)
    for sound, source in zip(library.sounds, corpus.sources, strict=True):
        x, rate = files.read(sound)  # all that is in it, counted by reading it
        assert source.length + source.dropped == (x.shape[1] * 48000 + rate // 2) // rate, source.path
    (gap,) = (source for source in corpus.sources if source.path == "gap.wav")
    assert 28 * 48000 <= gap.dropped <= 28.2 * 48000
    assert corpus.seconds + sum(s.dropped for s in corpus.sources) / 48000 == pytest.approx(
        library.seconds, abs=0.01
    )


@needs_shared
def test_killed_it_goes_on_to_the_same_bytes(ten_minutes, tonewright):
    words = ("prepare", ten_minutes, "--for", "timbre", "-o", "a.data")
    part, at, killed = tonewright.folder / "a.data" / PART, 0, 0
    for _ in range(3):
        process = start("-c", EAGER, *map(str, words))
        while process.poll() is None and (not part.exists() or part.stat().st_size <= at):
            time.sleep(0.001)
        process.kill()  # in the middle of some sound, at any place
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        at = part.stat().st_size if part.exists() else at
    assert killed
    assert tonewright(*words).code == 0
    assert tonewright("prepare", ten_minutes, "--for", "timbre", "-o", "b.data").code == 0
    assert contents(tonewright.folder / "a.data") == contents(tonewright.folder / "b.data")
