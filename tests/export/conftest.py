"""Where the tests of other programs' files write them."""

import json

import pytest


@pytest.fixture(scope="module")
def put(tmp_path_factory):
    path = tmp_path_factory.mktemp("nam") / "amp.nam"

    def write(data, suffix=".nam"):
        if not isinstance(data, bytes):
            data = (data if isinstance(data, str) else json.dumps(data)).encode()
        path.with_suffix(suffix).write_bytes(data)
        return path.with_suffix(suffix)

    return write
