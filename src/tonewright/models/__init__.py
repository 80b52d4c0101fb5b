"""One folder per architecture; the folder's name is its key."""

import importlib
import pkgutil
from types import ModuleType

from tonewright.config import did_you_mean
from tonewright.errors import ConfigError


def names() -> list[str]:
    """The architectures there are.

    >>> "wavenet" in names()
    True
    """
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


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
