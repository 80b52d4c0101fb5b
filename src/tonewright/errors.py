"""What a person can do wrong, each as one sentence: what was wanted, what came, what to do.

TonewrightError
├── ConfigError      a setting has no such name or an impossible value
├── ShapeError       a tensor has the wrong number of dimensions, channels or samples
├── AudioError       a sound file cannot be read, written or used
│   └── PairError    a dry and a wet recording do not make a pair that a model can learn from
├── DeviceError      a sound card or a MIDI port is not there, or cannot do what is asked of it
├── FileError        a file cannot be written, or a model file is damaged, foreign or from the future
├── NotPlayable      a layer uses an operation that the native core does not know
└── TrainingError    teaching cannot start or go on
"""


class TonewrightError(Exception):
    """The base of every error that a person can cause and cure."""


class ConfigError(TonewrightError, ValueError):
    """A setting has no such name or an impossible value."""


class ShapeError(TonewrightError, ValueError):
    """A tensor has the wrong number of dimensions, channels or samples."""


class AudioError(TonewrightError):
    """A sound file cannot be read, written or used."""


class PairError(AudioError):
    """A dry and a wet recording do not make a pair that a model can learn from."""


class DeviceError(TonewrightError):
    """A sound card or a MIDI port is not there, or cannot do what is asked of it."""


class FileError(TonewrightError):
    """A file cannot be written, or a model file is damaged, foreign or from the future."""


class NotPlayable(TonewrightError):
    """A layer uses an operation that the native core does not know."""


class TrainingError(TonewrightError):
    """Teaching cannot start or go on."""
