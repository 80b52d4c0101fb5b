"""What the tests pass by: a module that cannot be imported where an extra of the package is not installed."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("neutone_sdk") else ["src/tonewright/export/neutone/wrapper.py"]
