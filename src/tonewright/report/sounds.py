"""What the report page plays: twenty seconds chosen from the recording, as FLAC inside the page."""

import base64
import io
import itertools

import numpy as np
import soundfile

from tonewright.measure.metrics import BAND_EDGES_HZ, rms_db
from tonewright.units import SILENCE_DB, db_to_gain

LISTENING_S = 20.0  # at 48 kHz and below; fewer seconds above, so that the page stays below about 8 MB
PART_S = 5.0
FADE_S = 0.005  # at each joint of two parts; hides the jump
QUIET_DB = 30.0  # a part this much below the loudest one is not worth hearing
FULL_SCALE = 0.98
MOST_GAIN = 10.0  # quiet recordings are made louder by at most 20 dB


def choose_parts(
    target: np.ndarray, estimate: np.ndarray, sample_rate: int, in_tone: bool = False
) -> list[tuple[int, int]]:
    """The parts of a recording worth hearing: all of a short one, about 20 s of a long one.

    A long recording is cut into pieces of 5 s. We take the loudest, then the one where the model is
    furthest off (so that the page never flatters it), then those that differ most in tone and level from
    the ones taken before. Pieces that are next to each other become one part.

    Args:
        target, estimate: what the device and the model made, [T], finite.
        sample_rate: in Hz; above 48 kHz fewer seconds are taken.
        in_tone: how far off the model is, is told by its tone and not by its wave.

    Returns:
        (first, end) of each part in samples, in order of time.

    >>> quiet, loud = np.full(400, 0.1), np.full(400, 0.5)
    >>> choose_parts(quiet, quiet, 100)
    [(0, 400)]
    >>> x = np.concatenate([quiet, quiet, quiet, quiet, quiet, quiet, loud, loud])
    >>> choose_parts(x, x, 100)
    [(0, 1000), (2000, 3000)]
    """
    total_s = LISTENING_S * min(1.0, 48000 / sample_rate)
    if len(target) <= total_s * sample_rate:
        return [(0, len(target))]
    size = round(PART_S * sample_rate)
    pieces = [(first, first + size) for first in range(0, len(target) - size + 1, size)]
    level = np.array([rms_db(target[a:b]) for a, b in pieces])
    tone = np.array([_tone(target[a:b], sample_rate) for a, b in pieces])
    if in_tone:
        made = np.array([_tone(estimate[a:b], sample_rate) for a, b in pieces])
        error = np.where(level < level.max() - QUIET_DB, 0.0, np.linalg.norm(made - tone, axis=-1))
    else:
        error = np.array([rms_db(estimate[a:b] - target[a:b]) for a, b in pieces])
    tone[level < level.max() - QUIET_DB] = tone[level.argmax()]  # silence differs from all, and is dull
    chosen = [int(level.argmax())]
    while len(chosen) < min(int(total_s / PART_S), len(pieces)):
        apart = np.linalg.norm(tone[:, None] - tone[None, chosen], axis=-1).min(axis=1)
        worth = error if len(chosen) == 1 else apart
        chosen.append(max(set(range(len(pieces))) - set(chosen), key=lambda i: (worth[i], -i)))
    return _merge([pieces[i] for i in sorted(chosen)])


def montage(x: np.ndarray, parts: list[tuple[int, int]], sample_rate: int) -> np.ndarray:
    """The parts one after another, with a short fade on both sides of each joint.

    >>> montage(np.ones(1000), [(0, 300), (600, 900)], 1000)[[0, 294, 299, 300, 305, 599]]
    array([1. , 1. , 0.2, 0.2, 1. , 1. ])
    """
    fade = max(1, round(FADE_S * sample_rate))
    ramp = np.arange(1, fade + 1, dtype=x.dtype) / fade
    pieces = [x[a:b].copy() for a, b in parts]
    for before, after in itertools.pairwise(pieces):
        before[-fade:] *= ramp[::-1]
        after[:fade] *= ramp
    return np.concatenate(pieces)


def pack(x: np.ndarray, sample_rate: int) -> tuple[str, float]:
    """A sound as a data URI of 16-bit FLAC, and the gain that brings back its level.

    The FLAC is filled to the top whatever the level of x, so that quiet sounds keep 16 bits too.

    Args:
        x: finite samples [T], of any level.
        sample_rate: in Hz.

    Returns:
        (uri, gain): the decoded samples times gain are x, within half of 1/32767 of its peak.

    >>> uri, gain = pack(np.array([0.0, 2.0, -1.0]), 48000)
    >>> uri[:22], round(gain, 4)
    ('data:audio/flac;base64', 2.0001)
    """
    step = float(np.abs(x).max(initial=0.0)) / 32767 or 1.0 / 32768
    file = io.BytesIO()
    soundfile.write(file, np.round(x / step).astype(np.int16), sample_rate, format="FLAC", subtype="PCM_16")
    return "data:audio/flac;base64," + base64.b64encode(file.getvalue()).decode(), step * 32768


