"""The instrument: its size is the paper's, it plays in blocks and in the core, in tune and without clicks."""

import copy
import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.signal import hilbert
from torch import nn

from tests.contract.stream import check_contract, play
from tests.layers.faces import native
from tests.runtime.instruments import melody
from tests.runtime.test_native import in_blocks, needs_core
from tonewright import models, storage
from tonewright.errors import ConfigError, FileError
from tonewright.layers.base import Layer
from tonewright.models.ddsp import PRESETS, Config, Model
from tonewright.models.ddsp.model import SCALE, ratio_of
from tonewright.models.ddsp.voice import Room, Voice
from tonewright.runtime.stream import Stream

TINY = Config(units=8, harmonics=12, bands=9, reverb_s=0.02)
ONE = Config(units=4, harmonics=1, bands=2, reverb_s=0.0)


class Frames(Layer):
    """A voice that makes its pitch and loudness of any numbers, for contracts."""

    def __init__(self, voice: Voice):
        super().__init__()
        self.voice = voice
        self.inputs, self.outputs = voice.inputs, voice.outputs
        self.ratio, self.latency = voice.ratio, voice.latency

    def initial_state(self, batch):
        return self.voice.initial_state(batch)

    def forward(self, x, state):
        return self.voice(
            torch.cat([80 + 300 * x[:, :1].abs(), -30 + 10 * x[:, 1:2], x[:, 2:]], dim=1), state
        )


class Obedient(nn.Module):
    """A decoder as a perfect teacher wants it: as loud as it hears, a tone as it is told, no noise."""

    def __init__(self, config: Config):
        super().__init__()
        self.config = config

    def initial_state(self, batch):
        return [torch.zeros(batch, 1)]

    def forward(self, pitch, loudness, timbre, state):
        amplitude = 10 ** ((15 * loudness - 40) / 20)  # as the voice hears it before it is taught
        ones = torch.ones_like(amplitude)
        noise = torch.zeros_like(ones).expand(-1, self.config.bands, -1)
        return ones.expand(-1, self.config.harmonics, -1), amplitude, noise, state


def obedient(config: Config) -> Model:
    model = Model(config).eval()
    model.voice.decoder = Obedient(config)
    return model


