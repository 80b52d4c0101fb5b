"""Software as a teacher: what it answers is checked, and a command is run as it stands and leaves nothing behind."""

import os
import re
import shlex
import shutil
import signal
import tempfile
import threading
import time

import numpy as np
import pytest
import torch

from tests.training.toys import alive, host, interruptible
from tonewright.audio import files
from tonewright.builtin import phrase
from tonewright.errors import ConfigError, PairError, TonewrightError, TrainingError
from tonewright.training import teachers
from tonewright.training.teachers import Command, Function, teacher

RATE = 16000
X = phrase(2.0, 32000)[:RATE]


@pytest.fixture(autouse=True)
def left_behind(tmp_path, monkeypatch):
    """A folder for temporary files, which must be empty in the end."""
    folder = tmp_path / "it's for temporary files"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert os.listdir(folder) == []


def refusal(through, kind: type[TonewrightError] = PairError, x: np.ndarray = X) -> str:
    with pytest.raises(kind) as refused:
        teacher(through)(x, RATE)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_function_is_given_the_sound_and_its_rate():
    seen = []
    y = teacher(lambda x, rate: seen.append((x.dtype, x.shape, rate)) or np.tanh(5.0 * x.astype(float)))(
        X, RATE
    )
    assert seen == [(np.float32, (RATE,), RATE)]
    assert y.dtype == np.float32 and np.array_equal(y, np.tanh(5.0 * X.astype(float)).astype(np.float32))


def test_a_function_may_work_in_place():
    def doubled(x, rate):
        x *= 2
        return x

    before = X.copy()
    assert np.array_equal(Function(doubled)(X, RATE), 2 * before) and np.array_equal(X, before)


def test_a_function_may_answer_with_a_tensor():
    assert np.array_equal(Function(lambda x, rate: torch.from_numpy(-x))(X, RATE), -X)


def wrong_answers():
    return {
        "two channels": (lambda x: np.stack([x, x]), r"floats .*, one channel, and returned float32 \[2, 16000\]"),
        "whole numbers": (lambda x: (x * 32767).astype(np.int16), r"returned int16 \[16000\]"),
        "nothing": (lambda x: None, r"returned a NoneType; convert"),
        "words": (lambda x: "loud", r"returned a str; convert"),
        "a number": (lambda x: 0.5, r"returned float64 \[\]"),
        "too short": (lambda x: x[:7999], "returned 7999 samples for the 16000 that it got"),
        "not a number": (lambda x: np.where(np.arange(len(x)) == 77, np.nan, x), "first at number 77"),
        "too much": (lambda x: x.astype(float) * 1e300, "are no numbers"),
        "silence": (lambda x: 0 * x, "the function returned silence; see that the device is on"),
    }  # fmt: skip


@pytest.mark.parametrize("what", wrong_answers())
def test_a_function_that_answers_wrong(what):
    play, words = wrong_answers()[what]
    assert re.search(words, refusal(lambda x, rate: play(x)))


def test_half_of_the_sound_is_enough_and_more_than_all_of_it_too():
    assert len(Function(lambda x, rate: x[:8000])(X, RATE)) == 8000
    assert len(Function(lambda x, rate: np.tile(x, 3))(X, RATE)) == 48000


def test_what_a_function_raises_goes_to_its_owner():
    with pytest.raises(ZeroDivisionError):
        Function(lambda x, rate: 1 / 0)(X, RATE)


@pytest.mark.parametrize("through", [None, 5, b"cp {in} {out}", ["cp", "{in}", "{out}"]])
def test_what_is_no_device(through):
    assert "is a function of a sound and its rate, or a command such as" in refusal(through, ConfigError)


def test_a_command_reads_one_file_and_writes_another():
    assert np.allclose(teacher(host())(X, RATE), np.tanh(5 * X), atol=1e-6)


def test_a_command_hears_every_bit():
    assert np.array_equal(Command("cp {in} {out}")(4 * X, RATE), 4 * X)


@pytest.mark.parametrize("template", ["cp {in} {out}", "cp '{in}' \"{out}\"", "cat < {in} > {out}; : {in}"])
def test_the_places_may_be_quoted(template):  # the temporary folder has blanks and a quote in its name
    assert np.array_equal(Command(template)(X, RATE), X)


def test_a_program_with_a_difficult_name(tmp_path, monkeypatch):
    folder, name = tmp_path / 'my "plug ins" & more', "./it's 5 $"
    folder.mkdir()
    shutil.copy(shutil.which("cp"), folder / name)
    monkeypatch.chdir(folder)  # a command starts where the person is
    assert np.array_equal(Command(f"{shlex.quote(name)} {{in}} {{out}}")(X, RATE), X)


def test_a_command_is_not_a_python_format():
    assert np.array_equal(Command("A=x; cp {in} {out} && echo ${A} | awk '{print $1}'")(X, RATE), X)


@pytest.mark.parametrize(
    "template,words",
    [
        ("cp a\nb", "no {in} and no {out} in the command 'cp a b'; write the command with {in} where"),
        ("cp {in} b", "--through has no {out} in the command 'cp {in} b'"),
        ("cp a {out}", "--through has no {in} in"),
        ("", "no {in} and no {out}"),
        ("cp {IN} { out }", "no {in} and no {out}"),
    ],
)
def test_a_command_without_its_places(template, words):
    assert words in refusal(template, ConfigError)


