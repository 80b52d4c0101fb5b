"""The native core's own benchmark program, built when it is asked for."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def build(folder: Path) -> Path:
    """Compiles core/bench/playing.cpp there and returns the program."""
    for command in (
        ["cmake", "-S", ROOT, "-B", folder, "-DTONEWRIGHT_BENCH=ON"],
        ["cmake", "--build", folder, "--target", "playing", "--parallel", str(os.cpu_count())],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
    return folder / "playing"


def playing(program: Path, *words, width: int = 16) -> list[dict]:
    """What the program prints, for CPUs whose vectors have at most `width` floats."""
    environment = os.environ | {"TONEWRIGHT_WIDTH": str(width)}
    command = [program, *(str(word) for word in words)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def peak() -> float:
    """GFLOP/s that one core here does at most."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "peak"
        command = ["c++", "-std=c++17", "-O3", "-Wno-psabi", ROOT / "core/bench/peak.cpp", "-o", program]
        subprocess.run(command, check=True)
        return float(subprocess.run([program], check=True, capture_output=True, text=True).stdout)
