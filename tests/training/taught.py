"""A training in a process of its own, to be killed, stopped and resumed: python -m tests.training.taught FOLDER.

It prints the number of every step that it has done. The weights go to FOLDER/weights.npy when it has come to its end.
"""

import argparse
from pathlib import Path

import numpy as np

from tests.training.toys import recipe, weights
from tonewright.training import loop, processes


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args()
    loop.CHECKPOINT_SECONDS = 0.0
    processes.join()
    made = recipe(given.threads)
    taught = loop.teach(
        made,
        loop.Budget(steps=given.steps),
        given.folder / "a.checkpoint",
        given.resume,
        listener=lambda progress: print(progress.step, flush=True),
    )
    if processes.first() and not taught.interrupted:
        np.save(given.folder / "weights.npy", weights(made.model))
    processes.leave()


if __name__ == "__main__":
    main()
