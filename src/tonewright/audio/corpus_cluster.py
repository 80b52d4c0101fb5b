"""Sounds read on all cores of this machine, or of many, by Ray. The store is the same to the byte."""

import os
import socket
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tonewright.audio.corpus_hearing import hear
from tonewright.audio.corpus_source import Settings, Source
from tonewright.audio.corpus_store import SAMPLE
from tonewright.audio.corpus_writing import Heard, Hearer, hear_here
from tonewright.audio.prepared import Source as Identity
from tonewright.audio.reader import SoundInfo
from tonewright.errors import AudioError, ConfigError

AHEAD = 2  # sounds for each core that wait to be written


def on_cluster(address: str | None = None) -> Hearer:
    """A hearer for `prepare_corpus` that hands the sounds to Ray and gives them back in their order.

    The other machines see the sounds under the same paths. What a machine cannot read, this one tries itself: only
    what neither can is left out.

    Args:
        address: of a cluster that runs; the one that RAY_ADDRESS names when None, or else this machine alone.

    Raises:
        ConfigError: Ray is not installed, or there is no such cluster.
    """
    try:
        import ray
    except ImportError:
        raise ConfigError(
            "reading on a cluster wants Ray, and it is not installed; write: pip install '.[cluster]'"
        ) from None
    if not ray.is_initialized():
        where = address or os.environ.get("RAY_ADDRESS", "local")
        try:
            _knock(where)
            ray.init(where, log_to_driver=False, logging_level="ERROR", include_dashboard=False)
        except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
            why = " ".join(str(error).split())[:200]
            raise ConfigError(f"Ray cannot be reached at {where} ({why}); check its address") from error
    remote = ray.remote(max_retries=1)(_hear)

    def hear_there(
        sounds: list[tuple[SoundInfo, Identity]], settings: Settings, folder: Path
    ) -> Iterator[Heard | AudioError]:
        wanted = max(2, AHEAD * int(ray.cluster_resources().get("CPU", 1)))
        coming, begun = deque(), iter(sounds)
        for sound in sounds:
            while len(coming) < wanted and (one := next(begun, None)):
                coming.append(remote.remote(_absolute(one[0]), one[1], settings))
            try:
                found = ray.get(coming.popleft())
            except ray.exceptions.RayError:
                found = None
            if found is None:
                yield from hear_here([sound], settings, folder)
            else:
                yield [(source, iter([samples])) for source, samples in found]

    return hear_there


def _knock(address: str) -> None:
    """Whether anybody is at host:port, for Ray itself tries for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in address:
        socket.create_connection((host, int(port)), timeout=10.0).close()


def _absolute(sound: SoundInfo) -> SoundInfo:
    return SoundInfo(sound.path.absolute(), sound.sample_rate, sound.channels, sound.frames)


def _hear(sound: SoundInfo, identity: Identity, settings: Settings) -> list[tuple[Source, np.ndarray]] | None:
    """What a machine of the cluster does; None where it cannot read the sound."""
    try:
        found = hear(sound, identity, settings)
    except AudioError:
        return None
    return [(source, np.concatenate([*samples, np.zeros(0, SAMPLE)])) for source, samples in found]
