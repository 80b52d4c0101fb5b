"""What the terminal shows while playing: meters, knobs and how hard the computer works."""

import math
import time

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from tonewright.cli.live_keys import HELP, LEARN_HELP, Panel
from tonewright.runtime.live import CLIPPED, Peaks, Tally
from tonewright.runtime.live_session import Session
from tonewright.units import clock, gain_to_db

WIDTH, BOTTOM_DB = 40, -60.0  # of a meter
FALL_DB_S = 30.0  # how fast a meter comes down
LAMP_S = 2.0  # how long a clip is shown
LOUD_DB, HOT_DB = -12.0, -3.0


class Meter:
    """A level that rises at once and falls slowly, with a lamp for what touched full scale."""

    def __init__(self, name: str):
        self.name, self.level_db, self.clipped_at, self.seen = name, -200.0, -LAMP_S, 0.0

    def show(self, peak: float, now_s: float) -> None:
        """Take in a new peak (linear)."""
        fallen = self.level_db - FALL_DB_S * (now_s - self.seen)
        self.level_db, self.seen = max(gain_to_db(peak), fallen, -200.0), now_s
        if peak >= CLIPPED:
            self.clipped_at = now_s

    def text(self) -> Text:
        """The meter as a line.

        >>> meter = Meter("in")
        >>> meter.show(1.0, now_s=5.0)
        >>> meter.text().plain.split()
        ['in', '████████████████████████████████████████', '0.0', 'dBFS', 'CLIP']
        """
        share = min(max(1.0 - self.level_db / BOTTOM_DB, 0.0), 1.0)
        line = Text(f"{self.name:<4}")
        filled = round(share * WIDTH)
        for cell in range(WIDTH):
            db = BOTTOM_DB * (1.0 - (cell + 1) / WIDTH)
            colour = "red" if db > HOT_DB else "yellow" if db > LOUD_DB else "green"
            line.append("█" if cell < filled else "·", colour if cell < filled else "dim")
        line.append(f" {self.level_db:6.1f} dBFS" if self.level_db > BOTTOM_DB else "   -inf dBFS")
        if self.seen - self.clipped_at < LAMP_S:
            line.append(" CLIP ", "bold white on red")
        return line


class View:
    """The picture of a session, drawn anew whenever `draw` is called; nothing where there is no terminal."""

    def __init__(self, session: Session, panel: Panel, keys_there: bool):
        self.session, self.panel, self.keys_there = session, panel, keys_there
        self.input, self.output = Meter("in"), Meter("out")
        self._before = (0, 0.0)
        self._live = None

    def __enter__(self) -> "View":
        console = Console()
        if console.is_terminal:
            self._live = Live(console=console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_) -> None:
        if self._live is not None:
            self._live.stop()

    def draw(self) -> None:
        """Read the meters, and show them."""
        if self._live is not None:
            engine = self.session.engine
            self._live.update(self.picture(engine.take_peaks(), engine.tally, time.monotonic()), refresh=True)

    def picture(self, peaks: Peaks, tally: Tally, now_s: float) -> Group:
        """Everything, as lines."""
        self.input.show(peaks.input, now_s)
        self.output.show(peaks.output, now_s)
        lines = [self.input.text(), self.output.text(), *self._knobs()]
        if self.session.engine.bypass:
            lines.append(Text("bypass: you hear what comes in", "bold yellow"))
        if tally.broken:
            lines.append(Text(f"{tally.broken} blocks were silenced: the model gave no numbers", "bold red"))
        lines.append(Text(self._work(tally)))
        if self.keys_there:
            lines.append(Text(HELP + (LEARN_HELP if self.panel.controller else ""), "dim"))
        return Group(*lines)

    def _knobs(self) -> list[Text]:
        controller, lines = self.panel.controller, []
        ccs = {name: cc for cc, name in controller.knob_of.items()} if controller else {}
        width = max(len(knob.name) for knob in self.session.engine.knobs)
        for i, knob in enumerate(self.session.engine.knobs):
            share = (knob.value - knob.minimum) / ((knob.maximum - knob.minimum) or 1.0)
            mark = ">" if self.keys_there and i == self.panel.chosen else " "
            told = f"{mark}{i + 1} {knob.name:<{width}} {'━' * round(20 * share):<20} {knob.value:.3g} {knob.unit}"
            if controller:
                heard = controller.learning == knob.name
                told += (
                    "  move a controller ..."
                    if heard
                    else f"  CC {ccs[knob.name]}"
                    if knob.name in ccs
                    else ""
                )
            lines.append(Text(told, "bold" if mark == ">" else ""))
        return lines

    def _work(self, tally: Tally) -> str:
        """The load since the last picture, and what happened since the start."""
        (frames, busy_s), rate = self._before, self.session.engine.sample_rate
        self._before = tally.frames, tally.busy_s
        load = (tally.busy_s - busy_s) * rate / max(1, tally.frames - frames)
        return (
            f"load {100 * load:.0f} %, worst {100 * tally.worst_load:.0f} %   xruns {tally.xruns}   "
            f"{clock(tally.frames / rate)}"
        )


def latency_words(session: Session) -> str:
    """The round trip, and who says so."""
    told = session.latency
    if math.isnan(told.total):
        return "unknown: the driver does not say by how much it is late"
    return (
        f"{told.total:.1f} ms there and back: {told.input:.1f} in and {told.output:.1f} out as the driver claims, "
        f"and {told.model:.1f} of the model"
    )


def summary(session: Session) -> str:
    """What there is to say at the end."""
    tally, rate = session.engine.tally, session.engine.sample_rate
    load = tally.busy_s * rate / max(1, tally.frames)
    told = [
        f"played {clock(tally.frames / rate)}",
        f"load {100 * load:.0f} %, worst {100 * tally.worst_load:.0f} %",
    ]
    told += [f"{tally.xruns} xruns"]
    told += [f"the input clipped in {tally.clipped_in} blocks"] if tally.clipped_in else []
    told += [f"the output clipped in {tally.clipped_out} blocks"] if tally.clipped_out else []
    told += [f"{tally.broken} blocks were silenced"] if tally.broken else []
    return "; ".join(told)
