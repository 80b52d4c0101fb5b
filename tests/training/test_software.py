"""A device that is software is learned: from a function, from a command, and from what was kept of either."""

import os
import tempfile

import numpy as np
import pytest

import tonewright as tw
from tests.training.toys import TINY, host, start
from tonewright import storage
from tonewright.audio import files
from tonewright.audio.library import OURS, open_library
from tonewright.audio.slices import dry_track
from tonewright.builtin import phrase
from tonewright.errors import AudioError, ConfigError, FileError, PairError, TonewrightError, TrainingError
from tonewright.measure.metrics import esr
from tonewright.models.wavenet import PRESETS
from tonewright.training.software import Software
from tonewright.training.teachers import Command, Function

RATE = 32000


def cubic(x: np.ndarray, sample_rate: int) -> np.ndarray:
    """An asymmetric device with a little memory."""
    y = np.tanh(4 * x) + 0.2 * x**2
    return y - 0.5 * np.concatenate([np.zeros(2), y[:-2]])


@pytest.fixture
def music(tmp_path, monkeypatch):
    """Two pieces of a guitar."""
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    (tmp_path / "music").mkdir()
    for seed in range(2):
        files.write(tmp_path / "music" / f"{seed}.wav", phrase(10.0, RATE, seed), RATE)
    return tmp_path / "music"


@pytest.fixture
def software(music):
    """What will be recorded beside the music; `played` counts how often."""
    played = []

    def made(teacher=None, **more):
        teacher = teacher or Function(lambda x, rate: played.append(rate) or cubic(x, rate))
        sides = {"dry": music.parent / "a.dry.wav", "wet": music.parent / "a.wet.wav", "seconds": 6.0}
        return Software(**({"sounds": music, "teacher": teacher} | sides | more))

    made.played, made.told = played, []
    return made


def recorded(made: Software, resume: bool = False, told: list | None = None):
    return made.recorded(resume, (told if told is not None else []).append)


def refusal(made: Software, kind: type[TonewrightError], resume: bool = False) -> str:
    before = {path: path.read_bytes() for path in made.dry.parent.glob("*") if path.is_file()}
    with pytest.raises(kind) as refused:
        recorded(made, resume)
    assert {path: path.read_bytes() for path in made.dry.parent.glob("*") if path.is_file()} == before
    return str(refused.value)


