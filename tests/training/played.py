"""Software recorded by one of several processes: torchrun --nproc-per-node 2 -m tests.training.played FOLDER.

Each process writes what it got to FOLDER/NUMBER: the length of the recording, and the sentence about a bad teacher.
"""

import sys
from pathlib import Path

import torch.distributed as dist

from tonewright.audio import files
from tonewright.errors import TonewrightError
from tonewright.training import processes
from tonewright.training.software import Software
from tonewright.training.teachers import Function


def main(folder: Path) -> None:
    processes.join()

    def played(x, rate):
        with open(folder / "played", "a") as file:
            file.write(f"{dist.get_rank()}\n")
        return x**3

    sides = (folder / "dry.wav", folder / "wet.wav")
    made = Software(folder / "music", Function(played), *sides, seconds=5.0).recorded(
        False, lambda sentence: None
    )
    lines = [str(files.info(made.wet).frames), made.source]
    try:
        Software(folder / "music", Function(lambda x, rate: 0 * x), *sides).recorded(
            False, lambda sentence: None
        )
    except TonewrightError as error:
        lines.append(str(error))
    (folder / str(dist.get_rank())).write_text("\n".join(lines))
    processes.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
