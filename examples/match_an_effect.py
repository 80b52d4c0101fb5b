"""Find the settings of a mystery pedal: nobody tells them, the two sounds do.

    python examples/match_an_effect.py [seconds]

Writes dry.wav, wet.wav (the pedal) and matched.wav (what was found), pedal.tone, and the page pedal.html to look at.
"""

import sys

import tonewright as tw
from tonewright.audio import files
from tonewright.builtin import phrase
from tonewright.measure.metrics import verdict
from tonewright.models.chain import Config, Model, spoken
from tonewright.report.of_player import settings_of, write_report
from tonewright.report.settings import lines
from tonewright.runtime.player import Player
from tonewright.storage import Tone

RATE = 48000
CHAIN = "highpass,asymmetric,tremolo,gain"
SECRET = {
    "highpass.cutoff_hz": 180.0,
    "asymmetric.drive_db": 20.0,
    "asymmetric.bias": 0.4,
    "tremolo.rate_hz": 4.5,
    "tremolo.depth": 0.6,
    "gain.gain_db": 5.0,
}


def mystery_pedal() -> Player:
    """The chain, turned to its secret settings."""
    chain = Model(Config(spoken(CHAIN), sample_rate=RATE))
    chain.set(SECRET)
    return Player(Tone("chain", chain, RATE))


def main(seconds: float = 6.0) -> None:
    dry = phrase(seconds, RATE)
    files.write("dry.wav", dry, RATE)
    files.write("wet.wav", mystery_pedal().render(dry), RATE)

    found = tw.match("dry.wav", "wet.wav", CHAIN, said=print)
    player = found.player
    player.save("pedal.tone")
    files.write("matched.wav", player.render(dry), RATE)
    write_report(player, [found.held_out], "pedal.html", "pedal", found.findings)

    print("\n".join(lines(settings_of(player))))
    secret = {place: f"{value:g}" for place, value in SECRET.items()}
    print(f"the pedal was set to {', '.join(f'{place} {value}' for place, value in secret.items())}")
    print(f"ESR {found.esr:.2g} on the end, which was not fitted: {verdict(found.esr)}")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))
