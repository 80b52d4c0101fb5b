"""A sound card without a card: a JACK server with the dummy driver, a guitar plugged into it, and a recorder.

All of it lives in a process of its own, for a client of a JACK server that dies may die with it. It reads words on
its standard input and answers on its standard output, and ends, with its server, when nobody writes any more:

    (begins)        ready NAME        the server has that name
    plug            plugged           live has been connected to both
    play WAIT       played            after WAIT samples guitar.npy was played, and what came out is in heard.npy
    kill            killed            the server is dead
"""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

try:
    import fcntl
except ImportError:  # where there is no JACK either
    fcntl = None

RATE, BLOCK = 48000, 64
NAMES = 4  # servers at a time
AFTER = 16 * BLOCK  # samples that are recorded when the guitar is over


def why_not() -> str | None:
    """Why there can be no JACK server here; None when there can."""
    if not shutil.which("jackd"):
        return "jackd is not installed"
    try:
        import jack  # noqa: F401
        import sounddevice  # noqa: F401
    except (ImportError, OSError) as error:
        return f"no JACK client or no PortAudio: {error}"
    return None


class Server:
    """That process, as a test sees it."""

    def __init__(self, folder: Path):
        self.folder = folder
        words = [sys.executable, "-m", "tests.runtime.jack_server", str(folder)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        place = {"cwd": Path(__file__).parents[2], "start_new_session": True}
        self._process = subprocess.Popen(words, text=True, **pipes, **place)
        name = self._answer("ready").split()[1]
        self.environment = os.environ | {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"}

    @property
    def seen_by_portaudio(self) -> bool:
        """Whether PortAudio was built with JACK; only a process that starts after the server can tell."""
        program = "import sounddevice; print(*(driver['name'] for driver in sounddevice.query_hostapis()))"
        told = subprocess.run(
            [sys.executable, "-c", program], env=self.environment, capture_output=True, text=True
        )
        return "JACK" in told.stdout

    def plug(self) -> None:
        """Wait until live has been plugged in on both sides."""
        self._ask("plug", "plugged")

    def play(self, sound: np.ndarray, wait: int) -> np.ndarray:
        """What comes out while `sound` goes in, from its first sample to a little after its last."""
        np.save(self.folder / "guitar.npy", sound)
        self._ask(f"play {wait}", "played")
        return np.load(self.folder / "heard.npy")

    def kill(self) -> None:
        """End the server, and nothing else."""
        self._ask("kill", "killed")

    def close(self) -> None:
        """End all of it."""
        self._process.stdin.close()
        try:
            self._process.wait(30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.stdout.close()

    def _ask(self, words: str, expected: str) -> None:
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()
        self._answer(expected)

    def _answer(self, expected: str) -> str:
        told = self._process.stdout.readline()
        assert told.startswith(expected), f"the JACK server said {told!r} in place of {expected!r}"
        return told


class Guitar:
    """Plays a sound into its cable when told to; silence before and after."""

    def __init__(self, server: str):
        self.sound, self.asked, self.began, self.played = np.zeros(0, np.float32), False, None, 0
        self.client = client_of(server, "guitar")
        self.port = self.client.outports.register("cable")
        self.client.set_process_callback(self._play)
        self.client.activate()

    def _play(self, frames: int) -> None:
        out = self.port.get_array()
        out[:] = 0.0
        if not self.asked:
            return
        if self.began is None:
            self.began = self.client.last_frame_time
        piece = self.sound[self.played : self.played + frames]
        out[: len(piece)] = piece
        self.played += frames


class Recorder:
    """Keeps all that it hears, and where in it each cycle of the server began."""

    def __init__(self, server: str, seconds: float = 120.0):
        self.heard, self.count, self.places = np.zeros(round(seconds * RATE), np.float32), 0, {}
        self.client = client_of(server, "recorder")
        self.port = self.client.inports.register("cable")
        self.client.set_process_callback(self._record)
        self.client.activate()

    def _record(self, frames: int) -> None:
        self.places[self.client.last_frame_time] = self.count
        room = self.heard[self.count : self.count + frames]
        room[:] = self.port.get_array()[: len(room)]
        self.count += len(room)


def client_of(server: str, name: str):
    """A client of the server, as soon as that is there."""
    import jack

    def connect():
        try:
            return jack.Client(name, servername=server, no_start_server=True)
        except jack.JackError:
            return None

    return until(connect)


def until(found: Callable, seconds: float = 60.0):
    """What `found` gives, as soon as that is something."""
    end = time.monotonic() + seconds
    while not (it := found()):
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.01)
    return it


def play(folder: Path, guitar: Guitar, recorder: Recorder, wait: int) -> None:
    """Play guitar.npy after `wait` samples, and leave what came out in heard.npy.

    The server runs freely meanwhile: each cycle waits for everybody, and no sample is lost on a busy computer.
    """
    guitar.sound, guitar.played, guitar.began = np.load(folder / "guitar.npy"), 0, None
    guitar.client.set_freewheel(True)
    start = recorder.count
    until(lambda: recorder.count >= start + wait)
    recorder.places.clear()  # the server's clock jumps when it begins or ceases to run freely
    guitar.asked = True
    until(lambda: guitar.played >= len(guitar.sound) + AFTER)
    end = recorder.count
    until(lambda: recorder.count > end)
    guitar.asked, place = False, recorder.places[guitar.began]
    guitar.client.set_freewheel(False)
    np.save(folder / "heard.npy", recorder.heard[place : place + len(guitar.sound) + AFTER])


@contextlib.contextmanager
def free_name() -> Iterator[str]:
    """A server's name that nobody else has while inside: one of few, for JACK forgets no server that was killed.

    It knows eight of them at most, and takes a dead one's place only under the same name.
    """
    for i in itertools.cycle(range(NAMES)):
        place = Path(tempfile.gettempdir()) / f"tonewright-jack-{os.getuid()}-{i}.lock"
        with contextlib.suppress(BlockingIOError), open(place, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield f"tonewright-test-{i}"
            return
        time.sleep(0.1)


def jackd(name: str) -> subprocess.Popen:
    """A server without a card."""
    words = ["jackd", "--no-realtime", "-n", name, "-d", "dummy", "-r", str(RATE), "-p", str(BLOCK)]
    environment = os.environ | {"JACK_NO_AUDIO_RESERVATION": "1"}
    nowhere = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(words, env=environment, **nowhere)


def main(folder: Path, name: str) -> None:
    """Serve until nobody writes any more."""
    server = jackd(name)
    try:
        cables = Guitar(name), Recorder(name)
        print("ready", name, flush=True)
        for line in sys.stdin:
            match line.split():
                case ["plug"]:
                    for cable in cables:
                        until(lambda cable=cable: cable.client.get_all_connections(cable.port))
                    print("plugged", flush=True)
                case ["play", wait]:
                    play(folder, *cables, int(wait))
                    print("played", flush=True)
                case ["kill"]:
                    server.kill()
                    server.wait(20)
                    print("killed", flush=True)
        if server.poll() is not None:  # the next of that name takes away what this one has left in the memory
            server = jackd(name)
            time.sleep(1.0)
    finally:  # without a word to the clients, whose leave-taking can hang
        server.terminate()
        server.wait(20)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the test, which then closes our standard input
    with free_name() as free:
        try:
            main(Path(sys.argv[1]), free)
        finally:
            os._exit(0)
