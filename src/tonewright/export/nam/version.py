"""Which versions of .nam files are understood, and which are written."""

import re

from tonewright.errors import ConfigError
from tonewright.export.fields import field, shown

VERSIONS = ((0, 5), (0, 7))  # the first and the last
OLD, NEW = "0.5.4", "0.7.0"  # as we write them: every reader knows the older


def check_version(values: dict) -> None:
    """Refuses a file of a version that may mean something else.

    Raises:
        ConfigError: when it has none, or another.

    >>> check_version({"version": "0.9.0"})
    Traceback (most recent call last):
    tonewright.errors.ConfigError: it is of version 0.9.0, and this program reads 0.5 to 0.7; update tonewright
    """
    version = field(values, "version", str)
    if not re.fullmatch(r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}", version):
        raise ConfigError(f"its version wants three numbers, and is {shown(version)}")
    number = tuple(int(part) for part in version.split(".")[:2])
    if not VERSIONS[0] <= number <= VERSIONS[1]:
        first, last = (f"{major}.{minor}" for major, minor in VERSIONS)
        raise ConfigError(
            f"it is of version {version}, and this program reads {first} to {last}; update tonewright"
        )
