"""All verbs of the command line."""

import cyclopts

from tonewright import __version__
from tonewright.cli.capture import capture
from tonewright.cli.check import check
from tonewright.cli.demo import demo
from tonewright.cli.export import export
from tonewright.cli.import_ import import_
from tonewright.cli.inspect import inspect
from tonewright.cli.instrument import instrument
from tonewright.cli.live import live
from tonewright.cli.match import match
from tonewright.cli.prepare import prepare
from tonewright.cli.report import report
from tonewright.cli.run import run
from tonewright.cli.timbre import timbre

app = cyclopts.App(
    name="tonewright",
    version=__version__,
    suppress_keyboard_interrupt=False,  # `run` says that it was stopped
    help="""Learn the sound of a device from recordings, and play it.

    Begin with the demo, or with a dry and a wet recording of your own:

        tonewright demo
        tonewright check dry.wav wet.wav
        tonewright capture dry.wav wet.wav -o amp.tone --minutes 3
        tonewright match dry.wav wet.wav --chain eq,compressor -o chain.tone
        tonewright run amp.tone guitar.wav -o out.wav
        tonewright live amp.tone

    Or learn an instrument, to play it with your voice:

        tonewright instrument recordings/ -o violin.tone --minutes 30
        tonewright run violin.tone singing.wav -o out.wav

    Or a timbre, which any sound can wear:

        tonewright timbre drums/ -o drums.tone --minutes 240
        tonewright run drums.tone beatbox.wav -o out.wav

    Hand it on to the players that people have, or play what others made:

        tonewright export amp.tone amp.nam
        tonewright run amp.nam guitar.wav -o out.wav
    """,
)
for verb in (capture, match, instrument, timbre, run, live, check, report, inspect, demo, prepare, export):
    app.command(verb)
app.command(import_, name="import")
