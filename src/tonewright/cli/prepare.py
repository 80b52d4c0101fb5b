"""tonewright prepare: read recordings once, and say what can be learned from them."""

import contextlib
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tonewright.cli.words import Bar, check_folder, make_folder, say, warn
from tonewright.errors import ConfigError, TonewrightError

RATES = (8000, 96000)
FRAMES = 100  # a second, of an instrument
USUAL = {"instrument": 16000, "timbre": 48000}
SILENCE_S = 2.0


def prepare(
    recordings: Path,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    kind: Annotated[Literal["instrument", "timbre"], Parameter(name="--for")] = "instrument",
    sample_rate: int | None = None,
    stereo: Annotated[bool, Parameter(negative=())] = False,
    longest_silence: float | None = None,
    keep_levels: Annotated[bool, Parameter(negative=())] = False,
    cluster: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Read recordings once, keep what was heard, and say what can be learned from them.

    To learn an instrument takes 10 to 15 minutes of it alone, one note at a time (see docs/recording.md). This
    listens to all of it once, and says how much there is, which notes, how soft and how loud, and what would make
    it better:

        tonewright prepare recordings/ -o violin.data
        tonewright instrument violin.data -o violin.tone

    A timbre is learned from hours of one kind of sound, such as drums, a choir or rain. All sound files in the folder
    and in the folders in it become one store, at one rate, and it says whether there is enough, and whether it is too
    quiet, too varied or too uniform:

        tonewright prepare drums/ --for timbre -o drums.data
        tonewright timbre drums.data -o drums.tone

    Stopped by Ctrl-C or by a power cut, the same line goes on where it was, and after you have added or changed a
    recording, only that one is heard again.

    Parameters
    ----------
    recordings:
        A folder of sound files, with the folders in it, or one sound file. WAV, FLAC, AIFF, OGG or MP3, at any rate.
    output:
        The folder to keep it in, such as violin.data.
    kind:
        What is to be learned from them: instrument, which another sound plays by its pitch and loudness, or timbre,
        which any sound can wear.
    sample_rate:
        That of the model to be, in Hz. 16000 is learned quickly; 44100 and 48000 have all of the treble. 16000 for an
        instrument and 48000 for a timbre unless you say otherwise.
    stereo:
        For a timbre: learn from each channel by itself, and not from their mean. The model plays each channel by
        itself in either case.
    longest_silence:
        For a timbre: of digital silence longer than this, in seconds, the middle is left out. 2 unless you say
        otherwise: a model has to hear some silence.
    keep_levels:
        For a timbre: teach each sound as loud as it was recorded. Otherwise every recording is raised or lowered as a
        whole to the same peak, and short sounds together with all that are in their folder.
    cluster:
        For a timbre: read on all cores of this machine, or of the Ray cluster that RAY_ADDRESS names.
    """
    check_folder(output, ".data")
    rate = USUAL[kind] if sample_rate is None else sample_rate
    if not RATES[0] <= rate <= RATES[1] or (kind == "instrument" and rate % FRAMES):
        what = f"multiple of {FRAMES}" if kind == "instrument" else "whole number"
        raise ConfigError(
            f"--sample-rate is a {what} from {RATES[0]} to {RATES[1]} Hz, such as 16000, 44100 or 48000, and not "
            f"{rate}"
        )
    try:
        if kind == "timbre":
            return _timbre(recordings, output, rate, stereo, longest_silence, keep_levels, cluster)
        _check_instrument_only(stereo, longest_silence, keep_levels, cluster)
        return _instrument(recordings, output, rate)
    except KeyboardInterrupt:
        warn(f"\ntonewright: stopped; what was heard is kept in {output}, and the same line goes on")
        return 130


def _check_instrument_only(
    stereo: bool, longest_silence: float | None, keep_levels: bool, cluster: bool
) -> None:
    given = {"--stereo": stereo, "--keep-levels": keep_levels, "--cluster": cluster}
    given["--longest-silence"] = longest_silence is not None
    for option in (name for name, there in given.items() if there):
        raise ConfigError(f"{option} is for a timbre, and this prepares an instrument; add --for timbre")


def _instrument(recordings: Path, output: Path, sample_rate: int) -> int:
    from tonewright.audio.instrument_checks import check_instrument
    from tonewright.audio.library import open_library
    from tonewright.audio.preparing import prepare as hear
    from tonewright.threads import one_thread

    library = open_library(recordings, warn)
    with _kept(output), Bar(f"hearing {len(library.sounds)} recordings") as bar, one_thread():
        performances = hear(library, output, sample_rate, sample_rate // FRAMES, warn, bar.show)
    survey, found = check_instrument(performances)
    return _told(output, survey, found)


def _timbre(
    recordings: Path,
    output: Path,
    sample_rate: int,
    stereo: bool,
    longest_silence: float | None,
    keep_levels: bool,
    cluster: bool,
) -> int:
    from tonewright.audio.corpus_checks import check_corpus
    from tonewright.audio.corpus_cluster import on_cluster
    from tonewright.audio.corpus_source import Settings
    from tonewright.audio.corpus_writing import hear_here, prepare_corpus
    from tonewright.audio.library import open_library

    silence = SILENCE_S if longest_silence is None else longest_silence
    if not 0.1 <= silence <= 3600.0:
        raise ConfigError(f"--longest-silence is a time from 0.1 to 3600 seconds, and not {silence:g}")
    library = open_library(recordings, warn, told=1 << 62)
    hearer = on_cluster() if cluster else hear_here
    settings = Settings(sample_rate, stereo, silence, keep_levels)
    with _kept(output), Bar(f"reading {len(library.sounds)} sounds") as bar:
        corpus = prepare_corpus(library, output, settings, warn, bar.show, hearer)
    return _told(output, *check_corpus(corpus))


@contextlib.contextmanager
def _kept(output: Path):
    """The folder, made before and taken away again where nothing came of it."""
    fresh = not output.exists()
    make_folder(output)
    try:
        yield
    except TonewrightError:
        if fresh:
            with contextlib.suppress(OSError):
                output.rmdir()  # which leaves it where something is in it
        raise


def _told(output: Path, survey, found: list) -> int:
    say(f"{output}: {survey}")
    for finding in found:
        say(str(finding))
    return 2 if any(finding.level == "error" for finding in found) else 0