def wrong_commands():
    red = r"printf '\033[31mred\033[0m\rand\a gone\n\n' >&2"
    return {
        "no such program": (
            "nonesuch",
            r"ended with exit code 127 \(it said: .*nonesuch.*not found.*\); try",
        ),
        "it complains": (
            "echo working; echo 'no licence' >&2; exit 3",
            r"exit code 3 \(it said: no licence\)",
        ),
        "it talks": ("echo 'no licence'; exit 3", r"exit code 3 \(it said: no licence\)"),
        "it is silent": ("exit 1", "the command 'exit 1 # {in} {out}' ended with exit code 1; try"),
        "it breaks": ("kill -SEGV $$", "was killed by signal 11"),
        "it talks in colours": (f"{red}; exit 1", r"said: red / and gone\)"),
        "it talks too much": ("seq 100000 >&2; exit 1", r"said: \.\.\.[\d /]{285} 99999 / 100000\)"),
    }


@pytest.mark.parametrize("what", wrong_commands())
def test_a_command_that_fails(what):
    command, words = wrong_commands()[what]
    said = refusal(f"{command} # {{in}} {{out}}", TrainingError)
    assert re.search(words, said) and len(said) < 600 and said.isprintable()


def wrong_results():
    return {
        "no file": (
            "echo 'nothing to do' # {in} {out}",
            r"wrote no file \{out\} \(it said: nothing to do\); write",
        ),
        "a folder": ("mkdir {out}; : {in}", "cannot be learned from: it is a folder"),
        "no sound": (
            "echo hello > {out}; : {in}",
            "cannot be learned from: it is damaged or not a sound file",
        ),
        "an empty file": ("> {out} : {in}", "cannot be learned from: it is empty"),
        "cut short": ("head -c 30000 {in} > {out}", "cannot be learned from: it is cut short: it holds 46 %"),
        "another rate": (
            host("y, rate = x, 44100"),
            "was given 16000 Hz and wrote 44100 Hz; .* --at-rate 44100",
        ),
        "two channels": (
            host("y = np.stack([x, 2 * x], 1)"),
            "the command wrote 2 different channels, and a",
        ),
        "too short": (host("y = x[:100]"), "the command wrote 100 samples for the 16000 that it got; let"),
        "silence": (
            host("y = 0 * x; print('bypassed')"),
            r"the command wrote silence \(it said: bypassed\); see",
        ),
        "no numbers": (host("y = x / 0 * 0"), "NaN or infinite samples"),
    }


@pytest.mark.parametrize("what", wrong_results())
def test_a_command_that_writes_what_is_no_answer(what):
    template, words = wrong_results()[what]
    said = refusal(template)
    assert re.search(words, said) and tempfile.gettempdir() not in said


def test_two_equal_channels_are_one():
    assert np.allclose(Command(host("y = np.stack([x, x], 1)"))(X, RATE), X)


def test_a_command_has_no_input(tmp_path):
    (tmp_path / "typed").write_text("y")
    before = os.dup(0)
    try:
        with open(tmp_path / "typed") as typed:
            os.dup2(typed.fileno(), 0)
        assert len(Command("cat > {out}.txt; test ! -s {out}.txt && cp {in} {out}")(X, RATE)) == RATE
    finally:
        os.dup2(before, 0)
        os.close(before)


@pytest.mark.parametrize("deaf", [False, True])
def test_ctrl_c_ends_the_command_and_all_that_it_started(tmp_path, monkeypatch, deaf):
    monkeypatch.setattr(teachers, "GRACE_S", 0.2)
    ids = shlex.quote(str(tmp_path / "ids"))
    ignore = "trap '' TERM; " if deaf else ""
    template = f"{ignore}sleep 60 & echo $$ $! > {ids}.new; mv {ids}.new {ids}; wait; wait; : {{in}} {{out}}"

    def press():
        while not (tmp_path / "ids").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    finger = threading.Thread(target=press)
    with interruptible():
        finger.start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            Command(template)(X, RATE)
        finger.join()
    assert time.monotonic() - began < 20  # and not when the 60 seconds are over
    processes = [int(word) for word in (tmp_path / "ids").read_text().split()]
    deadline = time.monotonic() + 5
    while any(alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(processes) == 2 and not any(alive(process) for process in processes)


def test_ctrl_c_while_the_command_is_started(tmp_path, monkeypatch):
    ids = shlex.quote(str(tmp_path / "ids"))

    class Slow(teachers.subprocess.Popen):
        def __init__(self, *words, **more):
            super().__init__(*words, **more)
            while not (tmp_path / "ids").exists():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)

    monkeypatch.setattr(teachers.subprocess, "Popen", Slow)
    with interruptible(), pytest.raises(KeyboardInterrupt):
        Command(f"echo $$ > {ids}.new; mv {ids}.new {ids}; exec sleep 60; : {{in}} {{out}}")(X, RATE)
    assert not alive(int((tmp_path / "ids").read_text()))


def test_what_a_teacher_is_called():
    assert Function(np.tanh).words == "a Python function"
    assert Command(" cp  {in}\n {out} ").words == "the command 'cp {in} {out}'"
    long = [Command(f"cp {{in}} {{out}} # {'ü' * 3000}{end}").words for end in "ab"]
    assert long[0] != long[1] and all(len(words.encode()) < 1100 for words in long)
    assert Command("cp {in} {out} # \udcff").words.encode() == b"the command 'cp {in} {out} # ?'"


def test_the_file_that_a_command_reads(tmp_path):
    kept = tmp_path / "kept.wav"
    Command(f"cp {{in}} {shlex.quote(str(kept))}; cp {{in}} {{out}}")(X, RATE)
    assert files.info(kept) == files.SoundInfo(kept, RATE, 1, len(X)) and np.array_equal(
        files.read(kept)[0][0], X
    )
