"""A store is the same to the byte however often it was begun and killed, and whatever was there before."""

import errno
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys

import numpy as np
import pytest

from tests.audio.corpora import RATE, contents, mixed, noise, prepared, put
from tonewright.audio import corpus_journal, corpus_writing
from tonewright.audio.corpus import open_corpus
from tonewright.audio.corpus_hearing import Piece
from tonewright.audio.corpus_journal import JOURNAL, PART, Journal
from tonewright.audio.corpus_source import Settings
from tonewright.audio.corpus_store import INDEX
from tonewright.errors import AudioError, FileError

FILES = len(mixed())


@pytest.fixture
def sounds(tmp_path):
    return put(tmp_path / "in", mixed())


@pytest.fixture
def heard(monkeypatch):
    """Sounds that were read and not copied."""
    names, hear = [], corpus_writing.hear

    def counted(sound, *more, **others):
        names.append(sound.path.name)
        return hear(sound, *more, **others)

    monkeypatch.setattr(corpus_writing, "hear", counted)
    return names


@pytest.fixture
def wanted(sounds, tmp_path):
    """The bytes of a store that was written in one go."""
    prepared(sounds, tmp_path / "wanted.data")
    return contents(tmp_path / "wanted.data")


def test_what_is_in_the_folder(sounds, tmp_path):
    corpus = prepared(sounds, tmp_path / "a.data")
    names = sorted(os.listdir(tmp_path / "a.data"))
    assert names == [INDEX, corpus.index.file]
    paths = ["a.wav", "b.flac", "hits/kick.wav", "hits/snare.wav", "long/c.wav", "long/one.wav"]
    assert [source.path for source in corpus.sources] == paths
    told = json.loads((tmp_path / "a.data" / INDEX).read_bytes())
    assert told["samples"] == corpus.samples and len(told["sources"]) == FILES
    assert os.path.getsize(tmp_path / "a.data" / corpus.index.file) == 2 * corpus.samples


def test_every_sample_is_counted(sounds, tmp_path):
    corpus = prepared(sounds, tmp_path / "a.data")
    kept = {source.path: source.length + source.dropped for source in corpus.sources}
    assert kept == {name: round(x.shape[1] * RATE / rate) for name, (x, rate) in mixed().items()}


def test_nothing_is_read_twice(sounds, tmp_path, wanted, heard):
    prepared(sounds, tmp_path / "a.data")
    before = os.stat(tmp_path / "a.data" / next(n for n in wanted if n != INDEX))
    del heard[:]
    prepared(sounds, tmp_path / "a.data")
    assert heard == [] and contents(tmp_path / "a.data") == wanted
    assert os.stat(tmp_path / "a.data" / next(n for n in wanted if n != INDEX)).st_ino == before.st_ino


def test_added_changed_and_removed_files(sounds, tmp_path, wanted, heard):
    folder = tmp_path / "a.data"
    (sounds / "b.flac").rename(tmp_path / "b.flac")
    put(sounds, {"a.wav": (noise(0.9, 77), RATE), "zz.wav": (noise(0.4, 78), RATE)})
    prepared(sounds, folder)
    (tmp_path / "b.flac").rename(sounds / "b.flac")
    (sounds / "zz.wav").unlink()
    put(sounds, {"a.wav": mixed()["a.wav"]})
    del heard[:]
    prepared(sounds, folder)
    assert sorted(heard) == ["a.wav", "b.flac"] and contents(folder) == wanted
    (sounds / "hits").rename(sounds / "drums")
    prepared(sounds, folder)
    assert len(heard) == 2  # another name is no other sound
    assert "drums/kick.wav" in [source.path for source in open_corpus(folder, RATE).sources]


