"""Timbre: heard in recordings while an instrument is taught, saved with it, and a row of knobs when it plays."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.runtime.instruments import HOP, RATE, instrument, melody, tone
from tonewright import models, storage
from tonewright.audio.performance import Performance
from tonewright.dsp.loudness import loudness
from tonewright.errors import ConfigError, FileError, ShapeError
from tonewright.models.ddsp import Config, Course, Model, Recipe
from tonewright.runtime import native
from tonewright.runtime.instrument import play, play_again
from tonewright.runtime.phrase import Phrase
from tonewright.runtime.stream import Stream
from tonewright.training.proof import prove

SMALL = {"sample_rate": RATE, "units": 8, "harmonics": 12, "bands": 9, "reverb_s": 0.0, "latent": 2}
COURSE = Course(lead_s=0.0, batch=2, crop_s=1.0, together=1, rate=1e-2, still=0.0)


def two_timbres(seconds: int = 4) -> Performance:
    """Half a second is dull and half a second bright, and neither pitch nor loudness says which."""
    t = np.arange(seconds * RATE) / RATE
    bright = (np.arange(seconds * RATE) // (RATE // 2)) % 2 == 1
    tilts = (sum(np.sin(2 * np.pi * 220 * k * t) / k**tilt for k in range(1, 9)) for tilt in (3.0, 0.3))
    dull_y, bright_y = (y / np.sqrt(np.mean(y**2)) for y in tilts)
    sound = (0.1 * np.where(bright, bright_y, dull_y)).astype(np.float32)
    frames = len(sound) // HOP
    f0_hz = np.full(frames, 220.0, np.float32)
    level = float(loudness(torch.from_numpy(sound)[None, None], RATE, HOP).mean())
    loudness_db = np.full(frames, level, np.float32)
    return Performance(sound, RATE, HOP, f0_hz, f0_hz, np.ones(frames, bool), loudness_db, "two timbres")


def taught(latent: int, steps: int = 200, finish: bool = True) -> Recipe:
    torch.manual_seed(0)
    one = two_timbres()
    recipe = Recipe(Model(Config(**SMALL | {"latent": latent})), [one], [one], COURSE, seed=0, threads=1)
    for step in range(steps):
        recipe.step(step, steps)
    if finish:
        recipe.finish()
    return recipe


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return taught(2)


def test_it_hears_a_frame_for_each_hop_and_nothing_that_comes_later():
    model = Model(Config(**SMALL)).eval()
    x = torch.from_numpy(melody([220.0, 330.0]))[None, None]
    z = model.encode(x)
    assert z.shape == (1, 2, x.shape[-1] // HOP) and float(z.detach().abs().max()) <= 1.0
    half = model.encode(x[..., : x.shape[-1] // 2])
    torch.testing.assert_close(half[..., :-4], z[..., : half.shape[-1] - 4])  # the last 32 ms hear the cut


def test_its_weights_are_taught_with_the_others():
    recipe = taught(2, steps=0, finish=False)
    before = {name: p.detach().clone() for name, p in recipe.model.encoder.named_parameters()}
    recipe.step(0, 0)
    assert before and all(not torch.equal(before[n], p) for n, p in recipe.model.encoder.named_parameters())


def test_what_pitch_and_loudness_do_not_tell_is_learned_through_timbre(recipe):
    assert recipe.score() < 0.85 * taught(0).score()


def test_knobs_at_zero_are_the_typical_timbre_and_two_spreads_are_one(recipe):
    z = recipe.model.encode(torch.from_numpy(two_timbres().sound).reshape(4, 1, RATE)).detach()
    spread, mean = torch.std_mean(z, dim=(0, 2))
    torch.testing.assert_close(mean, torch.zeros(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(spread, torch.full((2,), 0.5), atol=1e-3, rtol=0)


def test_finishing_changes_what_knobs_mean_and_nothing_that_is_played():
    recipe = taught(2, steps=3, finish=False)
    before = recipe.score()
    recipe.finish()
    assert not torch.equal(recipe.model.voice.timbre_mean, torch.zeros(2, 1))
    assert recipe.score() == pytest.approx(before, rel=1e-5)


def test_timbre_stands_still_in_a_share_of_the_crops():
    one = two_timbres()
    model = Model(Config(**SMALL))
    moving, still = (
        Recipe(model, [one], [one], replace(COURSE, still=share), threads=1) for share in (0.0, 1.0)
    )
    (item, *_), (same, *_) = (recipe.crops.batch(0, 2, 2) for recipe in (moving, still))
    assert torch.equal(item.sound, same.sound) and not item.still.any() and bool(same.still.all())
    spreads = [recipe._frames(i)[:, 2:].std(-1).min().item() for recipe, i in ((moving, item), (still, same))]
    assert spreads[0] > 1e-3 > spreads[1]
    torch.testing.assert_close(moving._frames(item).mean(-1), still._frames(same).mean(-1))


def test_a_share_beyond_all_is_refused():
    with pytest.raises(ConfigError, match="still are within 0 and 1"):
        Course(still=1.1)


def test_it_is_saved_and_loaded_and_the_core_plays_on_without_it(recipe, tmp_path):
    storage.save(storage.Tone("ddsp", recipe.model, RATE), tmp_path / "two.tone")
    loaded = storage.load(tmp_path / "two.tone")
    assert storage.self_check(tmp_path / "two.tone", loaded) == 0.0
    x = torch.from_numpy(two_timbres().sound)[None, None]
    torch.testing.assert_close(loaded.model.encode(x), recipe.model.encode(x), atol=0, rtol=0)
    graph = storage.read_header(tmp_path / "two.tone")["graph"]
    used = {name for node in graph["nodes"] for name in node["weights"].values()}
    assert "voice.timbre_mean" in used and not any(name.startswith("encoder.") for name in used)
    if native.why_not() is None:
        file, sound, knobs = native.playable(loaded), two_timbres().sound, {"timbre_1": 0.5, "timbre_2": -1.0}
        core = native.NativeStream(file, loaded.model, **knobs)
        plain = Stream(loaded.model, RATE, **knobs)
        np.testing.assert_allclose(core.process(sound), plain.process(sound), atol=1e-4)


def test_a_file_with_damaged_ears_is_refused(tmp_path):
    made = tone(latent=2)
    made.model.encoder.linear.bias.data[0] = torch.nan
    storage.save(made, tmp_path / "deaf.tone")
    with pytest.raises(FileError, match=r"'encoder\.linear\.bias' hold NaN"):
        storage.load(tmp_path / "deaf.tone")


def test_a_phrase_is_played_in_the_timbre_of_each_frame_and_the_knobs_are_added():
    player, phrase = instrument(latent=2, reverb_s=0.0), Phrase(np.full(50, 220.0), np.full(50, -20.0))
    half = np.stack([np.full(50, 0.5), np.full(50, -0.25)])
    np.testing.assert_array_equal(
        play(player, phrase, timbre=half), play(player, phrase, timbre_1=0.5, timbre_2=-0.25)
    )
    np.testing.assert_array_equal(
        play(player, phrase, timbre=half, timbre_1=-0.5, timbre_2=0.25), play(player, phrase)
    )
    assert np.abs(play(player, phrase, timbre=half) - play(player, phrase)).max() > 1e-4
    with pytest.raises(ShapeError, match=r"timbre of this phrase is \[2, 50\], and not \[2, 49\]"):
        play(player, phrase, timbre=half[:, :49])


def test_the_proof_plays_in_the_timbre_that_is_heard(recipe):
    player = instrument()
    player.tone.model = player.model = recipe.model.eval()
    held_out = two_timbres()
    heard = prove(player, [held_out]).spectral
    phrase = Phrase(held_out.f0_hz, held_out.loudness_db)
    typical = play(player, phrase)
    z = recipe.model.encode(torch.from_numpy(held_out.sound)[None, None])[0].detach().numpy()
    assert not np.allclose(play(player, phrase, timbre=z), typical, atol=1e-3)
    np.testing.assert_allclose(play_again(player, held_out), play(player, phrase, timbre=z), atol=1e-5)
    assert heard == pytest.approx(recipe.score(), rel=0.25)  # the one of crops, the other of the whole


def test_an_instrument_without_timbre_says_so_and_has_no_ears():
    model = models.find("ddsp").Model(Config(**SMALL | {"latent": 0}))
    assert not any("timbre" in name or "encoder" in name for name in model.state_dict())
    with pytest.raises(ConfigError, match="has no timbre to hear"):
        model.encode(torch.zeros(1, 1, RATE))
