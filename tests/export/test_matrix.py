"""Every model in every format: written, played back and equal to itself, or refused for a reason."""

import functools
import importlib.util
import re
from pathlib import Path

import pytest

from tonewright.cli.export import export
from tonewright.errors import ConfigError
from tonewright.export import formats
from tonewright.export.formats import ALL, FORMATS
from tonewright.export.opening import load
from tonewright.export.playback import allowed, difference

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("formats_page", ROOT / "docs/formats.py")
page = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(page)


@functools.cache
def player(sample: str):
    return page.SAMPLES[sample]()


@functools.cache
def installed(extra: str) -> bool:
    needs = {"onnx": "onnx", "neutone": "neutone_sdk", "": "torch"}
    return importlib.util.find_spec(needs[extra]) is not None


@pytest.mark.parametrize("key", FORMATS)
@pytest.mark.parametrize("sample", page.SAMPLES)
def test_a_model_comes_back_or_is_refused(sample, key, tmp_path):
    row, model = FORMATS[key], player(sample)
    path = tmp_path / f"model{row.suffixes[0]}"
    reason = formats.refusal(row, model)
    if reason is not None:
        with pytest.raises(ConfigError):
            formats.for_writing(model, path, key)
        assert "\n" not in reason and len(reason) < 400
        return
    if not installed(row.extra):
        pytest.skip(f"the extra '{row.extra}' is not installed")
    said = formats.write(row, model, path)
    assert said and "\n" not in said
    assert difference(row, model, path) <= allowed(row, model)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("key", [row.key for row in ALL if row.reads])
@pytest.mark.parametrize("sample", page.SAMPLES)
def test_what_is_written_is_read_and_written_again_without_change(sample, key, tmp_path):
    row, model = FORMATS[key], player(sample)
    if formats.refusal(row, model) is not None:
        pytest.skip("refused")
    first, again = (tmp_path / f"{name}{row.suffixes[0]}" for name in ("first", "again"))
    formats.write(row, model, first)
    formats.write(row, load(first), again)
    assert again.read_bytes() == first.read_bytes()


def test_every_format_holds_something_and_every_model_goes_somewhere():
    fits = {
        (name, row.key): formats.refusal(row, player(name)) is None for name in page.SAMPLES for row in ALL
    }
    assert all(any(fits[name, row.key] for row in ALL) for name in page.SAMPLES)
    assert all(any(fits[name, row.key] for name in page.SAMPLES) for row in ALL)


def test_the_command_names_every_format():
    told = re.search(r"does not say it: (.*?)\.", export.__doc__, re.DOTALL)[1]
    assert re.findall(r"\w+", told.replace(" or ", " ")) == list(FORMATS)


def test_a_format_is_found_by_its_module():
    for row in ALL:
        module = row.load()
        is_json = row.reads and formats.is_json(Path("x" + row.suffixes[0]))
        reads = {"looks_like", "from_values"} if is_json else {"read"} if row.reads else {"replay"}
        assert {"check", "write"} | reads <= set(dir(module)), row.key
