"""The .nm files: what the loader of the neutone-sdk plays is what the model plays, and it says how late."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.export.neutone_players import BANDS, PLAYERS, ROW, Bank, band_noise, made, needs_sdk, of
from tests.runtime import timbres
from tests.runtime.models import Gain
from tonewright import models
from tonewright.export import formats
from tonewright.export.neutone import host
from tonewright.export.playback import difference
from tonewright.runtime.player import Player


@needs_sdk
@pytest.mark.parametrize("name", PLAYERS)
def test_what_is_written_plays_the_same(name, tmp_path):
    player = PLAYERS[name]()
    formats.write(ROW, player, tmp_path / "a.nm")
    assert difference(ROW, player, tmp_path / "a.nm") <= ROW.tolerance


def late(played: host.Host, rate: int) -> int:
    """Samples by which noise comes out later than it went in."""
    x = band_noise(rate, played.block)
    spectra = [np.fft.rfft(side[0], 2 * x.shape[1]) for side in (x, played.run(x))]
    return int(np.argmax(np.fft.irfft(spectra[0].conj() * spectra[1])))


@needs_sdk
@pytest.mark.parametrize("longer", [0, 5])
def test_the_delay_is_told_to_the_sample(longer, tmp_path):
    player = of(Bank(longer))
    formats.write(ROW, player, tmp_path / "a.nm")
    for rate in (44100, 48000):
        for block in (64, 480, 512, 2048):
            played = host.Host(tmp_path / "a.nm", rate, block)
            assert late(played, rate) == played.delay, f"at {rate} Hz in blocks of {block}"
            if rate == 48000:
                assert played.delay == player.model.latency + BANDS - np.gcd(BANDS, block)


@needs_sdk
@pytest.mark.parametrize("rate", [16000, 44100])
def test_the_delay_of_a_model_of_another_rate_is_told_to_the_sample(rate, tmp_path):
    formats.write(ROW, of(Bank(), rate), tmp_path / "a.nm")
    for host_rate in (44100, 48000):
        for block in (64, 480, 512, 2048):
            played = host.Host(tmp_path / "a.nm", host_rate, block)
            assert late(played, host_rate) == played.delay, f"at {host_rate} Hz in blocks of {block}"


@needs_sdk
def test_no_block_delays_by_more_than_our_own_stream(tmp_path):
    player = of(Bank())
    formats.write(ROW, player, tmp_path / "a.nm")
    delays = [host.Host(tmp_path / "a.nm", 48000, block).delay for block in (64, 65, 72, 511)]
    assert delays == [player.latency - BANDS + 1 + wait for wait in (0, BANDS - 1, BANDS // 2, BANDS - 1)]


@needs_sdk
def test_a_file_begins_settled_with_the_knobs_that_come_first(tmp_path):
    player = made("wavenet", replace(models.preset("wavenet", "nano"), knobs=("drive",)))
    formats.write(ROW, player, tmp_path / "a.nm")
    played, stream = host.Host(tmp_path / "a.nm", 48000, 64), player.stream(drive=1.0)
    x = band_noise(48000, 64)[:, :4096]
    expected = stream.process(x[0])
    knobs = np.ones((4, x.shape[1]), np.float32)
    for _ in range(2):
        assert np.abs(played.run(x, knobs)[0] - expected).max() <= ROW.tolerance * np.abs(expected).max()
        with torch.no_grad():
            played.model.reset()


@needs_sdk
@pytest.mark.parametrize("block", [1, 4])
def test_knobs_move_as_in_our_own_stream(block, tmp_path):
    player = of(Gain(block))
    formats.write(ROW, player, tmp_path / "a.nm")
    played, stream = host.Host(tmp_path / "a.nm", 48000, 64), player.stream(gain=0.5)
    x = np.full(64 * 40, 0.5, np.float32)
    knobs = np.full((4, len(x)), 0.25, np.float32)
    knobs[0, 640:] = 0.75
    expected = [stream.process(x[:640])]
    stream.set(gain=1.5)
    expected = np.concatenate([*expected, stream.process(x[640:])])[block - 1 :]
    y = played.run(np.stack([x, x]), knobs)[0]
    late = played.delay
    assert np.abs(y[late:][: len(expected)] - expected[: len(y) - late]).max() < 1e-6
    assert y[-1] == pytest.approx(0.75) and 0.25 < y[1000] < 0.75


@needs_sdk
def test_a_model_is_compiled_once_and_by_itself(tmp_path):
    formats.write(ROW, PLAYERS["wavenet"](), tmp_path / "a.nm")
    played = host.Host(tmp_path / "a.nm", 48000, 64).model
    # the first blocks wait until torch has made a whole host quick, with as many copies of a model as it has calls
    assert "aten::tanh" in str(played.w2w_base.model.forward.inlined_graph)
    assert "aten::tanh" not in str(played.inlined_graph)


@needs_sdk
def test_reset_is_the_beginning(tmp_path):
    formats.write(ROW, Player(timbres.tone()), tmp_path / "a.nm")
    played, x = host.Host(tmp_path / "a.nm", 16000, 100), band_noise(16000, 100)
    first = played.run(x)
    assert not np.array_equal(played.run(x), first)
    with torch.no_grad():
        played.model.reset()
    assert np.array_equal(played.run(x), first)


@needs_sdk
def test_what_is_no_number_is_silence(tmp_path):
    formats.write(ROW, PLAYERS["wavenet"](), tmp_path / "a.nm")
    x = band_noise(48000, 480)
    broken, mended = x.copy(), x.copy()
    broken[:, 100], mended[:, 100] = np.nan, 0.0
    answers = [host.Host(tmp_path / "a.nm", 48000, 480).run(y) for y in (broken, mended)]
    assert np.array_equal(*answers)
