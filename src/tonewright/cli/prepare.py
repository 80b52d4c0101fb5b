"""tonewright prepare: hear the recordings of an instrument once, and say what can be learned from them."""

import contextlib
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tonewright.cli.words import Bar, check_folder, make_folder, say, warn
from tonewright.errors import ConfigError, TonewrightError

RATES = (8000, 96000)
FRAMES = 100  # a second


def prepare(
    recordings: Path,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    kind: Annotated[Literal["instrument"], Parameter(name="--for")] = "instrument",
    sample_rate: int = 16000,
) -> int:
    """Hear the pitch and the loudness of recordings, keep them, and say what can be learned from them.

    To learn an instrument takes 10 to 15 minutes of it alone, one note at a time (see docs/recording.md). This
    listens to all of it once, and says how much there is, which notes, how soft and how loud, and what would make
    it better:

        tonewright prepare recordings/ -o violin.data
        tonewright instrument violin.data -o violin.tone

    Stopped by Ctrl-C or by a power cut, the same line goes on where it was, and after you have added or changed a
    recording, only that one is heard again.

    Parameters
    ----------
    recordings:
        A folder of sound files, with the folders in it, or one sound file. WAV, FLAC, AIFF, OGG or MP3, at any rate.
    output:
        The folder to keep it in, such as violin.data.
    kind:
        What is to be learned from them: instrument, which another sound plays by its pitch and loudness.
    sample_rate:
        That of the model to be, in Hz. 16000 is learned quickly; 44100 and 48000 have all of the treble.
    """
    check_folder(output, ".data")
    if not RATES[0] <= sample_rate <= RATES[1] or sample_rate % FRAMES:
        raise ConfigError(
            f"--sample-rate is a multiple of {FRAMES} from {RATES[0]} to {RATES[1]} Hz, such as 16000, 44100 or "
            f"48000, and not {sample_rate}"
        )
    from tonewright.audio.instrument_checks import check_instrument
    from tonewright.audio.library import open_library
    from tonewright.audio.preparing import prepare as hear
    from tonewright.threads import one_thread

    library = open_library(recordings, warn)
    fresh = not output.exists()
    make_folder(output)
    try:
        with Bar(f"hearing {len(library.sounds)} recordings") as bar, one_thread():
            performances = hear(library, output, sample_rate, sample_rate // FRAMES, warn, bar.show)
    except KeyboardInterrupt:
        warn(f"\ntonewright: stopped; what was heard is kept in {output}, and the same line goes on")
        return 130
    except TonewrightError:
        if fresh:
            with contextlib.suppress(OSError):
                output.rmdir()  # which leaves it where something is in it
        raise
    survey, found = check_instrument(performances)
    say(f"{output}: {survey}")
    for finding in found:
        say(str(finding))
    return 2 if any(finding.level == "error" for finding in found) else 0
