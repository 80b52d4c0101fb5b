"""Chains: names, words for what cannot be, files and damaged files, presets, and the core plays them."""

import json
import math

import numpy as np
import pytest
import safetensors.torch
import torch

from tests.contract.stream import check_contract
from tests.models.chain.made import RATE
from tests.models.chain.test_processors import same
from tests.runtime.test_native import needs_core
from tonewright import models, storage
from tonewright.config import from_json, to_json
from tonewright.errors import ConfigError, FileError
from tonewright.models.chain import PRESETS, Config, Link, Model, spoken
from tonewright.models.chain.processors import PROCESSORS
from tonewright.runtime.player import Player
from tonewright.runtime.stream import Stream


def links(*kinds: str) -> tuple[Link, ...]:
    return tuple(map(Link, kinds))


def chain_of(*kinds: str, channels: int = 1) -> Model:
    return Model(Config(links(*kinds), channels, RATE)).eval()


def noise(channels: int = 1, samples: int = 4000) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.5, 0.5, (channels, samples)).astype(np.float32)


# What may be asked for.


def test_a_word_for_each_processor():
    assert spoken("gain") == (Link("gain"),)
    assert spoken(" gain ,eq,phaser[6]") == (Link("gain"), Link("eq"), Link("phaser", 6))
    for kind, made in PROCESSORS.items():
        assert spoken(kind)[0].kind == kind == made.kind
    for text in ("", "gain,", "gain;eq", "phaser[", "phaser[x]", "phaser(6)", "Gain", "phaser[-2]"):
        with pytest.raises(ConfigError, match="a chain is written as processors with commas between them"):
            spoken(text)


def test_unknown_processors_are_told():
    with pytest.raises(ConfigError, match="no processor called 'compresor'; did you mean 'compressor'"):
        spoken("gain,compresor")
    with pytest.raises(ConfigError, match="the size of phaser is 1 to 24, and not 99"):
        spoken("phaser[99]")
    with pytest.raises(ConfigError, match="gain comes in one size; leave the size out"):
        Link("gain", 2)


@pytest.mark.parametrize(
    "changes,words",
    [
        ({"links": ()}, "a chain has 1 to 32 processors, and not 0"),
        ({"links": (Link("gain"),) * 33}, "a chain has 1 to 32 processors, and not 33"),
        ({"channels": 0}, "a chain hears 1 channel or 2, and not 0"),
        ({"channels": 3}, "a chain hears 1 channel or 2, and not 3"),
        ({"sample_rate": 999}, "the rate of a chain is 1000 to 1000000 Hz, and not 999"),
        ({"sample_rate": 2_000_000}, "the rate of a chain is 1000 to 1000000 Hz, and not 2000000"),
    ],
)
def test_impossible_settings_are_told(changes, words):
    with pytest.raises(ConfigError, match=words):
        Config(**changes)


def test_a_width_wants_two_channels():
    with pytest.raises(ConfigError, match="width wants two channels, and gets 1; put a pan before it"):
        chain_of("gain", "width")
    chain = chain_of("gain", "pan", "width")
    assert (chain.inputs, chain.outputs) == (1, 2)
    assert chain_of("width", channels=2).outputs == 2


def test_names():
    chain = chain_of("eq", "gain", "eq")
    assert list(chain.processors) == ["eq1", "gain", "eq2"]
    chain.set({"eq2.mid_gain_db": 5.0, "gain.gain_db": -3.0})
    values = chain.values()
    assert values["eq1"]["mid_gain_db"] == 0.0 and values["eq2"]["mid_gain_db"] == 5.0
    assert chain.find("gain.gain_db") == (chain.processors["gain"], "gain_db")


@pytest.mark.parametrize(
    "place,words",
    [
        ("gain", "a setting of a chain is named processor.setting, such as gain.gain_db, and not 'gain'"),
        ("gian.gain_db", "no processor called 'gian' in this chain; did you mean 'gain'"),
        ("gain.gaindb", "gain has no setting called 'gaindb'; did you mean 'gain_db'"),
        ("gain.gain_db.x", "gain has no setting called 'gain_db.x'"),
    ],
)
def test_wrong_places_are_told(place, words):
    with pytest.raises(ConfigError, match=words):
        chain_of("gain").set({place: 0.0})


def test_out_of_range_is_told_and_nothing_turned():
    chain = chain_of("compressor")
    with pytest.raises(ConfigError, match=r"compressor\.ratio goes from 1 to 20, and not to 0\.5"):
        chain.set({"compressor.ratio": 0.5})
    with pytest.raises(ConfigError, match=r"compressor\.attack_ms goes from 0\.02 to 200 ms, and not to 500"):
        chain.set({"compressor.attack_ms": 500.0})
    assert chain.values()["compressor"]["ratio"] == 4.0


