"""The package as a whole: its version, its door, and a command line that says what it can do and says it at once."""

import inspect
import re
import subprocess
import sys
import tomllib
from importlib import metadata, resources
from pathlib import Path

import pytest
from docstring_parser import parse

import tonewright
from tonewright import models
from tonewright.cli import run
from tonewright.cli.app import app
from tonewright.cli.capture import capture
from tonewright.report import page

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERBS = {name: app[name].default_command for name in app if not name.startswith("-")}
HEAVY = (
    "torch",
    "scipy",
    "numpy",
    "matplotlib",
    "soundfile",
)  # seconds to import, and no use for an answer in words


def python(program: str) -> str:
    """What another Python prints that runs this program."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_there_is_one_version():
    assert tonewright.__version__ == PROJECT["version"]


def test_the_installed_version_is_this_one():
    try:
        installed = metadata.version("tonewright")
    except metadata.PackageNotFoundError:
        pytest.skip("tonewright is not installed here, but read from its folder")
    assert installed == PROJECT["version"]


def test_public_names_are_told_and_there():
    for name in (
        "capture",
        "match",
        "instrument",
        "timbre",
        "load",
        "listen",
        "perform",
        "play",
        "Phrase",
        "encode",
        "decode",
        "__version__",
    ):
        assert name in dir(tonewright)
        assert getattr(tonewright, name)
    with pytest.raises(AttributeError, match="no attribute 'caputre'"):
        tonewright.caputre  # noqa: B018


@pytest.mark.parametrize(
    "program",
    [
        "import tonewright; dir(tonewright)",
        "from tonewright.cli import run; assert run(['--help']) == 0",
        "from tonewright.cli import run; assert run(['capture', '--help']) == 0",
        "from tonewright.cli import run; assert run(['captur']) == 2",
    ],
)
def test_words_come_before_anything_heavy_is_imported(program):
    said = python(
        f"{program}\nimport sys\nprint('heavy:', *(name for name in {HEAVY} if name in sys.modules))"
    )
    assert said.splitlines()[-1] == "heavy:"


def test_the_command_is_installed_under_its_name():
    assert PROJECT["scripts"] == {"tonewright": "tonewright.cli:main"}
    program = [sys.executable, "-m", "tonewright", "--version"]
    assert (
        subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip()
        == PROJECT["version"]
    )


def option(verb, parameter: str) -> str:
    """What a parameter is called on the command line."""
    annotation = inspect.signature(verb).parameters[parameter].annotation
    named = [name for more in getattr(annotation, "__metadata__", ()) for name in more.name or ()]
    return named[0] if named else f"--{parameter.replace('_', '-')}"


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_explains_itself(name, capsys):
    assert run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    told = parse(VERBS[name].__doc__)
    words = {parameter.arg_name: parameter.description for parameter in told.params}
    assert told.short_description.endswith(".")
    assert list(words) == list(inspect.signature(VERBS[name]).parameters), (
        "all of them, in the order of the call"
    )
    for parameter, sentence in words.items():
        assert sentence and sentence.endswith((".", '".')), f"{name} says too little of {parameter}"
        assert option(VERBS[name], parameter) in shown


def test_the_help_lists_every_verb(capsys):
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert set(VERBS) == {
        "capture",
        "match",
        "run",
        "live",
        "check",
        "report",
        "inspect",
        "demo",
        "prepare",
        "instrument",
        "timbre",
        "export",
        "import",
    }
    assert all(re.search(rf"^│ {name} ", shown, re.MULTILINE) for name in VERBS)


def test_the_help_names_the_presets_that_there_are():
    (sentence,) = [p.description for p in parse(capture.__doc__).params if p.arg_name == "preset"]
    for kind in models.names("capture"):
        names = re.search(rf"{kind}: (.*?)\.", " ".join(sentence.split()))[1]
        assert re.split(r"[,;] ", names) == list(models.find(kind).PRESETS)


def test_what_is_no_python_travels_along():
    """The page's parts, which a build might forget."""
    parts = {part.name for part in resources.files("tonewright.report").iterdir()}
    used = re.findall(r'"([\w.]+\.(?:html|css|js))"', inspect.getsource(page))
    assert used and set(used) <= parts
