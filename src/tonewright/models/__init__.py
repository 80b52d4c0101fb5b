"""One folder per architecture; the folder's name is its key."""

import dataclasses
import importlib
import pkgutil
from types import ModuleType

from tonewright.config import did_you_mean, from_json, to_json
from tonewright.errors import ConfigError


def names(verb: str | None = None) -> list[str]:
    """The architectures there are, or those that a verb of the command line learns.

    >>> "wavenet" in names(), "chain" in names("capture")
    (True, False)
    """
    found = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    return found if verb is None else [name for name in found if verb_of(name) == verb]


def verb_of(name: str) -> str:
    """The verb of the command line that learns it.

    >>> verb_of("wavenet"), verb_of("rave")
    ('capture', 'timbre')
    """
    return getattr(find(name), "VERB", "capture")


def find(name: str) -> ModuleType:
    """The folder of that name, with Config, PRESETS, Model and Recipe.

    Raises:
        ConfigError: when there is none.

    >>> find("wavenet").Config().stacks[0].channels
    16
    """
    if name not in names():
        raise ConfigError(f"no architecture called '{name}'{did_you_mean(name, names())}")
    return importlib.import_module(f"tonewright.models.{name}")


def preset(architecture: str, name: str):
    """The settings of that name.

    Raises:
        ConfigError: when the architecture has none.

    >>> len(preset("wavenet", "standard").stacks)
    2
    """
    presets = find(architecture).PRESETS
    if name not in presets:
        raise ConfigError(f"no preset called '{name}' in {architecture}{did_you_mean(name, presets)}")
    return presets[name]


def changed(architecture: str, name: str, changes: dict):
    """The settings of that preset with some of them changed, and those of how such a model is taught.

    Args:
        architecture, name: of a preset.
        changes: values by name, of the settings of the model or of its teaching.

    Returns:
        The Config, and the Course; None for the latter where nothing of it was changed and the preset has none of its
        own.

    Raises:
        ConfigError: no such preset or setting, or an impossible value.

    >>> changed("lstm", "standard", {"hidden": 24, "chunk": 512})
    (Config(hidden=24, layers=1, cell='lstm', direct=False, knobs=()), Truncation(segments=16, ..., chunk=512, ...))
    """
    room, config = find(architecture), preset(architecture, name)
    of_course = _names(getattr(room, "Course", None))
    of_model = [
        setting
        for setting in _names(room.Config)
        if setting != "knobs" or not isinstance(config.knobs, tuple)  # names come with the recordings
    ]
    for setting in changes:
        if setting not in of_model + of_course:
            known = did_you_mean(setting, of_model + of_course)
            raise ConfigError(f"no setting called '{setting}' in {architecture}{known}")
    own = {setting: value for setting, value in changes.items() if setting in of_model}
    others = {setting: value for setting, value in changes.items() if setting in of_course}
    config = from_json(room.Config, to_json(config) | own, architecture)
    course = getattr(room, "COURSES", {}).get(name)
    if others:
        course = from_json(room.Course, (to_json(course) if course else {}) | others, architecture)
    return config, course


def _names(settings: type | None) -> list[str]:
    return [] if settings is None else [field.name for field in dataclasses.fields(settings)]
