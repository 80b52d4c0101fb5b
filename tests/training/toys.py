"""Small things to teach and to be taught by: a recipe without sound, an easy device, and a run in a process."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tonewright.audio.pairs import Pair, split
from tonewright.builtin import phrase
from tonewright.models.supervised import Supervised, Teaching
from tonewright.models.wavenet import Config, Model, Stack

ROOT = Path(__file__).parents[2]
TINY = Config((Stack(3, (1, 2, 4, 8), head_channels=2, head_bias=False), Stack(2, (1, 2))))
TEACHING = Teaching(batch=5, crop=512, rate=0.02)


class Toy:
    """Walks towards 10 by noise that only the step decides; all scores are given beforehand."""

    def __init__(self, scores=()):
        self.model = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.model.weight)
        self.scores, self.scored, self.seen = list(scores), 0, []

    def step(self, step, steps):
        self.seen.append((step, steps))
        noise = float(torch.randn(1, generator=torch.Generator().manual_seed(step)))
        with torch.no_grad():
            self.model.weight += 0.1 * (10 - self.model.weight) + 0.01 * noise
        return {"distance": float((10 - self.model.weight.detach()).abs())}

    def score(self):
        self.scored += 1
        if self.scores:
            return self.scores[min(self.scored, len(self.scores)) - 1]
        return float((10 - self.model.weight.detach()).abs())

    def state(self):
        return {"model": self.model.state_dict(), "scored": self.scored}

    def restore(self, state):
        self.model.load_state_dict(state["model"])
        self.scored = state["scored"]


def easy_pair(seconds: float = 3.0, rate: int = 48000, drive: float = 3.0, seed: int = 0) -> Pair:
    """A guitar through a device without memory."""
    dry = phrase(seconds, rate, seed)
    return Pair(dry, np.tanh(drive * dry), rate)


def recipe(threads: int | None = 1, seed: int = 0, pair: Pair | None = None, config: Config = TINY):
    """The real recipe, small."""
    torch.manual_seed(seed)
    taught, held_out = split(pair or easy_pair())
    return Supervised(Model(config), [taught], [held_out], TEACHING, seed, threads)


def host(lines: str = "y = np.tanh(5 * x)") -> str:
    """A command that reads {in}, does something with x and its rate, and writes y to {out}."""
    program = (
        "import sys, numpy as np, soundfile",
        "x, rate = soundfile.read(sys.argv[1], dtype='float32')",
        lines,
        "soundfile.write(sys.argv[2], y, rate, 'FLOAT')",
    )
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(chr(10).join(program))} {{in}} {{out}}"


def alive(process: int) -> bool:
    """Whether a process still runs; one that nobody has buried does not."""
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat")
        return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def weights(model: nn.Module) -> np.ndarray:
    """All weights of a model in one row."""
    return np.concatenate([value.numpy().reshape(-1) for value in model.state_dict().values()])


def start(*arguments: str, launcher: tuple[str, ...] = ()) -> subprocess.Popen:
    """`python -m arguments` as a process of its own, with its output at our end of a pipe."""
    command = [sys.executable, "-m", *launcher, *(("-m",) if launcher else ()), *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell may have us ignore it
    )


@contextlib.contextmanager
def interruptible():
    """Ctrl-C works as on a terminal while inside, wherever the tests were started from."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
