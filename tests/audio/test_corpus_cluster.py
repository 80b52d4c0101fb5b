"""Read on a cluster, a store has the same bytes; and what another machine cannot read, this one tries itself."""

import sys
from types import SimpleNamespace

import pytest

from tests.audio.corpora import RATE, contents, mixed, prepared, put
from tonewright.audio import corpus_cluster
from tonewright.audio.corpus_source import Settings
from tonewright.errors import ConfigError


@pytest.fixture
def sounds(tmp_path):
    put(tmp_path / "in", mixed())
    data = (tmp_path / "in" / "b.flac").read_bytes()
    (tmp_path / "in" / "bad.flac").write_bytes(data[: len(data) // 2])
    return tmp_path / "in"


class RayError(Exception):
    pass


class FakeRay(SimpleNamespace):
    """Ray as far as it is used, in this process, with workers that may fail."""

    def __init__(self, worker=None):
        super().__init__(exceptions=SimpleNamespace(RayError=RayError), flying=0, most=0)
        self.worker = worker or (lambda hear: hear)

    def is_initialized(self):
        return True

    def cluster_resources(self):
        return {"CPU": 2.0}

    def remote(self, **_):
        def submit(hear):
            def remote(*arguments):
                self.flying += 1
                self.most = max(self.most, self.flying)
                return lambda: self.worker(hear)(*arguments)

            return SimpleNamespace(remote=remote)

        return submit

    def get(self, task):
        self.flying -= 1
        return task()


@pytest.mark.parametrize("stereo", [False, True])
def test_the_bytes_are_the_same(sounds, tmp_path, monkeypatch, stereo):
    ray, settings, said = FakeRay(), Settings(RATE, stereo), []
    monkeypatch.setitem(sys.modules, "ray", ray)
    prepared(sounds, tmp_path / "a.data", settings)
    prepared(sounds, tmp_path / "b.data", settings, hearer=corpus_cluster.on_cluster(), said=said.append)
    assert contents(tmp_path / "a.data") == contents(tmp_path / "b.data")
    assert len(said) == 1 and "bad.flac" in said[0] and ray.most == 4 and ray.flying == 0


def test_machines_that_fail(sounds, tmp_path, monkeypatch):
    def broken(hear):
        def answer(sound, *more):
            if "kick" in sound.path.name:
                raise RayError("the machine is gone")
            return None if "snare" in sound.path.name else hear(sound, *more)

        return answer

    monkeypatch.setitem(sys.modules, "ray", FakeRay(broken))
    prepared(sounds, tmp_path / "a.data")
    prepared(sounds, tmp_path / "b.data", hearer=corpus_cluster.on_cluster())
    assert contents(tmp_path / "a.data") == contents(tmp_path / "b.data")


def test_without_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"not installed; write: pip install '\.\[cluster\]'"):
        corpus_cluster.on_cluster()


def test_with_ray_itself(sounds, tmp_path):
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    try:
        hearer = corpus_cluster.on_cluster("local")
        prepared(sounds, tmp_path / "a.data")
        prepared(sounds, tmp_path / "b.data", hearer=hearer)
    finally:
        ray.shutdown()
    assert contents(tmp_path / "a.data") == contents(tmp_path / "b.data")


def test_a_cluster_that_is_not_there(monkeypatch):
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    assert not ray.is_initialized()
    with pytest.raises(ConfigError, match=r"Ray cannot be reached at 127\.0\.0\.1:1 .*refused"):
        corpus_cluster.on_cluster("127.0.0.1:1")
