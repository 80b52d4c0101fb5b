"""What a long filter costs to play, beside what filters whole sounds at once, and how far each is from the truth.

python -m benchmarks.long_fir
"""

import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save
from scipy import signal

from benchmarks import core, rivals
from benchmarks.results import table, write_section
from tonewright import _native
from tonewright.dsp.convolution import long_fir

RATE = 44100
TAPS = 2 * RATE
SECONDS = 10
BLOCK = 64
ROUND = 2048 // BLOCK  # blocks after which the core's work repeats itself
PERIOD_NS = 1e9 / RATE
COLUMNS = ("ns", "of a core", "error")


def main() -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    response = (rng.standard_normal(TAPS) * np.exp(-7.0 * np.arange(TAPS) / TAPS)).astype(np.float32)
    x = rng.uniform(-0.5, 0.5, SECONDS * RATE).astype(np.float32)
    exact = signal.oaconvolve(x.astype(float), response.astype(float))[: len(x)]
    with tempfile.TemporaryDirectory() as folder:
        program, path = core.build(Path(folder) / "build"), Path(folder) / "filter.tone"
        path.write_bytes(tone_bytes(response))
        costs = {width: core.playing(program, path, BLOCK, width=width)[0]["ns"] for width in (16, 8, 4)}
    y, blocks = played(x, response)
    text = (
        f"A response of 2 s ({TAPS:,} taps) and {SECONDS} s of noise at 44.1 kHz, one thread. Nanoseconds of the "
        f"processor for a sample, and that part of the time there is, {PERIOD_NS:,.0f} ns; the largest error against "
        "scipy.signal.oaconvolve in double, in parts of the peak.\n\n"
        + table(["in blocks, nothing late", *COLUMNS], in_blocks(costs, x, response, error(y, exact)))
        + "\n\n"
        + table(["the whole sound at once", *COLUMNS], whole(x, response, exact))
        + f"\n\nThe native work is spread over time: of the {ROUND} blocks after which it repeats itself, called "
        f"from Python and by the clock on the wall, the cheapest takes {blocks.min():.1f} µs and the dearest "
        f"{blocks.max():.1f} µs (medians); there are {1e6 * BLOCK / RATE:,.0f} µs for each."
    )
    write_section("A long filter: playing", "benchmarks.long_fir", text)


def tone_bytes(response: np.ndarray) -> bytes:
    """A model file that is nothing but this filter."""
    taps = len(response)
    nodes = [
        {"op": "input", "inputs": [], "attributes": {"port": "x", "channels": 1}, "weights": {}},
        {"op": "long_fir", "inputs": [0], "attributes": {"taps": taps}, "weights": {"response": "response"}},
    ]
    header = {"format": 1, "sample_rate": RATE, "settle": taps - 1, "latency": 0, "block": 1, "ports": []}
    header["graph"] = {"nodes": nodes, "output": 1}
    return save({"response": response}, metadata={"tonewright": json.dumps(header)})


def played(x: np.ndarray, response: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The native answer, and the median microseconds of each block of a round."""
    player, y, times = _native.Player(tone_bytes(response), BLOCK), np.empty_like(x), []
    player.reset()
    for at in range(0, len(x), BLOCK):
        before = time.perf_counter()
        player.process(x[at : at + BLOCK], y[at : at + BLOCK])
        times.append(time.perf_counter() - before)
    rounds = len(times) // ROUND
    return y, 1e6 * np.median(np.reshape(times[: rounds * ROUND], (rounds, ROUND)), axis=0)


def in_blocks(costs: dict[int, float], x: np.ndarray, response: np.ndarray, error: str) -> list[list]:
    block, taps = torch.from_numpy(x[:BLOCK])[None, None], torch.from_numpy(response)
    memory = [torch.zeros(1, 1, TAPS - 1)]

    def by_torch():
        memory[0] = long_fir(block, taps, memory[0])[1]

    native = [row(f"ours, native, {width} floats wide", ns) for width, ns in costs.items()]
    native[0][-1] = error
    return [*native, row("ours, torch", rivals.timed(by_torch, BLOCK))]


def whole(x: np.ndarray, response: np.ndarray, exact: np.ndarray) -> list[list]:
    sound, taps, silence = (
        torch.from_numpy(x)[None, None],
        torch.from_numpy(response),
        torch.zeros(1, 1, TAPS - 1),
    )
    tenth = taps[: TAPS // 10].flip(0)[None, None]
    second = F.pad(sound[..., :RATE], (tenth.shape[-1] - 1, 0))
    ways = {
        "ours, torch": lambda: long_fir(sound, taps, silence)[0][0, 0].numpy(),
        "scipy.signal.oaconvolve": lambda: signal.oaconvolve(x, response)[: len(x)],
    }
    rows = [row(name, rivals.timed(way, len(x)), error(way(), exact)) for name, way in ways.items()]
    in_time = rivals.timed(lambda: F.conv1d(second, tenth), RATE)
    return [*rows, row("torch, conv1d of a tenth of the response", in_time)]


def row(name: str, ns: float, error: str = "") -> list[str]:
    return [name, f"{ns:,.0f}", f"{100 * ns / PERIOD_NS:.2g} %", error]


def error(y: np.ndarray, exact: np.ndarray) -> str:
    return f"{np.abs(y - exact).max() / np.abs(exact).max():.1e}"


if __name__ == "__main__":
    main()
