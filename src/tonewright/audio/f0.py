"""The pitch of a whole recording, frame by frame, for teaching and for judging: by swift-f0, or else by ourselves."""

import importlib
import warnings
from dataclasses import dataclass

import numpy as np
import torch

from tonewright.audio.rates import resample
from tonewright.dsp import pitch as ours
from tonewright.dsp.loudness import loudness_of
from tonewright.errors import AudioError, ConfigError, ShapeError

RATE = 16000  # that swift-f0 hears at
STEP = 256  # samples between its frames; frame i is of the sound around sample 256 i, within a millisecond
LOWEST_HZ, HIGHEST_HZ = 46.9, 2093.0
SURE = 0.5  # of its confidence: from here on it calls a frame voiced
JUMP = 1.0  # semitones between two of its frames that may be one note bending; more are two notes
SILENT_DB = -60.0  # what is so much quieter than the loud parts has no pitch, whatever a tracker finds in it
LOUD = 95.0  # percent of frames that are not louder than the loud parts
PEAK = 0.5  # to which the peaks are brought, for swift-f0 hears less in quiet recordings (at -20 dB, 2 % of a violin)
PEAKS = 99.9  # percent of samples that are not beyond the peaks, so that a click is none


@dataclass(frozen=True)
class Track:
    """The pitch of a sound, a value for each frame.

    Attributes:
        f0_hz: [F], the fundamental frequency. Where there is none, the last one holds; before the first, the first.
        voiced: [F], where there is one.
        confidence: [F], 0 to 1: how sure the tracker is that there is one.
        tracker: who found it: "swift-f0", "tonewright", or "silence" where there was nothing to find.
    """

    f0_hz: np.ndarray
    voiced: np.ndarray
    confidence: np.ndarray
    tracker: str


def f0_track(
    x: np.ndarray, sample_rate: int, hop: int, lowest_hz: float = LOWEST_HZ, highest_hz: float = HIGHEST_HZ
) -> Track:
    """The pitch of a recording of one voice or instrument.

    Args:
        x: sound [T].
        sample_rate: in Hz.
        hop: samples from frame to frame; frame n is of the sound around sample n hop.
        lowest_hz, highest_hz: where to look; swift-f0 knows 46.9 to 2093 Hz.

    Returns:
        A track of T // hop frames.

    Raises:
        ShapeError: x is not [T].
        ConfigError: the range holds no pitch.
        AudioError: a sample is not finite.

    Without swift-f0 our own tracker takes its place, and a warning says so.

    Source: Nieradzik, "SwiftF0: Fast and Accurate Monophonic Pitch Detection", 2025.

    >>> tone = 0.5 * np.sin(2 * np.pi * 440 / 16000 * np.arange(16000))
    >>> track = f0_track(tone, 16000, 160)
    >>> len(track.f0_hz), bool(np.abs(track.f0_hz - 440).max() < 4)
    (100, True)
    """
    if x.ndim != 1:
        raise ShapeError(f"f0_track wants sound [T], and got {list(x.shape)}")
    if hop < 1 or not max(lowest_hz, LOWEST_HZ) * 1.05 < min(highest_hz, HIGHEST_HZ):
        raise ConfigError(
            f"f0_track wants a hop of at least 1 and a range within {LOWEST_HZ} to {HIGHEST_HZ} Hz, and got {hop}, "
            f"and {lowest_hz} to {highest_hz} Hz"
        )
    if not np.isfinite(x).all():
        raise AudioError("the sound holds samples that are not finite, and has no pitch")
    frames = len(x) // hop
    heard = _sounding(x, sample_rate, hop)
    if not heard.any():
        middle = float(np.sqrt(lowest_hz * highest_hz))
        return Track(np.full(frames, middle), heard, np.zeros(frames), "silence")
    tracker, step, (f0_hz, confidence, sure) = _found(x, sample_rate, lowest_hz, highest_hz)
    place = np.arange(frames) * (hop / sample_rate / step)
    f0_hz, voiced, confidence = between(f0_hz, confidence >= sure, confidence, place)
    voiced &= heard
    f0_hz = held(f0_hz, voiced, float(np.sqrt(lowest_hz * highest_hz)))
    return Track(f0_hz, voiced, confidence * heard, tracker)