def sing(seconds: float, rate: int = 16000, seed: int = 0) -> np.ndarray:
    """Frames [2, F] of a melody: notes with vibrato, of a loudness that comes and goes."""
    rng, n = np.random.default_rng(seed), np.arange(round(100 * seconds))
    notes = rng.integers(-12, 12, size=len(n) // 30 + 1)[n // 30]
    f0_hz = 440 * 2 ** ((notes + 0.3 * np.sin(2 * np.pi * 5.5 * n / 100)) / 12)
    return np.stack([f0_hz, -30 + 15 * np.sin(n / 23)]).astype(np.float32)


def test_the_sizes_are_those_of_the_paper():
    for config, count in ((Config(), 4_837_670), (Config(harmonics=50), 4_812_020)):
        assert sum(p.numel() for p in Model(config).parameters()) == count
    assert models.find("ddsp").Model is Model and models.preset("ddsp", "paper") == Config()
    assert "ddsp" in models.names("instrument") and "ddsp" not in models.names("capture")


@pytest.mark.parametrize("name", PRESETS)
def test_preset_plays_in_blocks(name):
    model = longer(Model(PRESETS[name]))
    still = {port.name: torch.full((2, 1, length(model)), port.default).double() for port in model.ports}
    check_contract(model, 1, ports=still, forgets=False)


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_every_rate_plays_in_blocks(rate):
    model = longer(Model(dataclasses.replace(TINY, sample_rate=rate)))
    rng = np.random.default_rng(1)
    turned = {port.name: torch.from_numpy(rng.uniform(0, 2, (2, 1, length(model)))) for port in model.ports}
    check_contract(model, 1, ports=turned, forgets=False)


def longer(model: Model) -> Model:
    """With some frames to settle, though it needs none, so that a contract hears some more of them."""
    model.settle = 8 * model.block
    return model


def length(model: Model) -> int:
    """Samples that a contract feeds it."""
    return -(-(2 * model.settle + 600) // model.block) * model.block


@pytest.mark.parametrize("latent", [0, 2])
def test_a_voice_plays_in_blocks(latent):
    check_contract(Frames(Voice(dataclasses.replace(TINY, latent=latent))), 2 + latent, forgets=False)


@needs_core
@pytest.mark.parametrize(
    "config", [PRESETS["small"], dataclasses.replace(PRESETS["tiny"], sample_rate=48000)]
)
def test_the_core_sings_the_same(config):
    voice, frames = Voice(config).eval(), sing(20.0)
    expected = Stream(voice, config.sample_rate, 2).process(frames)
    assert np.abs(expected).max() > 0.02  # it sounds, untaught as it is
    np.testing.assert_allclose(in_blocks(native(voice), frames, 1), expected, rtol=0, atol=1e-5)


@needs_core
@pytest.mark.parametrize("semitones", [0.0, 7.0, -11.0])
def test_the_core_hears_and_plays_the_same(semitones):
    """To the end: what the pitch of the two differed by would add up."""
    model, x = Model(TINY).eval(), melody([220.0, 330.0, 261.6] * 5)[None]
    python = Stream(model, 16000, transpose=semitones).process(x)
    core = native(model)
    core.set(transpose=semitones)
    core.reset()
    np.testing.assert_allclose(in_blocks(core, x, 1), python, rtol=0, atol=2e-5)


@needs_core
def test_the_core_turns_the_same():
    config = dataclasses.replace(TINY, sample_rate=48000, latent=1)
    model, x = Model(config).eval(), melody([220.0, 330.0], rate=48000)[None]

    def turn(stream):
        stream.set(transpose=5.0, loudness=-9.0, reverb=0.3, timbre_1=0.7)

    python, core = (in_blocks(made, x, 3, turn) for made in (Stream(model, 48000), native(model)))
    np.testing.assert_allclose(core, python, rtol=0, atol=2e-5)


def test_a_copy_plays_the_same():
    model, x = Model(TINY).eval(), melody([220.0, 330.0])[None]
    played = [Stream(made, 16000).process(x) for made in (model, copy.deepcopy(model))]
    assert np.array_equal(*played)


def test_semitones_are_the_same_factor_in_every_player():
    """However far off the last place of an exponential is: by 2 units and a half, and the next step is as far."""
    semitones = np.arange(-36, 37).astype(np.float32)
    exact = 2.0 ** (semitones.astype(float) / 12)
    got = ratio_of(torch.from_numpy(semitones)).numpy()
    for off in (-3e-7, 0.0, 3e-7):
        steps = np.round(exact * (1 + off) * SCALE * 2**16)
        assert np.array_equal(got, (steps * 2.0**-16).astype(np.float32) / np.float32(SCALE))
    assert (1200 * np.abs(np.log2(got / exact)) < 0.1).all()
    assert np.array_equal(got[::12], exact[::12]), "octaves are exact"


def test_it_is_as_late_as_it_says():
    """The loudness of what goes in and of what comes out, and its pitch."""
    model, rng = obedient(ONE), np.random.default_rng(0)
    hop, frames = ONE.hop, 600
    level = np.interp(np.arange(frames * hop), np.arange(0, frames, 12) * hop, rng.uniform(0.05, 0.5, 50))
    octaves = np.interp(np.arange(frames * hop), np.arange(0, frames, 20) * hop, rng.uniform(0, 0.3, 30))
    f0_hz = 300 * 2**octaves
    x = level * np.sin(2 * np.pi * np.cumsum(f0_hz) / ONE.sample_rate)
    x = torch.from_numpy(x.astype(np.float32))[None, None]
    y = play(model, x, {port.name: torch.full_like(x, port.default) for port in model.ports})[0, 0].numpy()
    turning = hilbert(y)
    heard_hz = np.gradient(np.unwrap(np.angle(turning))) * ONE.sample_rate / (2 * np.pi)
    for heard, told in ((np.abs(turning), level), (heard_hz, f0_hz)):
        heard = np.convolve(heard, np.ones(hop) / hop, "same")
        assert abs(lag(heard[20 * hop : -5 * hop], told[20 * hop : -5 * hop]) - model.latency) < hop / 4


def lag(later: np.ndarray, earlier: np.ndarray) -> int:
    """Samples by which the two are most alike, 0 to 1000."""
    middle = slice(1000, len(later) - 1000)
    a = later[middle]
    alike = [np.corrcoef(a, earlier[1000 - k : len(later) - 1000 - k])[0, 1] for k in range(0, 1000, 10)]
    assert max(alike) > 0.98
    return 10 * int(np.argmax(alike))


def test_what_is_turned_is_played():
    model = obedient(ONE)
    x = (0.3 * np.sin(2 * np.pi * 300 / 16000 * np.arange(16000))).astype(np.float32)[None]
    plain = Stream(model, 16000).process(x)[0]
    higher = Stream(model, 16000, transpose=12.0).process(x)[0]
    louder = Stream(model, 16000, loudness=6.0).process(x)[0]
    peaks = [np.argmax(np.abs(np.fft.rfft(y[-8000:]))) for y in (plain, higher)]
    assert peaks == [150, 300]
    np.testing.assert_allclose(louder[8000:], 10**0.3 * plain[8000:], atol=1e-4)


def test_the_room_is_turned():
    model = Model(TINY).eval()
    nn.init.uniform_(model.room.taps, -0.5, 0.5)
    x = melody([300.0])[None]
    none, half, whole = (Stream(model, 16000, reverb=amount).process(x) for amount in (0.0, 0.5, 1.0))
    assert np.abs(whole - none).max() > 0.01
    np.testing.assert_allclose(half, 0.5 * (none + whole), atol=1e-6)


@needs_core
def test_an_hour_of_a_note_stays_in_tune():
    config, f0_hz = ONE, 440.03
    voice = Voice(config).eval()
    nn.init.constant_(voice.decoder.noise.bias, -60.0)
    stream, block = native(voice), np.full((2, 12000), [[f0_hz], [-20.0]], np.float32)
    for _ in range(30):
        y = stream.process(block)[0]
    second = y[-config.sample_rate :].astype(float)
    first = 30 * y.size - second.size
    turns = Fraction(float(np.float32(f0_hz))) / config.sample_rate
    exact = np.array([float(turns * (first + n) % 1) for n in range(second.size)])
    turned = np.angle(np.sum(second * np.exp(-2j * np.pi * exact))) / (2 * np.pi) + 0.25
    assert abs(turned - round(turned)) < 1e-4, "cycles"
    assert np.abs(second).max() > 0.01


def test_harmonics_that_would_fold_are_silent():
    voice = obedient(dataclasses.replace(TINY, harmonics=60, reverb_s=0.0)).voice
    frames = torch.tensor([3000.0, -20.0])[None, :, None].expand(1, 2, 200)
    y, _ = voice(frames, voice.initial_state(1))
    power = np.abs(np.fft.rfft(y[0, 0, -16000:].numpy() * np.hanning(16000))) ** 2
    tones = [slice(hz - 3, hz + 4) for hz in (3000, 6000)]
    told = sum(power[tone].sum() for tone in tones)
    assert power[tones[1]].sum() > 0.1 * told and power.sum() - told < 1e-9 * told


def test_a_jump_of_pitch_makes_no_click():
    """A tone of one harmonic that leaps by an octave again and again has nothing where no tone ever is."""
    voice = obedient(ONE).voice
    f0_hz = torch.tensor([220.0, 440.0]).repeat_interleave(10).repeat(10)
    y, _ = voice(torch.stack([f0_hz, torch.full_like(f0_hz, -20.0)])[None], voice.initial_state(1))
    power = np.abs(np.fft.rfft(y[0, 0].numpy() * np.hanning(y.shape[-1]))) ** 2
    hz = np.fft.rfftfreq(y.shape[-1], 1 / 16000)
    assert 10 * np.log10(power[hz > 2000].sum() / power.sum()) < -60


def test_noise_begins_quiet():
    voice = Voice(Config(units=32)).eval()
    frames = torch.from_numpy(sing(2.0))[None]
    y, _ = voice(frames, voice.initial_state(1))
    nn.init.constant_(voice.decoder.noise.bias, -60.0)
    tone, _ = voice(frames, voice.initial_state(1))
    assert 0 < (y - tone).std() < 1e-3 < 0.1 * tone.std()


def test_no_room_can_hide_a_delay():
    room = Room(50)
    nn.init.constant_(room.taps, 100.0)
    impulse = torch.zeros(1, 1, 60)
    impulse[..., 5] = 1.0
    y, _ = room(impulse, room.initial_state(1), 0.5)
    torch.testing.assert_close(y[0, 0, :6], impulse[0, 0, :6], atol=1e-6, rtol=0)
    assert float(y.detach().abs().max()) <= 1.0 + 1e-6
    (slope,) = torch.autograd.grad(y.sum(), room.taps)
    assert slope[0] == 0


@pytest.mark.parametrize("config", [TINY, PRESETS["tiny"], dataclasses.replace(TINY, reverb_s=1 / 16000)])
def test_it_survives_its_file(tmp_path, config):
    model = Model(config)
    model.voice.pitch_mean.fill_(8.5)
    storage.save(storage.Tone("ddsp", model, config.sample_rate), tmp_path / "a.tone")
    got = storage.load(tmp_path / "a.tone")
    assert got.model.config == config and storage.self_check(tmp_path / "a.tone", got) == 0
    for name, value in model.state_dict().items():
        assert torch.equal(got.model.state_dict()[name], value)
    x = melody([300.0, 400.0])[None]
    assert np.array_equal(Stream(got.model, 16000).process(x), Stream(model, 16000).process(x))


def test_silence_and_loud_noise_stay_finite():
    model, rng = Model(TINY).eval(), np.random.default_rng(0)
    for x in (np.zeros(16000), 100 * rng.standard_normal(16000), np.r_[np.ones(8000), np.zeros(8000)]):
        y = Stream(model, 16000).process(x[None].astype(np.float32))
        assert np.isfinite(y).all() and np.abs(y).max() < 10


@pytest.mark.parametrize(
    "change,words",
    [
        ({"sample_rate": 16001}, "16000, 22050, 24000, 32000, 44100, 48000 Hz, and not 16001"),
        ({"units": 2}, "units is 4 to 1024, and not 2"),
        ({"units": 1 << 20}, "units is 4 to 1024"),
        ({"harmonics": 0}, "harmonics is 1 to 512"),
        ({"bands": 1}, "bands is 2 to 1024"),
        ({"bands": 1025}, "bands is 2 to 1024"),
        ({"latent": -1}, "latent is 0 to 64"),
        ({"reverb_s": math.nan}, "reverb_s is 0 to 10 seconds"),
        ({"reverb_s": -0.1}, "reverb_s is 0 to 10 seconds"),
        ({"lowest_hz": 0.0}, "the lowest that can be tracked is 50 Hz"),
        ({"lowest_hz": 49.0}, "the lowest that can be tracked is 50 Hz"),
        ({"lowest_hz": math.nan}, "the lowest that can be tracked is 50 Hz"),
        (
            {"lowest_hz": 500.0, "highest_hz": 400.0},
            "above the lowest, 500 Hz, and the highest is to be 400 Hz",
        ),
        ({"highest_hz": 2001.0}, "a pitch is tracked up to 2000 Hz"),
        ({"highest_hz": math.nan}, "the highest is to be nan Hz"),
    ],
)
def test_impossible_settings_are_told(change, words):
    with pytest.raises(ConfigError, match=words):
        dataclasses.replace(Config(), **change)


@pytest.mark.parametrize("limits", [{"bands": 1024}, {"units": 4}, {"harmonics": 512}, {"latent": 2}])
def test_the_ends_of_what_is_possible(limits):
    model = Model(dataclasses.replace(TINY, **limits)).eval()
    x = torch.zeros(1, 1, 320)
    still = {port.name: torch.full_like(x, port.default) for port in model.ports}
    assert play(model, x, still).shape == x.shape


@pytest.mark.parametrize(
    "before,after",
    [
        ('"units":8', '"units":9'),
        ('"units":8', '"units":-'),
        ('"harmonics":12', '"harmonics":99'),
        ('"bands":9', '"bands":0'),
        ('"latent":0', '"latent":1'),
        ('"reverb_s":0.02', '"reverb_s":2.00'),
        ('"lowest_hz":60.0', '"lowest_hz":NaN,'),
        ('"sample_rate":16000,"units"', '"sample_rate":48000,"units"'),
    ],
)
def test_a_damaged_file_is_told(tmp_path, before, after):
    storage.save(storage.Tone("ddsp", Model(TINY), 16000), tmp_path / "a.tone")
    before, after = (text.replace('"', '\\"').encode() for text in (before, after))
    data = (tmp_path / "a.tone").read_bytes()
    assert before in data
    (tmp_path / "b.tone").write_bytes(data.replace(before, after, 1))
    with pytest.raises(FileError, match=r"b\.tone"):
        storage.load(tmp_path / "b.tone")


def test_a_file_of_two_rates_is_told(tmp_path):
    """Frames are a hundredth of a second of the one, and would be played at the other."""
    storage.save(storage.Tone("ddsp", Model(TINY), 48000), tmp_path / "a.tone")
    with pytest.raises(FileError, match="it says 48000 Hz, and its settings are for 16000 Hz"):
        storage.load(tmp_path / "a.tone")


@pytest.mark.parametrize("rate", [16000, 48000])
def test_harmonics_begin_like_those_of_a_string(rate):
    """From equal ones, of which there are hundreds at 48 kHz, a training ends with none, and noise in their place."""
    torch.manual_seed(0)
    voice = Voice(PRESETS["small"].at(rate))
    pitch, loudness = torch.zeros(1, 1, 50), torch.linspace(-2.0, 2.0, 50)[None, None]
    with torch.no_grad():
        distribution, amplitude, noise, _ = voice.decoder(pitch, loudness, None, voice.initial_state(1)[:1])
    means = distribution.mean((0, 2))
    assert 0.2 < float(means[0]) < 0.8 and 0.02 < float(amplitude.mean()) < 0.4 and float(noise.mean()) < 1e-3
    for k in (10, 50):  # around the k-th, for weights are at random
        assert 0.3 / k < float(means[k - 4 : k + 4].mean()) < 0.7 / k
