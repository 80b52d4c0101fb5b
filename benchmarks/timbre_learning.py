"""What a timbre comes to in an hour on two cores: the distance on what it never heard, and by which phase.

    python -m benchmarks.timbre_learning --music MUSIC [--minutes 60] [--tone TONE]

MUSIC is a folder with drums_gogodze and drums_sonicpi (one-shots and loops, CC0). With --tone a training that is done
is told of, and none is begun.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import tonewright
from benchmarks.results import Rows, table, write_section
from tonewright import models, storage
from tonewright.audio.corpus import open_corpus

SETS = ("drums_gogodze", "drums_sonicpi")
ROWS = Rows("timbre_learning.json", "preset", "minutes")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--music", type=Path)
    parser.add_argument("--preset", default="live")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--tone", type=Path)
    options = parser.parse_args()
    if options.music:
        with tempfile.TemporaryDirectory() as folder:
            for name in SETS:
                shutil.copytree(options.music / name, Path(folder) / name)
            tone = storage.load(options.tone) if options.tone else taught(Path(folder), options)
            ROWS.keep(row(tone, options, silence(tone, Path(folder))))
    write_section("A timbre: an hour of drums", "benchmarks.timbre_learning", words(ROWS.all()))


def taught(folder: Path, options: argparse.Namespace) -> storage.Tone:
    """A timbre of the drums, learned as the command line does."""
    return tonewright.timbre(folder, preset=options.preset, minutes=options.minutes).tone


def silence(tone: storage.Tone, folder: Path) -> float:
    """The distance of silence to what was held out of this training."""
    config = tone.model.config
    taught, held_out = open_corpus(folder, config.sample_rate).split()
    _, course = models.changed("rave", tone.provenance["preset"], {})
    room = models.find("rave")
    return room.Recipe(room.Model(config), taught, held_out, course).silence()


def row(tone: storage.Tone, options: argparse.Namespace, silent: float) -> dict:
    """What is kept of a training."""
    names = (
        "untaught_spectral",
        "half_way_spectral",
        "held_out_spectral",
        "taught_seconds",
        "recorded_seconds",
    )
    told = {name: tone.metrics[name] for name in names}
    told |= {
        name: tone.provenance.get(name, "")
        for name in ("second_phase", "why_second_phase", "steps", "latent_0")
    }
    history = [{name: r[name] for name in ("seconds", "step", "error")} for r in tone.history]
    given = {"preset": options.preset, "minutes": options.minutes, "silence_spectral": silent}
    return given | told | {"history": history}


def words(rows: list[dict]) -> str:
    """The section."""
    columns = ["preset", "minutes", "steps", "silence", "untaught", "half-way", "in the end", "of silence"]
    text = (
        "Drums (one-shots, loops, hits; 12 minutes, 40 % of it silence), a tenth held out. Multi-scale spectral "
        "distance on what was held out, with 1e-3 beside a magnitude in the logarithm, so that what is fainter than "
        "about -80 dB counts as silence; beside that of no answer at all. Taught on two cores that other work "
        "shared.\n\n" + table(columns, [result(r) for r in rows])
    )
    for r in rows:
        text += (
            f"\n\n{r['preset']}, {r['minutes']:g} minutes; {r['why_second_phase'] or 'one phase only'}:\n\n"
        )
        picked = r["history"][:: max(1, len(r["history"]) // 12)]
        text += table(
            ["step", *(str(h["step"]) for h in picked)],
            [["distance", *(f"{h['error']:.2f}" for h in picked)]],
        )
    return text


def result(r: dict) -> list[str]:
    """A row of the table."""
    distances = [r[f"{name}_spectral"] for name in ("silence", "untaught", "half_way", "held_out")]
    share = f"{100 * distances[-1] / distances[0]:.0f} %"
    return [
        r["preset"],
        f"{r['taught_seconds'] / 60:.0f}",
        r["steps"],
        *(f"{d:.2f}" for d in distances),
        share,
    ]


if __name__ == "__main__":
    main()
