"""The native core's own tests, built with sanitizers that see what a test of results cannot."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
missing = [tool for tool in ("cmake", "ctest", "c++") if shutil.which(tool) is None]


@pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} is not here")
def test_core_passes_its_tests_under_sanitizers(tmp_path):
    """Bad addresses and undefined behaviour; the tests themselves count allocations while a model plays."""
    options = ["-DTONEWRIGHT_TESTS=ON", "-DTONEWRIGHT_SANITIZE=address,undefined"]
    for command in (
        ["cmake", "-S", ROOT, "-B", tmp_path, *options],
        ["cmake", "--build", tmp_path, "--parallel", "2"],
        ["ctest", "--test-dir", tmp_path, "--parallel", "2", "--output-on-failure"],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    count = len(list((ROOT / "core/tests").glob("test_*.cpp")))
    assert f"100% tests passed, 0 tests failed out of {count}" in done.stdout