# What a chain does.


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("channels", [1, 2])
def test_presets_keep_the_contract(name, channels):
    chain = Model(Config(PRESETS[name].links, channels, 8000))
    check_contract(chain, channels, forgets=False)


def test_what_settles_keeps_the_contract():
    chain = Model(Config(links("offset", "optical-tremolo", "gate"), 2, 1000))
    chain.set({"offset.level": 0.4})
    assert chain.settle == 500
    check_contract(chain, 2, forgets=False)


@needs_core
@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("channels", [1, 2])
def test_the_core_plays_presets(name, channels):
    sound = np.cumsum(noise(channels) * 0.1, axis=1).astype(np.float32)  # dark, for the chorus; see sound_for
    same(Model(Config(PRESETS[name].links, channels, RATE)).eval(), sound)


@needs_core
def test_the_core_plays_long_chains():
    chain = chain_of(
        *(kind for kind in PROCESSORS if kind not in ("room", "width", "chorus", "flanger")), "width"
    )
    chain.set({"delay.delay_ms": 1.7, "offset.level": 0.1, "pan.pan": 0.3})
    assert len(chain.processors) == len(PROCESSORS) - 3 and chain.latency == 2 and chain.settle == RATE // 2
    chain.settle = 500
    same(chain, noise(), 5e-5)  # each adds its rounding


@pytest.mark.parametrize("channels", [1, 2])
def test_a_chain_is_one_after_the_other(channels):
    chain = chain_of("tanh", "highpass", "pan", channels=channels).double()
    y = x = torch.from_numpy(noise(channels)).double()[None]
    for made in chain.processors.values():
        y, _ = made(y, made.initial_state(1))
    torch.testing.assert_close(chain(x, chain.initial_state(1))[0], y)


def test_what_an_offset_does_is_settled():
    """Silence in, and from the first sample on what an offset has made of the rest."""
    chain = chain_of("offset", "dc-blocker")
    chain.set({"offset.level": 0.5, "dc-blocker.cutoff_hz": 20.0})
    assert np.abs(Stream(chain, RATE).process(np.zeros(1000, np.float32))).max() < 1e-6
    assert chain_of("dc-blocker", "offset").settle == 0


def test_a_lamp_swings_as_it_has_for_ever():
    chain = chain_of("optical-tremolo")
    chain.set({"optical-tremolo.rate_hz": 4.0, "optical-tremolo.depth": 1.0, "optical-tremolo.phase": 0.4})
    turn = RATE // 4
    y = Stream(chain, RATE).process(np.ones(2 * turn, np.float32))
    np.testing.assert_allclose(y[:turn], y[turn:], rtol=0, atol=1e-3)


def test_swings_begin_with_the_sound():
    """At its top when its phase is 0, also where the chain has to settle first."""
    for kinds in (("tremolo",), ("offset", "tremolo")):
        chain = chain_of(*kinds)
        chain.set({"tremolo.depth": 1.0, "tremolo.rate_hz": 5.0})
        y = Stream(chain, RATE).process(np.ones(2000, np.float32))
        expect = 0.5 + 0.5 * np.cos(2 * np.pi * 5.0 * np.arange(2000) / RATE)
        np.testing.assert_allclose(y, expect, rtol=0, atol=1e-5)


# Files.


@pytest.mark.parametrize("name", PRESETS)
def test_settings_are_kept_in_words(name):
    config = PRESETS[name]
    assert from_json(Config, json.loads(json.dumps(to_json(config))), "chain") == config


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("channels", [1, 2])
def test_saved_is_loaded(name, channels, tmp_path):
    chain = Model(Config(PRESETS[name].links, channels, RATE)).eval()
    tone = storage.Tone("chain", chain, RATE)
    storage.save(tone, tmp_path / "chain.tone")
    loaded = storage.load(tmp_path / "chain.tone")
    assert storage.self_check(tmp_path / "chain.tone", loaded) == 0.0
    assert storage.to_bytes(loaded) == storage.to_bytes(tone)
    assert loaded.model.values() == chain.values()


def test_all_ends_can_be_saved_and_loaded(tmp_path):
    """Also 0.02, which is a little more than the nearest float32."""
    for end in (lambda s: s.low, lambda s: s.high):
        for kind, made in PROCESSORS.items():
            chain = chain_of(kind, channels=2)
            for setting in made.settings:
                count = getattr(chain.processors[kind].panel, setting.name).numel()
                value = end(setting)
                chain.processors[kind].set(**{setting.name: value if setting.count == 1 else [value] * count})
            storage.save(storage.Tone("chain", chain, RATE), tmp_path / "chain.tone")
            assert storage.load(tmp_path / "chain.tone").model.values() == chain.values()