def test_a_function_is_learned(music, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    model = tw.capture(music, through=cubic, seconds=12, preset="nano", steps=300)
    new = phrase(3.0, RATE, seed=7)
    for gain in (1.0, 0.2):  # a new piece, at levels that it was not recorded at
        assert esr(cubic(gain * new, RATE), model.render(np.float32(gain) * new)) < 0.01
    assert model.sample_rate == RATE and model.tone.metrics["esr"] < 0.01
    assert model.tone.provenance["wet"] == "slices of 2 sound files, through a Python function"
    assert os.listdir(tmp_path / "temporary") == []


def test_the_same_seed_is_the_same_model_and_another_is_not(music):
    def weights(**more):
        model = tw.capture(music, through=cubic, seconds=4, preset="tiny", steps=3, **more).tone.model
        return np.concatenate([value.numpy().reshape(-1) for value in model.state_dict().values()])

    assert np.array_equal(weights(seed=1), weights(seed=1)) and not np.array_equal(weights(), weights(seed=1))


def test_a_command_is_learned_at_another_rate(music, tmp_path):
    model = tw.capture(music, through=host(), seconds=4, at_rate=16000, preset="tiny", steps=3)
    model.save(tmp_path / "a.tone")
    tone = storage.load(tmp_path / "a.tone")
    assert tone.sample_rate == 16000
    assert tone.provenance["wet"] == f"slices of 2 sound files, through {Command(host()).words}"


def test_what_cannot_go_together_or_is_no_device(music):
    with pytest.raises(ConfigError, match="comes out of what is given as through; give one of the two"):
        tw.capture(music, "wet.wav", through=cubic, steps=3)
    with pytest.raises(ConfigError, match="seconds and at_rate are of what is played through software"):
        tw.capture("dry.wav", "wet.wav", at_rate=48000, steps=3)
    with pytest.raises(ConfigError, match=r"--through has no \{in\}"):
        tw.capture(music, through="play {out}", steps=3)
    with pytest.raises(ConfigError, match="is a function of a sound and its rate"):
        tw.capture(music, through=5, steps=3)
    with pytest.raises(PairError, match=r"the wet side is the dry side but for a gain of 6\.0 dB"):
        tw.capture(music, through=lambda x, rate: 2 * x, seconds=4, steps=3)
    with pytest.raises(ConfigError, match="--seconds goes from 3 to 3600, and not to 2"):
        tw.capture(music, through=cubic, seconds=2, steps=3)


@pytest.mark.parametrize(
    "more", [{"seconds": 2.9}, {"seconds": np.nan}, {"seconds": np.inf}, {"sample_rate": 0}]
)
def test_numbers_have_a_range(software, more):
    with pytest.raises(ConfigError, match=r"goes from .* to .*, and not to"):
        software(**more)


def test_both_sides_are_kept_and_say_what_they_are(software, music, tmp_path):
    told = []
    made = recorded(software(seed=5), told=told)
    library = open_library(music)
    wanted = dry_track(library, 6.0, RATE, seed=5)
    assert not np.array_equal(wanted, dry_track(library, 6.0, RATE))
    dry, wet = (files.read(path)[0][0] for path in (made.dry, made.wet))
    assert np.array_equal(dry, wanted) and np.array_equal(wet, cubic(wanted, RATE).astype(np.float32))
    comments = [files.info(path).comment for path in (made.dry, made.wet)]
    assert comments == [f"{OURS}slices of 2 sound files", f"{OURS}a Python function"]
    assert told == [f"sounds: 6 s at {RATE} Hz, slices of 2 sound files (20 s)", "device: a Python function"]
    assert sorted(os.listdir(tmp_path)) == ["a.dry.wav", "a.wet.wav", "music"]


def test_a_library_that_is_short_is_told(software, music):
    told = []
    made = recorded(software(sounds=music / "0.wav", seconds=12.0), told=told)
    assert any("0.wav is shorter than that, so parts of it come again" in line for line in told)
    assert made.source == "slices of 1 sound file, through a Python function"


def test_what_cannot_be_read_is_told(software, music):
    (music / "song.m4a").write_bytes(b"no")
    told = []
    recorded(software(), told=told)
    assert told[0].startswith(f"left out: {music}/song.m4a is damaged or not a sound file")


def test_a_resumed_training_goes_on_with_what_was_kept(software, music):
    first = recorded(software())
    before = first.wet.read_bytes()
    (music / "0.wav").unlink()
    assert recorded(software(seconds=None, seed=9), resume=True) == first
    assert len(software.played) == 1 and first.wet.read_bytes() == before
    assert recorded(software()).wet.read_bytes() != before and len(software.played) == 2


def test_a_resumed_training_wants_what_it_was_begun_with(software):
    recorded(software(Command("sed '' {in} > {out}"), latency_samples=3))
    words = refusal(software(Command("cat {in} > {out}")), TrainingError, resume=True)
    assert "a.wet.wav was made by the command 'sed '' {in} > {out}', and not by the command 'cat" in words
    words = refusal(software(seconds=7.0, sample_rate=16000), TrainingError, resume=True)
    assert "at 32000 Hz of 6 s, and not by a Python function at 16000 Hz of 7 s; give what" in words
    software().dry.unlink()
    words = refusal(software(), TrainingError, resume=True)
    assert "a.dry.wav, which the training was begun with; put it back, or begin again with --restart" in words


@pytest.mark.parametrize("side", ["dry", "wet"])
def test_nobodys_recording_is_overwritten(software, side):
    made = software()
    files.write(getattr(made, side), phrase(1.0, RATE), RATE, "take 5")
    assert f"a.{side}.wav is there and was not made by tonewright" in refusal(made, FileError)
    getattr(made, side).write_text("no sound, but somebody's")
    assert f"a.{side}.wav is there and was not made by tonewright" in refusal(made, FileError)
    assert software.played == []


def test_what_is_drawn_from_is_not_overwritten(software, tmp_path):
    recorded(software())
    words = refusal(software(sounds=tmp_path / "a.dry.wav"), FileError)
    assert "a.dry.wav would be overwritten by what is drawn from it; choose another output" in words
    other = software(sounds=tmp_path / "a.dry.wav", dry=tmp_path / "b.dry.wav", wet=tmp_path / "b.wet.wav")
    assert recorded(other).source.startswith("slices of 1 sound file")


def test_a_device_that_fails_leaves_nothing(software, tmp_path):
    refusal(software(Command("exit 1 # {in} {out}")), TrainingError)
    refusal(software(Function(lambda x, rate: 0 * x)), PairError)
    refusal(software(sounds=tmp_path / "nowhere"), AudioError)
    refusal(software(dry=tmp_path / "no folder" / "a.wav"), FileError)
    assert os.listdir(tmp_path) == ["music"]


def test_one_of_several_processes_plays(music, tmp_path):
    launcher = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    child = start("tests.training.played", tmp_path, launcher=launcher)
    _, told = child.communicate()
    assert child.returncode == 0, told
    first, second = ((tmp_path / name).read_text().splitlines() for name in "01")
    assert first == second and first[0] == str(5 * RATE) and "returned silence" in first[2]
    assert (tmp_path / "played").read_text() == "0\n"
