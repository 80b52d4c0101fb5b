"""Small files that ask for much: what is played begins soon and in little memory, and the rest is refused."""

import json

import pytest

from tests.export import heavy_files as heavy
from tests.export.damage import needs_statm, opened_in_little

REFUSED = {
    "bends of a long memory.aidax": heavy.bends("elu", 126, 1024, 262142),
    "bends of a short one.aidax": heavy.bends("tanh", 126, 1024, 16384),
    "channels by themselves.nam": heavy.grouped(31, 1024, 516),
    "recurrent layers.aidax": heavy.grus(127),
    "modulations.nam": heavy.modulated(128, 2000),
}
# as much as the limits allow
PLAYED = {
    "bends of a long memory.aidax": heavy.bends("elu", 110, 16, 262000),
    "bends of a wide one.aidax": heavy.bends("elu", 27, 256, 16380),
    "bends at once.aidax": heavy.bends("tanh", 120, 268, 1),
    "wide channels by themselves.nam": heavy.grouped(2, 1024, 1),
    "channels by themselves.nam": heavy.grouped(31, 48, 516),
    "many channels by themselves.nam": heavy.grouped(127, 20, 1),
    "recurrent layers.aidax": heavy.grus(12),
    "modulations.nam": heavy.modulated(64, 1200),
    "layers.nam": heavy.plain(127, 2048),
}


@needs_statm
@pytest.mark.parametrize("name", REFUSED)
def test_what_takes_too_long_is_refused(tmp_path, name):
    assert "cannot be played" in opened_in_little(_put(tmp_path, name, REFUSED[name]))


@needs_statm
@pytest.mark.parametrize("name", PLAYED)
def test_what_is_played_begins_soon(tmp_path, name):
    assert opened_in_little(_put(tmp_path, name, PLAYED[name])) == ""


def _put(folder, name, values):
    path = folder / name
    path.write_text(json.dumps(values))
    return path