def edited(path, kinds: tuple[str, ...], **weights) -> None:
    """A file of such a chain in which somebody has changed weights; / stands for . in their names."""
    data = storage.to_bytes(storage.Tone("chain", chain_of(*kinds), RATE))
    path.write_bytes(data)
    tensors = safetensors.torch.load(data)
    with safetensors.safe_open(path, "pt") as file:
        words = file.metadata()
    for name, value in weights.items():
        kind, setting = name.split("/")
        key = f"processors.{kind}.panel.{setting}"
        assert key in tensors
        tensors[key] = torch.full_like(tensors[key], value)
    path.write_bytes(safetensors.torch.save(tensors, metadata=words))


@pytest.mark.parametrize(
    "place,value,words",
    [
        ("compressor/ratio", 0.0, r"compressor\.ratio goes from 1 to 20, and not to 0"),
        ("compressor/attack_ms", -1.0, r"compressor\.attack_ms goes from 0\.02 to 200 ms, and not to -1"),
        ("highpass/cutoff_hz", -100.0, r"highpass\.cutoff_hz goes from 10 to 8000 Hz, and not to -100"),
        ("peak/q", 0.0, r"peak\.q goes from 0\.2 to 10, and not to 0"),
        ("gain/gain_db", 1e30, r"gain\.gain_db goes from -60 to 60 dB, and not to 1e\+30"),
        ("polarity/sign", 0.5, r"polarity\.sign is -1 or 1, and not 0\.5"),
        ("tremolo/rate_hz", 0.0, r"tremolo\.rate_hz goes from 0\.05 to 20 Hz, and not to 0"),
        ("echo/feedback", 1.5, r"echo\.feedback goes from -0\.98 to 0\.98, and not to 1\.5"),
        ("room/t60_s", -2.0, r"room\.t60_s goes from 0\.05 to 20 s, and not to -2"),
        ("response/taps", 17.0, r"response\.taps goes from -16 to 16, and not to 17"),
        ("hall/damping", 1.0, r"hall\.damping goes from 0 to 0\.9, and not to 1"),
        ("gain/gain_db", math.nan, "hold NaN or infinite numbers"),
        ("tremolo/phase", math.inf, "hold NaN or infinite numbers"),
    ],
)
def test_settings_that_nobody_could_turn_are_refused(place, value, words, tmp_path):
    edited(tmp_path / "bad.tone", (place.split("/")[0],), **{place: value})
    with pytest.raises(FileError, match=rf"bad\.tone is damaged or from another version: .*{words}"):
        storage.load(tmp_path / "bad.tone")


def test_a_phase_of_a_file_comes_around(tmp_path):
    edited(tmp_path / "turns.tone", ("tremolo",), **{"tremolo/phase": 1e30})
    tone = storage.load(tmp_path / "turns.tone")
    assert 0.0 <= tone.model.values()["tremolo"]["phase"] <= 1.0
    assert np.isfinite(Player(tone).render(noise()[0])).all()


@pytest.mark.parametrize("kind", PROCESSORS)
@pytest.mark.parametrize("value", [0.0, -1e30, 1e30])
def test_whatever_is_in_a_file_is_refused_or_plays(kind, value, tmp_path):
    kinds = ("pan", "width") if kind == "width" else (kind,)
    for setting in PROCESSORS[kind].settings:
        edited(tmp_path / "odd.tone", kinds, **{f"{kind}/{setting.name}": value})
        try:
            tone = storage.load(tmp_path / "odd.tone")
        except FileError as error:
            assert f"{kind}.{setting.name} " in str(error)
            continue
        assert np.isfinite(Player(tone).render(noise()[0])).all()


def test_a_file_cannot_ask_for_other_links(tmp_path):
    config = to_json(Config(links("gain"))) | {"links": [{"kind": "gain", "size": 7}]}
    with pytest.raises(ConfigError, match="gain comes in one size"):
        from_json(Config, config, "chain")
    with pytest.raises(ConfigError, match="no processor called 'gian'"):
        from_json(Config, config | {"links": [{"kind": "gian", "size": 0}]}, "chain")


def test_a_failed_load_leaves_the_chain_as_it_was():
    chain = chain_of("gain", "compressor")
    state = {name: value.clone() for name, value in chain.state_dict().items()}
    state["processors.compressor.panel.ratio"].fill_(0.0)
    with pytest.raises(ConfigError, match=r"compressor\.ratio"):
        chain.load_state_dict(state)
    assert chain.values()["compressor"]["ratio"] == 4.0


def test_the_architecture_is_found():
    assert models.find("chain").Model is Model
    assert models.preset("chain", "standard") == Config()
    assert Model().config == Config() and [*Model().processors] == ["gain", "eq", "compressor"]
