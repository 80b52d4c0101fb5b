"""The commands of the neutone-sdk, beside a torch without graphics cards too.

python -m tonewright.export.neutone benchmark-speed --model_file amp.nm
python -m tonewright.export.neutone benchmark-latency --model_file amp.nm
"""

import importlib
import logging
import sys
import warnings

from tonewright.errors import ConfigError
from tonewright.export.neutone import sdk


def main() -> int:
    """Hand over to them."""
    warnings.simplefilter("ignore", DeprecationWarning)  # of torch.jit, which these files are made of
    try:
        sdk.load()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    logging.basicConfig()  # all that they find out, they log
    return importlib.import_module("neutone_sdk.benchmark").cli()


if __name__ == "__main__":
    sys.exit(main())