def player_data(dry: np.ndarray, target: np.ndarray, estimate: np.ndarray, sample_rate: int) -> dict:
    """All that the player in the page needs to know, as JSON values.

    Args:
        dry, target, estimate: one take, lined up, each [T] and finite.
        sample_rate: in Hz.

    Returns:
        rate; heard_s, how long it lasts; parts, each with where it begins in the page (at_s) and in the
        recording (from_s); tracks dry, device and model, each a data URI, the gain that restores its level
        and the gain that matches its loudness to the device's; master, the gain of all; difference_peak,
        of model minus device.

    >>> x = np.full(480, 0.25)
    >>> data = player_data(x, 2 * x, 2 * x, 48000)
    >>> round(data["tracks"]["dry"]["match"], 6), data["master"], data["difference_peak"]
    (2.0, 1.96, 0.0)
    """
    parts = choose_parts(target, estimate, sample_rate)
    takes = {"dry": dry, "device": target, "model": estimate}
    heard = {name: montage(x, parts, sample_rate) for name, x in takes.items()}
    return _told(heard, parts, sample_rate) | {"difference_peak": _peak(heard["model"] - heard["device"])}


def pair_data(
    source: np.ndarray, result: np.ndarray, sample_rate: int, labels: tuple[str, str], whole: bool = False
) -> dict:
    """The same for two sounds that are no likeness wave by wave, and so have no difference.

    Args:
        source, result: lined up, each [T] and finite; in the page they are the tracks device and model.
        sample_rate: in Hz.
        labels: what the two are called.
        whole: the first 20 s instead of parts from all over.

    >>> data = pair_data(np.full(480, 0.25), np.full(480, 0.5), 48000, ("Voice", "Violin"))
    >>> sorted(data["tracks"]), data["labels"], "difference_peak" in data
    (['device', 'model'], {'device': 'Voice', 'model': 'Violin'}, False)
    """
    if whole:
        parts = [(0, min(len(source), round(LISTENING_S * min(1.0, 48000 / sample_rate) * sample_rate)))]
    else:
        parts = choose_parts(source, result, sample_rate, in_tone=True)
    heard = {name: montage(x, parts, sample_rate) for name, x in (("device", source), ("model", result))}
    return _told(heard, parts, sample_rate) | {"labels": dict(zip(heard, labels, strict=True))}


def _told(heard: dict[str, np.ndarray], parts: list[tuple[int, int]], sample_rate: int) -> dict:
    """What the player must know of sounds that are cut already."""
    tracks = {}
    for name, x in heard.items():
        uri, gain = pack(x, sample_rate)
        tracks[name] = {"uri": uri, "gain": gain, "match": _match(x, heard["device"])}
    lengths = np.cumsum([0] + [b - a for a, b in parts])[:-1]
    return {
        "rate": sample_rate,
        "heard_s": len(heard["device"]) / sample_rate,
        "parts": [
            {"at_s": float(at / sample_rate), "from_s": float(a / sample_rate)}
            for at, (a, _) in zip(lengths, parts, strict=True)
        ],
        "tracks": tracks,
        "master": _master(heard, {name: track["match"] for name, track in tracks.items()}),
    }


def _tone(x: np.ndarray, sample_rate: int) -> np.ndarray:
    """Level in dB in each of the bands that the report draws."""
    power = np.abs(np.fft.rfft(x)) ** 2
    hz = np.fft.rfftfreq(len(x), 1.0 / sample_rate)
    edges = np.searchsorted(hz, BAND_EDGES_HZ)
    energy = [power[a:b].sum() for a, b in itertools.pairwise(edges)]
    return 10.0 * np.log10(np.array(energy) / len(x) ** 2 + 1e-9)


def _merge(parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged = parts[:1]
    for first, end in parts[1:]:
        if first == merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((first, end))
    return merged


def _match(x: np.ndarray, device: np.ndarray) -> float:
    """The gain that makes x as loud as the device; 1 where one of them is silent."""
    levels = rms_db(x), rms_db(device)
    return 1.0 if SILENCE_DB in levels else db_to_gain(levels[1] - levels[0])


def _master(heard: dict[str, np.ndarray], match: dict[str, float]) -> float:
    """One gain for all: the loudest fills the scale. A model that explodes may clip, and hides nobody."""
    device = _peak(heard["device"])
    loudest = device
    if "dry" in heard:
        loudest = max(device, *(_peak(heard["dry"]) * gain for gain in (1.0, match["dry"])))
    loudest = max(loudest, *(min(_peak(heard["model"]) * gain, 2 * device) for gain in (1.0, match["model"])))
    return min(FULL_SCALE / loudest, MOST_GAIN) if loudest > 0 else 1.0


def _peak(x: np.ndarray) -> float:
    return float(np.abs(x).max(initial=0.0))
