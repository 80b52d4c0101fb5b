"""Run the benchmarks: `python -m benchmarks [--data FOLDER]`; those that need recordings run when there are some."""

import argparse
import runpy
import sys
from pathlib import Path

ALWAYS = ("optimiser", "playing", "teaching", "teaching_lstm")
WITH_DATA = ("alignment", "knobs", "capture_curve")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the recordings that the scripts name")
    data = parser.parse_args().data
    for name in ALWAYS + (WITH_DATA if data else ()):
        print(f"== {name}", flush=True)
        sys.argv = [name, *(["--data", str(data)] if name in WITH_DATA else [])]
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")


if __name__ == "__main__":
    main()
