"""Files from a stranger: damaged, foreign, from the future or hostile, each is refused in one sentence."""

import json
import os
import pickle
import random
import struct
import subprocess
import sys

import pytest
import safetensors.torch
import torch

from tests.test_storage import tone
from tonewright import storage
from tonewright.errors import FileError, TonewrightError


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    """The bytes of a small file that loads."""
    path = tmp_path_factory.mktemp("valid") / "a.tone"
    storage.save(tone(), path)
    return path.read_bytes()


@pytest.fixture
def put(tmp_path):
    """Writes bytes, and gives where."""

    def write(data: bytes):
        (tmp_path / "a.tone").write_bytes(data)
        return tmp_path / "a.tone"

    return write


@pytest.fixture
def changed(valid, put):
    """A file with another header, and tensors changed or left out (None)."""

    def write(header=None, tensors=None, text=None):
        path = put(valid)
        told = storage.read_header(path) | (header or {})
        told = {name: value for name, value in told.items() if value is not None}
        held = safetensors.torch.load_file(path) | (tensors or {})
        held = {name: value for name, value in held.items() if value is not None}
        metadata = {storage.KEY: json.dumps(told) if text is None else text}
        return put(safetensors.torch.save(held, metadata=metadata))

    return write


def refused(path, words="a.tone"):
    with pytest.raises(FileError, match=words) as told:
        storage.load(path)
    assert "\n" not in str(told.value) and len(str(told.value)) < 600
    return str(told.value)


def test_what_is_no_file(tmp_path, put):
    refused(tmp_path / "none.tone", "there is no file")
    refused(tmp_path, "there is no file|folder")
    refused(tmp_path / ("a" * 300 + ".tone"), "a{300}")
    refused(put(b""), "not a .tone file")
    refused(put(os.urandom(4000)), "not a .tone file")
    refused(put(b"\xff" * 8 + b"{}"), "not a .tone file")
    refused(put(struct.pack("<Q", 1 << 40) + b"{" * 1000), "not a .tone file")


def test_truncated_anywhere(valid, put):
    ends = [0, 1, 7, 8, 9, 100, len(valid) // 2, len(valid) - 1]
    for end in [*ends, *random.Random(0).sample(range(len(valid)), 30)]:
        refused(put(valid[:end]), "a.tone")


def test_somebody_elses_safetensors(put):
    refused(put(safetensors.torch.save({"a": torch.zeros(3)})), "not a .tone file")
    refused(put(safetensors.torch.save({"a": torch.zeros(3)}, metadata={"format": "pt"})), "not a .tone file")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "1",
        "null",
        '{"format": "1"}',
        '{"format": null}',
        '{"format": 0}',
        '{"format": true}',
        '{"format": 1}',
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"format": ' + "9" * 5000 + "}",
        '{"format": 1e999}',
    ],
    ids=range(13),
)
def test_json_that_is_no_header(changed, text):
    refused(changed(text=text), "a.tone")


def test_the_future_says_what_to_do(changed):
    assert "is of format 2 and this version reads up to 1; update tonewright" in refused(
        changed({"format": 2})
    )


@pytest.mark.parametrize(
    "name", ["", "../x", "os", "wavenet.config", "base", "Wavenet", "wavenet\0", "a" * 300]
)
def test_an_architecture_that_is_none(changed, name):
    refused(changed({"architecture": name}), "no architecture")


def stack(**settings) -> dict:
    return {"config": {"stacks": [{"channels": 2, "dilations": [1, 2]} | settings]}}


@pytest.mark.parametrize(
    "header",
    [
        *({name: None} for name in ("architecture", "config", "sample_rate", "metrics", "history", "levels")),
        *({"config": config} for config in ([], "x", {"chanels": 1}, {"stacks": 3}, {"stacks": [3]})),
        *({"config": {"knobs": knobs}} for knobs in ("drive", ["a", "a"], ["my knob"], [1], ["x"] * 100)),
        *(stack(channels=channels) for channels in ("2", 2.5, True, None, 0, -1, 10**400)),
        *(stack(dilations=dilations) for dilations in ([], [0], [-1], [1 << 60], [1] * 5000, "12", [[1]])),
        stack(kernels=[1, 2, 3]),
        stack(activation="__import__('os')"),
        *({"sample_rate": rate} for rate in (0, -1, 999, 10**9, "48000", 48000.0, True)),
        *({"metrics": metrics} for metrics in ({"esr": "x"}, {"esr": [1]}, [1], {"esr": 10**400})),
        *({"levels": levels} for levels in ({"dry_db": {}}, "x")),
        *({"provenance": words} for words in ({"preset": 1}, {"minutes": None})),
        *({"history": rows} for rows in ([1], [{"esr": "x"}], [{"seconds": 1}], {})),
    ],
    ids=lambda header: str(header)[:60],
)
def test_settings_that_are_not_ours(changed, header):
    refused(changed(header), "damaged")


