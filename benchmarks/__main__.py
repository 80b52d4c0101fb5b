"""Run the benchmarks: `python -m benchmarks [--data FOLDER] [--klon FOLDER] [--music FOLDER] [--solo FOLDER]
[--golden FOLDER] [--libtorch FOLDER]`.

Those that need recordings, or libtorch, run when there are some.
"""

import argparse
import runpy
import sys
from pathlib import Path

# name: the folders that it takes
SCRIPTS = {
    "optimiser": (),
    "playing": (),
    "foreign": ("golden",),
    "hostile": (),
    "onnx_playing": (),
    "teaching": (),
    "teaching_lstm": (),
    "teaching_gru": (),
    "teaching_convolutions": (),
    "feedback_playing": (),
    "long_fir": (),
    "spectral_loss": (),
    "spectral_distance": (),
    "adversary": (),
    "harmonic_bank": (),
    "instrument_step": (),
    "filter_bank": (),
    "torchscript": (),
    "timbre_step": (),
    "instrument_live": (),
    "timbre_playing": (),
    "lesson": (),
    "neutone": (),
    "pitch_tracking": (),
    "alignment": ("data",),
    "knobs": ("data",),
    "capture_curve": ("data",),
    "black_boxes": ("data", "klon"),
    "corpus": ("music",),
    "feedback_effects": ("music",),
    "feedback_codes": ("music",),
    "matching": (),
    "memory_effects": ("data",),
    "devices_matched": ("data",),
    "instrument_learning": ("solo",),
    "timbre_learning": ("music",),
    "nn_tilde": ("libtorch",),
}
# folders that change what is measured, but need not be there
WELCOME = {"matching": ("data",), "pitch_tracking": ("solo",)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for folder in ("data", "klon", "music", "solo", "golden", "libtorch"):
        parser.add_argument(f"--{folder}", type=Path, help="folder of recordings that the scripts name")
    given = vars(parser.parse_args())
    for name, wanted in SCRIPTS.items():
        if not all(given[folder] for folder in wanted):
            continue
        print(f"== {name}", flush=True)
        folders = [*wanted, *(folder for folder in WELCOME.get(name, ()) if given[folder])]
        sys.argv = [name, *(word for folder in folders for word in (f"--{folder}", str(given[folder])))]
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")


if __name__ == "__main__":
    main()
