"""The commands of the neutone-sdk, beside a torch without graphics cards too.

python -m tonewright.export.neutone benchmark-speed --model_file amp.nm
python -m tonewright.export.neutone benchmark-latency --model_file amp.nm
"""

import importlib
import logging
import sys
import warnings

from tonewright.errors import ConfigError, FileError
from tonewright.export.neutone import host, sdk


def main() -> int:
    """Hand over to them."""
    warnings.simplefilter("ignore", DeprecationWarning)  # of torch.jit, which these files are made of
    try:
        sdk.load()
        logging.basicConfig()  # all that they find out, they log
        commands = importlib.import_module("neutone_sdk.benchmark")
        commands.load_neutone_model = opened
        return commands.cli()
    except (ConfigError, FileError) as error:
        print(error, file=sys.stderr)
    except UnicodeDecodeError:  # of names that torch made itself; some files of some versions have such
        print(
            "torch cannot read its own profile of this file; benchmark-speed tells how fast it is",
            file=sys.stderr,
        )
    return 2


def opened(model_file: str | None) -> tuple:
    """The model of the file that is named."""
    if model_file is None:
        raise ConfigError("name the file, as in: --model_file amp.nm")
    with sdk.quiet():
        return host.opened(model_file)


if __name__ == "__main__":
    sys.exit(main())