HEAD = "stacks.0.head.weight"


@pytest.mark.parametrize(
    "tensors",
    [
        {HEAD: torch.zeros(3, 2, 1)},
        {HEAD: torch.zeros(2)},
        {HEAD: None},
        {HEAD: torch.zeros(1, 2, 1, dtype=torch.float64)},
        {HEAD: torch.zeros(1, 2, 1, dtype=torch.int32)},
        {HEAD: torch.zeros(1, 2, 1, dtype=torch.complex64)},
        {HEAD: torch.full((1, 2, 1), torch.nan)},
        {HEAD: torch.full((1, 2, 1), torch.inf)},
        {"more": torch.zeros(1)},
    ],
    ids=range(9),
)
def test_weights_that_do_not_fit(changed, tensors):
    refused(changed(tensors=tensors), "weights|damaged")


@pytest.mark.parametrize(
    "tensors",
    [
        {"probe.x": None},
        {"probe.y": None},
        {"probe.x": torch.zeros(0)},
        {"probe.x": torch.zeros(3, 3)},
        {"probe.x": torch.zeros(30, dtype=torch.int64)},
        {"probe.y": torch.zeros(5)},
        {"probe.y": torch.zeros(5, 5)},
        {"probe.y": torch.zeros(16384, dtype=torch.complex64)},
        {"probe.y": torch.zeros(16384, dtype=torch.bool)},
    ],
    ids=range(9),
)
def test_a_probe_that_is_none(changed, tensors):
    path = changed(tensors=tensors)
    got = storage.load(path)
    with pytest.raises(FileError, match="probe"):
        storage.self_check(path, got)


class Payload:
    """What a pickle does when somebody trusts it."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_a_pickle_in_disguise_never_runs(tmp_path, put):
    payload = Payload(tmp_path / "pwned")
    torch.save({"model": payload}, tmp_path / "b.tone")
    raw = pickle.dumps(payload)
    for data in (raw, (tmp_path / "b.tone").read_bytes(), struct.pack("<Q", len(raw)) + raw):
        refused(put(data), "not a .tone file")
    assert not (tmp_path / "pwned").exists()


def test_small_damage_loads_or_is_told(valid, put):
    chance = random.Random(0)
    (header,) = struct.unpack("<Q", valid[:8])
    loaded = 0
    for trial in range(400):
        data = bytearray(valid)
        place = chance.randrange(8 + header if trial % 4 else len(data))
        kind = chance.randrange(4)
        if kind == 0:
            data[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[place : place + chance.randint(1, 40)]
        elif kind == 2:
            data[place:place] = chance.randbytes(chance.randint(1, 40))
        else:
            data[place : place + 1] = chance.choice([b"9", b"-", b"null", b'"', b"e9", b"[", b"\\"])
        path = put(bytes(data))
        try:
            got = storage.load(path)
            storage.self_check(path, got)
            loaded += 1
        except TonewrightError as error:
            assert "\n" not in str(error)
    assert 0 < loaded < 400


HOSTILE = """
import json, resource, struct, sys
import safetensors.torch, torch
from tonewright import storage
from tonewright.errors import FileError
from tonewright.runtime.player import Player
most = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + (300 << 20)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
for path in sys.argv[1:]:
    try:
        Player(storage.load(path)).render(torch.zeros(10).numpy())
    except FileError as error:
        print(error)
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the limit counts what Linux tells of memory"
)
def test_no_file_takes_more_memory_than_its_size(changed, tmp_path, valid):
    """In a process that may take 300 MB more: settings that ask for a lot, and a header that is a bomb."""
    asks = [
        stack(channels=1024, dilations=[1] * 256, kernels=[1024]),
        stack(channels=1024, dilations=[1 << 20] * 16),
        {"config": {"stacks": [{"channels": 1024, "dilations": [1] * 250}] * 16, "mix": "stack"}},
    ]
    paths = []
    for i, header in enumerate(asks):
        paths.append(changed(header).rename(tmp_path / f"{i}.tone"))
    bomb = b'{"__metadata__":{"tonewright":"[' + b"[]," * (20 << 20) + b'[]]"}}'
    paths.append(tmp_path / "bomb.tone")
    paths[-1].write_bytes(struct.pack("<Q", len(bomb)) + bomb)
    done = subprocess.run([sys.executable, "-c", HOSTILE, *map(str, paths)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(paths)
