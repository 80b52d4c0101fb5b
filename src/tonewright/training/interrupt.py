"""Ctrl-C while teaching: it waits for the end of the step, and a second one does not."""

import signal


class CtrlC:
    """While inside, the first Ctrl-C only sets `pressed`; the next one stops at once, as it does outside.

    In the middle of a step some weights are new and some are old: a training that was kept from there would not
    go on to the same bits. A handler that somebody else has set stays.

    Attributes:
        pressed: whether to stop after this step.

    >>> with CtrlC() as ctrl_c:
    ...     ctrl_c.pressed
    False
    """

    def __init__(self):
        self.pressed = False
        self._ours = False

    def __enter__(self) -> "CtrlC":
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            try:
                signal.signal(signal.SIGINT, self._press)
                self._ours = True
            except ValueError:  # outside of the main thread, where no Ctrl-C arrives
                pass
        return self

    def __exit__(self, *error) -> None:
        self._give_back()

    def _press(self, number, frame) -> None:
        self.pressed = True
        self._give_back()

    def _give_back(self) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._ours = False
