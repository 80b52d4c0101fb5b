"""The command line: one file per verb. What a person does wrong is one sentence and exit code 2."""

import sys

import tonewright.cli.run  # noqa: F401 (the verb has the name of the function below, and would hide it later)
from tonewright.cli.words import warn


def main(arguments: list[str] | None = None) -> None:
    """Run `tonewright` with these arguments; the process ends with the exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run `tonewright` and give its exit code: 0 done, 2 a person's mistake, 130 stopped by Ctrl-C."""
    import cyclopts

    from tonewright.cli.app import app
    from tonewright.errors import TonewrightError

    try:
        return app(arguments, exit_on_error=False, print_error=False, result_action="return_value") or 0
    except cyclopts.CycloptsError as error:
        return _wrong(f"{' '.join(str(error).split())} (see 'tonewright --help')")
    except TonewrightError as error:
        return _wrong(str(error))
    except KeyboardInterrupt:
        warn("\ntonewright: stopped")
        return 130
    except BrokenPipeError:
        return 0
    except OSError as error:  # a disk that fails, a name that is too long
        return _wrong(f"{error.filename or 'a file'} cannot be used ({error.strerror or error})")


def _wrong(sentences: str) -> int:
    """Each on a line of its own: the checks of a recording may find several things."""
    for sentence in sentences.splitlines():
        warn(f"tonewright: {sentence}")
    return 2