def test_a_copy_of_a_file_is_in_it_twice(sounds, tmp_path):
    shutil.copy(sounds / "a.wav", sounds / "long" / "a.wav")
    fresh = prepared(sounds, tmp_path / "a.data")
    again = put(tmp_path / "again", {"a.wav": mixed()["a.wav"], "b.wav": (noise(1.0, 9), RATE)})
    prepared(again, tmp_path / "b.data")
    prepared(sounds, tmp_path / "b.data")  # where one of the two is known
    assert contents(tmp_path / "a.data") == contents(tmp_path / "b.data")
    one, two = (source for source in fresh.sources if source.path.endswith("a.wav"))
    parts = [fresh.data[source.start : source.start + source.length] for source in (one, two)]
    assert np.array_equal(*parts) and one.start != two.start


def test_what_cannot_be_read_is_told_each_time_and_kept_in_the_index(sounds, tmp_path):
    data = (sounds / "b.flac").read_bytes()
    (sounds / "bad.flac").write_bytes(data[: len(data) // 2])
    said = []
    corpus = prepared(sounds, tmp_path / "a.data", said=said.append)
    assert len(said) == 1 and "bad.flac is damaged or cut short" in said[0] and len(corpus.sources) == FILES
    first = contents(tmp_path / "a.data")
    prepared(sounds, tmp_path / "a.data", said=said.append)
    assert len(said) == 2 and said[0] == said[1] and contents(tmp_path / "a.data") == first
    assert corpus.index.left_out == (said[0].removeprefix("left out: "),)
    shutil.copy(sounds / "b.flac", sounds / "bad.flac")
    assert len(prepared(sounds, tmp_path / "a.data").sources) == FILES + 1


def test_levels_can_be_changed_without_reading_again(sounds, tmp_path, wanted, heard):
    prepared(sounds, tmp_path / "a.data")
    del heard[:]
    corpus = prepared(sounds, tmp_path / "a.data", Settings(RATE, keep_levels=True))
    assert {source.gain for source in corpus.sources} == {1.0} and heard == []
    prepared(sounds, tmp_path / "a.data")
    assert contents(tmp_path / "a.data") == wanted


def test_other_settings_want_another_folder(sounds, tmp_path):
    prepared(sounds, tmp_path / "a.data")
    for settings in (Settings(22050), Settings(RATE, stereo=True), Settings(RATE, longest_silence_s=1.0)):
        with pytest.raises(
            FileError, match=r"prepared with other settings .at 16000 Hz, mono.*choose another -o"
        ):
            prepared(sounds, tmp_path / "a.data", settings)
    (tmp_path / "b.data").mkdir()
    (tmp_path / "b.data" / "violin.safetensors").write_bytes(b"")
    with pytest.raises(FileError, match="prepared for an instrument; choose another -o"):
        prepared(sounds, tmp_path / "b.data")


def killed_at(line, sounds, folder):
    """Prepares in a process that kills itself when it has run so many lines; how many it ran if it lived.

    The lines are those of the modules that write, so that every state in which they can leave a disk is met.
    """
    modules = ("corpus_journal.py", "corpus_writing.py", "atomic.py")
    ours, theirs = multiprocessing.get_context("fork").Pipe(duplex=False)

    def child():
        run = [0]

        def trace(frame, event, _):
            if not frame.f_code.co_filename.endswith(modules):
                return None
            if event == "line":
                run[0] += 1
                if run[0] > line:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        corpus_journal.COMMIT_S = 0.0
        sys.settrace(trace)
        prepared(sounds, folder)
        theirs.send(run[0])

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return ours.recv() if process.exitcode == 0 else None


needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")


@needs_fork
def test_killed_anywhere_it_goes_on_to_the_same_bytes(sounds, tmp_path, wanted):
    folder, draw = tmp_path / "a.data", random.Random(0)
    last = killed_at(1 << 30, sounds, folder)
    for line in {*draw.sample(range(last), 30), *range(last - 100, last, 5)}:
        shutil.rmtree(folder)
        assert killed_at(line, sounds, folder) is None
        prepared(sounds, folder)
        assert contents(folder) == wanted, line


@needs_fork
def test_killed_while_it_replaces_another_store(sounds, tmp_path, wanted):
    folder, draw = tmp_path / "a.data", random.Random(1)
    other = put(tmp_path / "other", mixed() | {"b.flac": (noise(0.5, 8), RATE)})
    prepared(other, tmp_path / "before.data")
    shutil.copytree(tmp_path / "before.data", folder)
    last = killed_at(1 << 30, sounds, folder)
    for line in {*draw.sample(range(last), 20), *range(last - 100, last, 5)}:
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "before.data", folder)
        assert killed_at(line, sounds, folder) is None
        prepared(sounds, folder)
        assert contents(folder) == wanted, line


@needs_fork
def test_killed_again_and_again_it_comes_to_an_end(sounds, tmp_path, wanted):
    folder, times = tmp_path / "a.data", 0
    while killed_at(100 + 20 * times, sounds, folder) is None:
        times += 1
    assert times > 5 and contents(folder) == wanted


def added(sounds):
    put(sounds, {"a first.wav": (noise(0.4, 60), RATE)})


def replaced(sounds):
    put(sounds, {"a.wav": (noise(0.9, 61), RATE)})


def removed(sounds):
    (sounds / "a.wav").unlink()


def moved(sounds):
    (sounds / "long").rename(sounds / "a")


@pytest.mark.parametrize("change", [added, replaced, removed, moved])
def test_killed_behind_the_index_and_then_the_files_change(sounds, tmp_path, monkeypatch, change):
    """The index vouches for its file of samples: nobody writes into it, though the journal is there yet."""
    folder = tmp_path / "a.data"

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(corpus_writing, "_clear", killed)
        prepared(sounds, folder)
    assert (folder / INDEX).exists() and (folder / JOURNAL).exists()
    change(sounds)
    prepared(sounds, folder)
    prepared(sounds, tmp_path / "b.data")
    assert contents(folder) == contents(tmp_path / "b.data")


def test_killed_behind_the_index_there_is_nothing_left_to_do(sounds, tmp_path, wanted, monkeypatch):
    folder = tmp_path / "a.data"
    with monkeypatch.context() as patched:
        patched.setattr(corpus_writing, "_clear", lambda *_: None)
        prepared(sounds, folder)
    (file,) = folder.glob("*.i16")
    before = file.stat().st_ino
    prepared(sounds, folder)
    assert contents(folder) == wanted and file.stat().st_ino == before


@needs_fork
def test_killed_near_the_end_and_then_a_first_file_is_added(sounds, tmp_path):
    folder = tmp_path / "a.data"
    last = killed_at(1 << 30, sounds, folder)
    put(tmp_path / "first", {"a first.wav": (noise(0.4, 60), RATE)})
    both = shutil.copytree(sounds, tmp_path / "both")
    shutil.copy(tmp_path / "first" / "a first.wav", both)
    prepared(both, tmp_path / "b.data")
    for line in range(last - 100, last, 3):
        shutil.rmtree(folder)
        assert killed_at(line, sounds, folder) is None
        prepared(both, folder)
        assert contents(folder) == contents(tmp_path / "b.data"), line


def test_what_another_program_has_just_finished_is_left_to_it(sounds, tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    folder = tmp_path / "a.data"
    with monkeypatch.context() as patched:
        patched.setattr(corpus_writing, "_clear", lambda *_: None)
        prepared(sounds, folder)
    before = contents(folder)
    with open(folder / JOURNAL, "r+b") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        with pytest.raises(FileError, match="another program is preparing"):
            prepared(sounds, folder)
        assert contents(folder) == before


def stopped(sounds, folder, after, error=KeyboardInterrupt):
    """Preparing that is stopped when so many sounds are read."""

    def hearer(sounds, *more):
        for number, found in enumerate(corpus_writing.hear_here(sounds, *more)):
            if number == after:
                raise error
            yield found

    with pytest.raises(error):
        prepared(sounds, folder, hearer=hearer)


def test_stopped_it_goes_on_behind_what_was_read(sounds, tmp_path, wanted, heard):
    stopped(sounds, tmp_path / "a.data", 3)
    assert sorted(os.listdir(tmp_path / "a.data")) == [JOURNAL, PART]
    del heard[:]
    prepared(sounds, tmp_path / "a.data")
    assert len(heard) == FILES - 3 and contents(tmp_path / "a.data") == wanted


def test_stopped_and_then_the_files_change(sounds, tmp_path, wanted):
    folder = tmp_path / "a.data"
    for name in ("a.wav", "hits/kick.wav"):
        put(sounds, {name: (noise(0.4, 50), RATE)})
        stopped(sounds, folder, 4)
        put(sounds, {name: mixed()[name]})
        prepared(sounds, folder)
        assert contents(folder) == wanted
        shutil.rmtree(folder)


def test_stopped_and_then_other_settings(sounds, tmp_path, wanted):
    folder = tmp_path / "a.data"
    folder.mkdir()
    stopped(sounds, folder, 2)
    other = prepared(sounds, folder, Settings(22050))
    assert other.sample_rate == 22050 and JOURNAL not in os.listdir(folder)


def test_a_damaged_journal_costs_time_and_nothing_else(sounds, tmp_path, wanted):
    folder, draw = tmp_path / "a.data", random.Random(0)
    stopped(sounds, folder, 5)
    journal, part = (folder / JOURNAL).read_bytes(), (folder / PART).read_bytes()
    for _ in range(60):
        damaged, samples = bytearray(journal), part
        if draw.random() < 0.3:
            damaged = damaged[: draw.randrange(len(damaged))]
        elif draw.random() < 0.3:
            samples = part[: draw.randrange(len(part))]
        else:
            at = draw.randrange(len(damaged))
            damaged[at : at + 1] = draw.choice((b"\n", b"", b"}", b"[[[["))
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / JOURNAL).write_bytes(damaged)
        (folder / PART).write_bytes(samples)
        prepared(sounds, folder)
        assert contents(folder) == wanted


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_one_sentence_and_what_was_read_stays(sounds, tmp_path, wanted, monkeypatch, number):
    folder, feed, fed = tmp_path / "a.data", Piece.feed, []

    def full(piece, x):
        fed.append(1)
        if len(fed) == 12:
            raise OSError(number, "no space")
        feed(piece, x)

    with (
        monkeypatch.context() as patched,
        pytest.raises(FileError, match=r"disk of .* is full .*the same line goes on"),
    ):
        patched.setattr(Piece, "feed", full)
        prepared(sounds, folder)
    assert (folder / PART).stat().st_size > 0
    prepared(sounds, folder)
    assert contents(folder) == wanted


def test_a_disk_that_may_be_too_small_is_told_before(sounds, tmp_path, monkeypatch):
    said, usage = [], shutil.disk_usage(tmp_path)
    prepared(sounds, tmp_path / "a.data", said=said.append)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=50_000))
    prepared(sounds, tmp_path / "b.data", said=said.append)
    assert len(said) == 1 and "b.data may come to 0.0 GB, and its disk has 0.0 GB free" in said[0]


def test_two_at_once_are_one_too_many(sounds, tmp_path):
    pytest.importorskip("fcntl")
    folder = tmp_path / "a.data"
    folder.mkdir()
    with Journal(folder, Settings(RATE)), pytest.raises(FileError, match="another program is preparing"):
        prepared(sounds, folder)


def test_nothing_is_left_where_there_is_nothing_to_learn_from(tmp_path):
    sounds = put(tmp_path / "in", {"a.wav": (noise(0.2), RATE)})
    with pytest.raises(AudioError, match=r"0\.20 s of sound"):
        prepared(sounds, tmp_path / "a.data")
    for name in ("a.flac", "b.flac"):
        put(sounds, {name: (noise(2.0), RATE)})
        data = (sounds / name).read_bytes()
        (sounds / name).write_bytes(data[: len(data) // 2])
    (sounds / "a.wav").unlink()
    with pytest.raises(AudioError, match=r"none of the 2 sounds in .* can be read .the first: "):
        prepared(sounds, tmp_path / "a.data")
    assert os.listdir(tmp_path / "a.data") == []
