"""Knobs from a MIDI controller: which of its messages turns which knob, and the port that they come from."""

from types import ModuleType

from tonewright.config import did_you_mean
from tonewright.errors import ConfigError, DeviceError
from tonewright.runtime.devices import muted
from tonewright.runtime.live import Engine

FIRST = 20  # the control changes from 20 to 31 are left to the user by the MIDI specification
LAST = 127
BYPASS = "bypass"  # mapped like a knob; a foot switch sends 127 and 0


class Controller:
    """Turns the knobs of an engine as control changes come in, on any MIDI channel.

    Args:
        engine: whose knobs.
        pairs: knobs and their control changes, such as "drive=20"; the other knobs of the model keep theirs, which
            are 20, 21, ... in their order.

    Raises:
        ConfigError: a knob that is not there, a number that is none, or one for two knobs.
    """

    def __init__(self, engine: Engine, pairs: list[str] | None = None):
        self.engine, self.learning = engine, None
        chosen = dict(map(self._pair, pairs or []))
        if len(set(chosen.values())) < len(chosen):
            raise ConfigError(
                "one control change turns one knob; give each knob of --midi-map another number"
            )
        usual = {knob.name: FIRST + i for i, knob in enumerate(engine.knobs) if FIRST + i <= LAST}
        usual = {name: cc for name, cc in usual.items() if cc not in chosen.values()}
        self.knob_of = {cc: name for name, cc in (usual | chosen).items()}

    def learn(self, name: str) -> None:
        """The next control change that comes in is the one of this knob, and no longer of another."""
        self.learning = name

    def __call__(self, message) -> None:
        """What mido calls with every message, on a thread of its own."""
        if message.type != "control_change":
            return
        if self.learning is not None:
            others = {cc: name for cc, name in self.knob_of.items() if name != self.learning}
            self.knob_of, self.learning = others | {message.control: self.learning}, None
        name = self.knob_of.get(message.control)
        if name == BYPASS:
            self.engine.bypass = message.value >= 64
        elif name is not None:
            knob = self.engine.knob(name)
            knob.turn(knob.minimum + (knob.maximum - knob.minimum) * message.value / 127)

    def _pair(self, pair: str) -> tuple[str, int]:
        """ "drive=20" as a name and a number."""
        name, _, number = (part.strip() for part in pair.partition("="))
        if not number.isdecimal() or int(number) > LAST:
            raise ConfigError(
                f"a knob is mapped as name=number, such as drive={FIRST}, with 0 to {LAST}, and not as '{pair}'"
            )
        names = [knob.name for knob in self.engine.knobs] + [BYPASS]
        if name not in names:
            raise ConfigError(f"there is no knob called '{name}' to map{did_you_mean(name, names)}")
        return name, int(number)


def mido() -> ModuleType:
    """The package that reads MIDI, with its way to the ports loaded.

    Raises:
        DeviceError: when it is not installed.
    """
    try:
        import mido
        import rtmidi  # noqa: F401 (mido looks for it only when it opens a port)
    except ImportError:
        raise DeviceError(
            "MIDI needs the packages mido and python-rtmidi, which are not installed; "
            "install them with: pip install mido python-rtmidi"
        ) from None
    return mido


def ports() -> list[str]:
    """The names of the MIDI ports that can be listened to.

    Raises:
        DeviceError: MIDI is not installed, or this computer has none.
    """
    package = mido()
    try:
        with muted():
            return list(dict.fromkeys(package.get_input_names()))
    except Exception as error:  # whichever way its driver has to say that there is no MIDI here
        raise DeviceError(
            f"MIDI does not work on this computer ({str(error).rstrip('. ')}); look whether its driver is there"
        ) from error


def listen(wanted: str, controller: Controller):
    """An open port, to be closed at the end, whose messages go to the controller.

    Args:
        wanted: the name of a port, or a part of it.
        controller: is called on a thread of mido's.

    Raises:
        DeviceError: it is not there, several fit, or it cannot be opened.
    """
    there, word = ports(), wanted.casefold().strip()
    named = [port for port in there if port.casefold() == word]
    named = named or [port for port in there if word in port.casefold()]
    if len(named) > 1:
        raise DeviceError(f"several MIDI ports fit '{wanted}': {', '.join(named)}; write more of the name")
    if not named:
        raise DeviceError(f"there is no MIDI port called '{wanted}'{did_you_mean(wanted, there)}")
    try:
        return mido().open_input(named[0], callback=controller)
    except Exception as error:  # as above
        sentence = f"the MIDI port '{named[0]}' cannot be opened ({error}); another program may have it"
        raise DeviceError(sentence) from error