def between(
    f0_hz: np.ndarray, voiced: np.ndarray, confidence: np.ndarray, place: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A track at other places: along a note in a straight line of semitones, never from a note to another or to none.

    Args:
        f0_hz, voiced, confidence: [N] each.
        place: [F], where to look, counted in frames of these; beyond the ends they hold.

    Returns:
        f0_hz, voiced and confidence, [F] each.

    >>> f0_hz, voiced = np.array([100.0, 104.0, 200.0]), np.array([True, True, True])
    >>> between(f0_hz, voiced, np.ones(3), np.array([0.5, 1.4, 1.6]))[0].round(1)
    array([102., 104., 200.])
    """
    place = np.clip(place, 0, len(f0_hz) - 1)
    before = np.minimum(place.astype(int), max(0, len(f0_hz) - 2))
    after = np.minimum(before + 1, len(f0_hz) - 1)
    part = place - before
    nearest = np.where(part < 0.5, before, after)
    semitones = 12 * np.log2(f0_hz)
    one_note = voiced[before] & voiced[after] & (np.abs(semitones[after] - semitones[before]) <= JUMP)
    line = semitones[before] + part * (semitones[after] - semitones[before])
    made = 2 ** (np.where(one_note, line, semitones[nearest]) / 12)
    return made, voiced[nearest], confidence[before] + part * (confidence[after] - confidence[before])


def held(f0_hz: np.ndarray, voiced: np.ndarray, otherwise: float) -> np.ndarray:
    """Each frame without a pitch takes that of the last frame with one; before the first, that of the first.

    >>> held(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, False, False]), 9.0)
    array([2., 2., 2., 2.])
    """
    if not voiced.any():
        return np.full(len(f0_hz), otherwise)
    last = np.maximum.accumulate(np.where(voiced, np.arange(len(f0_hz)), -1))
    return f0_hz[np.where(last < 0, np.argmax(voiced), last)]


def _sounding(x: np.ndarray, sample_rate: int, hop: int) -> np.ndarray:
    """Frames that are not silent beside the loud ones: [F]."""
    level = loudness_of(x, sample_rate, hop)
    floor = float(level.min(initial=0.0))
    return (level > floor) & (level > np.percentile(level, LOUD) + SILENT_DB) if len(level) else level > 0


def _found(x: np.ndarray, sample_rate: int, lowest_hz: float, highest_hz: float) -> tuple:
    """Who found the pitch; seconds between frames; f0_hz, confidence, and from which confidence there is a pitch."""
    try:
        swift_f0 = importlib.import_module("swift_f0")
    except ImportError:
        warnings.warn(
            "swift-f0 is not installed, and our own tracker finds the pitch, with more mistakes; "
            "pip install swift-f0",
            stacklevel=3,
        )
        return "tonewright", *_ours(x, sample_rate, lowest_hz, highest_hz)
    y = resample(x[None], sample_rate, RATE)[0]
    y = np.pad(y, (0, max(0, STEP - len(y))))
    peak = float(np.percentile(np.abs(y), PEAKS)) or float(np.abs(y).max()) or 1.0
    y = np.clip(y * (PEAK / peak), -1.0, 1.0)
    # It takes long sounds in parts of 30 s that overlap. One thread, so that the same sound has the same pitch on any
    # machine, and a data set is prepared file by file.
    found = swift_f0.SwiftF0(threads=1).detect(y, RATE, lowest_hz, highest_hz)
    return "swift-f0", STEP / RATE, (found.pitch_hz, found.confidence, SURE)


def _ours(x: np.ndarray, sample_rate: int, lowest_hz: float, highest_hz: float) -> tuple:
    hop = sample_rate // 100
    lowest_hz = max(lowest_hz, sample_rate / (2 * hop))
    highest_hz = min(highest_hz, ours.HIGHEST_HZ, sample_rate / 8)
    sound = torch.from_numpy(np.pad(x, (0, max(0, hop - len(x)))))[None, None]
    f0_hz, clarity = ours.pitch(sound, sample_rate, hop, lowest_hz, highest_hz)
    return hop / sample_rate, (f0_hz[0, 0].double().numpy(), clarity[0, 0].double().numpy(), 1e-9)
