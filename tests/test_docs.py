"""What the documents show works: their commands and programs run, and their tables, links and figures are true."""

import csv
import doctest
import functools
import importlib.util
import os
import re
import shlex
import sys
import tomllib
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.runtime import instruments
from tests.runtime import timbres as made
from tests.runtime.sound_card import Mido, SoundDevice
from tests.runtime.tunes import put_tune
from tests.training import timbres
from tonewright import storage
from tonewright.audio import files
from tonewright.builtin import overdrive, phrase
from tonewright.cli import run
from tonewright.layers.operations import GLUE, PRIMITIVES
from tonewright.models import ddsp, rave
from tonewright.models.base import Port
from tonewright.models.chain.fitting import auto, recipe
from tonewright.models.chain.processors import PROCESSORS
from tonewright.models.wavenet import PRESETS, Model

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
RATE, SECONDS, LATE = 48000, 4.0, 312  # of the recordings that the documents take for granted

FENCE = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
FIGURE = re.compile(
    r"\b(?:ESR|spectral loss)(?: of| below)? (\d[\d.,]*\d)"
    r"|(\d[\d.,]*)(?: ns\b| µs\b| times (?:as fast|faster)|x real)"
)
INTERNAL = re.compile(
    r"/(?:work|root|farm)/|/opt/tw|-index-url|\b(?:sub-?)?agents?\b|\bclaude\b|\banthropic\b|\blanguage model\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file name beside it if any, and its text."""

    language: str
    name: str
    text: str


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page, in their order.

    >>> blocks("Listed in a file:\\n\\n```csv pairs.csv\\nwet,dry\\n```\\n")
    [Block(language='csv', name='pairs.csv', text='wet,dry\\n')]
    """
    return [Block(*found) for found in FENCE.findall(text)]


def commands(text: str) -> list[list[str]]:
    """The commands of a shell block, cut into words."""
    return [words for line in text.splitlines() if (words := shlex.split(line, comments=True))]


def hurried(words: list[str]) -> list[str]:
    """A command that learns, with three steps in place of its minutes, and little sound; any other as it is.

    A timbre is a small one.

    >>> hurried(["capture", "--minutes", "10", "-o", "amp.tone"])
    ['capture', '-o', 'amp.tone', '--steps', '3']
    """
    if words[0] not in ("capture", "instrument", "timbre"):
        return words
    place = words.index("--minutes") if "--minutes" in words else len(words)
    little = ["--seconds", "6"] if "--through" in words else []
    little += timbres.OPTIONS if words[0] == "timbre" else ()
    return [*words[:place], *words[place + 2 :], "--steps", "3", *little]


def prose(text: str) -> str:
    """A page without what it shows of code.

    >>> prose("Take `a[0](b)`, see [there](there.md).")
    'Take , see [there](there.md).'
    """
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


@functools.cache
def guitar() -> np.ndarray:
    return phrase(SECONDS, RATE)


@functools.cache
def through_pedal(**knobs: float) -> np.ndarray:
    """What an interface records when the guitar is played through a pedal."""
    wet = overdrive(guitar(), RATE, **knobs)
    return np.concatenate([np.zeros(LATE, np.float32), wet])[: len(wet)]


PLUGIN_HOST = f"""#!{sys.executable}
import sys, numpy, soundfile
x, rate = soundfile.read(sys.argv[sys.argv.index("-i") + 1], dtype="float32")
soundfile.write(sys.argv[sys.argv.index("-o") + 1], numpy.tanh(5 * x), rate, "FLOAT")
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Where a reader of the documents is: dry.wav, wet.wav and guitar.wav are there, folders of music, recordings and
    drums; an instrument, with a melody and a tune for it, and a timbre; sound cards, a MIDI port, a host that plays
    plugins.
    """
    monkeypatch.chdir(tmp_path)
    # a match that looks at fewer chains, and gives up where the wave cannot be followed
    monkeypatch.setattr(auto, "SMALL", ("gain", "tanh,gain"))
    monkeypatch.setattr(auto, "LONGEST", 1)
    monkeypatch.setattr(recipe, "LOST", np.inf)
    monkeypatch.setitem(PROCESSORS, "fold", None)  # which a page adds, and which is gone after it
    monkeypatch.delitem(PROCESSORS, "fold")
    monkeypatch.setitem(sys.modules, "sounddevice", SoundDevice())
    for package in ("mido", "rtmidi"):
        monkeypatch.setitem(sys.modules, package, Mido())
    files.write("dry.wav", guitar(), RATE)
    files.write("guitar.wav", guitar()[: RATE // 2], RATE)
    files.write("wet.wav", through_pedal(), RATE)
    storage.save(instruments.tone(sample_rate=RATE), "violin.tone")
    storage.save(made.tone(sample_rate=RATE), "drums.tone")
    files.write("beatbox.wav", guitar()[: RATE // 2], RATE)
    files.write("singing.wav", instruments.melody([440.0, 660.0], rate=RATE), RATE)
    put_tune("tune.mid")
    for name in ("music", "recordings", "drums", "bin"):
        (tmp_path / name).mkdir()
    files.write("music/a.flac", guitar(), RATE)
    notes = instruments.melody([220.0, 294.0, 440.0, 587.0], 2.5, RATE)
    files.write("recordings/a.wav", notes, RATE)
    files.write("drums/a.wav", guitar(), RATE)
    files.write("drums/b.wav", 0.3 * guitar()[:9000], RATE)
    files.write("music/b.ogg", guitar()[::-1], RATE)
    (tmp_path / "bin/lv2apply").write_text(PLUGIN_HOST)
    (tmp_path / "bin/lv2apply").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    return tmp_path


def write_table(block: Block) -> None:
    """The CSV that a page shows, and the recordings that it lists."""
    Path(block.name).write_text(block.text, encoding="utf-8")
    for row in csv.DictReader(block.text.splitlines()):
        knobs = {name: float(row[name]) for name in ("drive", "tone") if name in row}
        files.write(row["wet"], through_pedal(**knobs), RATE)


def check_command(words: list[str]) -> None:
    """Run what is ours; of what belongs to others, look whether it can work."""
    match words:
        case ["tonewright", "live", *_]:  # on the cards of the fixture below; it would go on for ever
            assert run([*words[1:], "--seconds", "0.01"]) == 0, words
        case ["tonewright", "export", _, target, *_] if target.endswith(".nm") and not find_spec(
            "neutone_sdk"
        ):
            pass  # an extra that is not installed here
        case ["tonewright", *arguments]:
            assert run(hurried(arguments)) == 0, words
        case ["python", "-m", module, *_]:  # long, and tested where its own tests are
            assert find_spec(module), words
        case ["make", *targets]:
            known = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
            assert set(targets) <= set(known), words
        case ["pip", "install", place]:
            folder, _, wanted = place.rstrip("]").partition("[")
            assert folder == "." and set(filter(None, wanted.split(","))) <= set(extras()), words
        case [".", ".venv/bin/activate"] | ["sudo", "apt", "install", "libportaudio2"]:
            pass
        case _:
            pytest.fail(f"{words} is neither run nor checked by this test; teach it how")


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_a_page_run_in_their_order(name, folder):
    space = {"__name__": "__main__"}
    for block in blocks((ROOT / name).read_text(encoding="utf-8")):
        match block.language:
            case "sh":
                for words in commands(block.text):
                    check_command(words)
            case "csv":
                write_table(block)
            case "python":
                text = re.sub(r"\bminutes=[\d.]+", "minutes=0.001", block.text)
                text = re.sub(r"\bseconds=[\d.]+", "seconds=6", text)
                exec(compile(text, f"{name}, {text.splitlines()[0]!r}", "exec"), space)
            case other:
                assert other in ("json",), f"a block in {name} is in a language that nobody checks: {other}"


def test_every_fence_is_seen():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert text.count("```") == 2 * len(blocks(text)), (
            f"a fence of {page.name} has no language, or no end"
        )


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name):
    page = ROOT / name
    for target, heading in LINK.findall(prose(page.read_text(encoding="utf-8"))):
        where = (page.parent / target).resolve() if target else page
        assert where.exists(), f"{name} points to {target}, which is not there"
        if heading:
            titles = re.findall(r"^#+ (.*)$", where.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]


def figures(text: str) -> list[str]:
    """Numbers that somebody must have measured.

    >>> figures("an ESR of 0.0042 at 191 ns per sample, 3 times faster; a memory of 85 ms")
    ['0.0042', '191', '3']
    """
    return [esr or other for esr, other in FIGURE.findall(text)]


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_those_of_the_benchmarks(name):
    results = ROOT / "benchmarks" / "RESULTS.md"
    measured = results.read_text(encoding="utf-8") if results.exists() else ""
    for figure in figures((ROOT / name).read_text(encoding="utf-8")):
        assert figure in measured, f"{name} says {figure}, and benchmarks/RESULTS.md does not"


def test_the_table_of_presets_is_true():
    rows = re.findall(
        r"^\| `([\w-]+)` \|(.*)\|$", (DOCS / "choosing.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    table = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}
    assert list(table) == list(PRESETS)
    standard = multiplications(Model())
    for name, config in PRESETS.items():
        model = Model(config)
        weights = sum(p.numel() for p in model.parameters())
        memory, products = model.settle + 1, multiplications(model)
        share = f"{100 * products / standard:.0f} %"
        assert table[name] == [f"{weights:,}", f"{memory}", f"{memory / 48:.0f} ms", f"{products:,}", share]


def test_the_tables_of_instruments_are_true():
    page = (DOCS / "instruments.md").read_text(encoding="utf-8")
    cells = [
        [cell.strip(" `") for cell in row.split("|")]
        for row in re.findall(r"^\| (`.*) \|$", page, re.MULTILINE)
    ]
    table = {name: rest for name, *rest in cells if name in ddsp.PRESETS}
    for name, config in ddsp.PRESETS.items():
        weights = sum(p.numel() for p in ddsp.Model(config).parameters())
        room = f"{config.reverb_s:g} s" if config.reverb_s else "none"
        sizes = [str(size) for size in (config.units, config.harmonics, config.bands)]
        assert table[name] == [*sizes, room, f"{weights:,}"]
    usual = asdict(ddsp.Course()) | asdict(ddsp.PRESETS["standard"])
    told = {name: float(rest[0]) for name, *rest in cells if name in usual and len(rest) == 2}
    assert told == {name: value for name, value in usual.items() if name != "sample_rate"}


def test_the_tables_of_timbres_are_true():
    page = (DOCS / "timbres.md").read_text(encoding="utf-8")
    cells = [
        [cell.strip(" `") for cell in row.split("|")]
        for row in re.findall(r"^\| (`.*) \|$", page, re.MULTILINE)
    ]
    table = {name: rest for name, *rest in cells if name in rave.PRESETS}
    assert list(table) == list(rave.PRESETS)
    for name, config in rave.PRESETS.items():
        with torch.device("meta"):
            model, sooner = rave.Model(config), rave.Model(config.without_latency())
        weights = sum(p.numel() for p in model.parameters())
        ms = [f"{samples / 48:.1f}" for samples in (model.latency, model.block - 1, sooner.latency)]
        frames = f"{config.sample_rate / config.compression:.0f}"
        assert table[name] == [f"{weights:,}", f"{config.latent}", frames, *ms]
    usual = asdict(rave.COURSES["live"]) | asdict(rave.PRESETS["live"])
    told = {name: float(rest[0]) for name, *rest in cells if name in usual and len(rest) == 2}
    assert told == {name: usual[name] for name in told} and len(told) == 12


def test_the_gain_lesson_is_as_it_was_measured():
    rows = re.findall(r"^\|.*\|$", (DOCS / "loss.md").read_text(encoding="utf-8"), re.MULTILINE)
    measured = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 5 and [row for row in rows if row not in measured] == []


def multiplications(model: Model) -> int:
    """Per sample: every weight that is not a bias is used once."""
    return sum(p.numel() for name, p in model.named_parameters() if not name.endswith("bias"))


def test_the_file_is_described_whole(tmp_path):
    page = (DOCS / "tone-file.md").read_text(encoding="utf-8")
    storage.save(storage.Tone("wavenet", Model(PRESETS["nano"]), RATE), tmp_path / "a.tone")
    header = storage.read_header(tmp_path / "a.tone")
    operations = (
        {op for op, _ in PRIMITIVES.values()} | set(GLUE.values()) | {"input", "constant", "number", "slice"}
    )
    told = {*header, *header["graph"]["nodes"][1], *asdict(Port("drive")), *operations}
    attributes = {name for _, names in PRIMITIVES.values() for name in names} - {
        "inputs",
        "outputs",
        "groups",
        "stride",
    }
    assert [word for word in sorted(told | attributes) if not re.search(rf'[`"]{word}[`"]', page)] == []


def texts() -> dict[str, str]:
    """Every text of the project but this one, by its path."""
    folders = ("src", "tests", "docs", "benchmarks", "examples", ".ci", "core", "bindings")
    paths = [p for p in ROOT.iterdir() if p.is_file()] + [p for f in folders for p in (ROOT / f).rglob("*")]
    kinds = ("", ".py", ".md", ".toml", ".txt", ".js", ".css", ".html", ".h", ".cpp", ".json", ".csv")
    chosen = [p for p in paths if p.is_file() and p.suffix in kinds and p != Path(__file__)]
    return {str(p.relative_to(ROOT)): p.read_text(encoding="utf-8", errors="replace") for p in chosen}


def test_nothing_speaks_of_the_machine_that_it_was_made_on():
    found = {name: INTERNAL.findall(text) for name, text in texts().items()}
    assert {name: words for name, words in found.items() if words} == {}
    assert INTERNAL.search("see /" + "work/data") and not INTERNAL.search("a session of several recordings")


def extras() -> dict[str, list[str]]:
    """What can be installed beside, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["optional-dependencies"]


def test_extras_that_are_installed_exist():
    asked = re.findall(r"'\.\[(\w+)\]'", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert asked and set(asked) <= set(extras())


@pytest.mark.parametrize("script,page", [("operations", "operations.md"), ("processors", "match.md")])
def test_a_page_that_a_script_writes_is_true(script, page):
    spec = importlib.util.spec_from_file_location(script, DOCS / f"{script}.py")
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    assert (DOCS / page).read_text(encoding="utf-8") == writer.page()
    assert doctest.testmod(writer).failed == 0
