"""Other sounds on a page, beside the recording that the model is held against."""

from dataclasses import dataclass
from html import escape

import numpy as np

from tonewright.errors import ShapeError
from tonewright.report.judgement import finite
from tonewright.report.sounds import pair_data


@dataclass(frozen=True)
class Take:
    """Another sound, and what the model makes of it.

    Args:
        name: on the button, as "A singing voice".
        source, result: lined up, [T] each, mono, of the page's sample rate; about the first 20 s are heard.
        labels: what the two are called.
    """

    name: str
    source: np.ndarray
    result: np.ndarray
    labels: tuple[str, str] = ("Before", "The instrument")


def others(more: list[Take], sample_rate: int) -> list[dict]:
    """What the player of the page must know of them."""
    return [pair_data(finite(t.source), finite(t.result), sample_rate, t.labels, whole=True) for t in more]


def buttons(more: list[Take]) -> str:
    """A button for each sound that can be played, when there are several."""
    if not more:
        return ""
    names = ["The recording it never heard", *(take.name for take in more)]
    made = "".join(f"<button>{escape(name)}</button>" for name in names)
    group = '<span id="takes" class="choice" role="group" aria-label="Which take">'
    return f'<div class="row">{group}{made}</span></div>'


def alike(what: str, axis: str, *arrays: np.ndarray) -> None:
    """Refuse arrays that are not all [axis], of one length and not empty.

    Raises:
        ShapeError: with what came.
    """
    shapes = [x.shape for x in arrays]
    if len(set(shapes)) > 1 or len(shapes[0]) != 1 or shapes[0][0] == 0:
        came = ", ".join(map(str, shapes[:-1])) + f" and {shapes[-1]}" if len(shapes) > 1 else str(shapes[0])
        raise ShapeError(f"a report wants {what} as [{axis}] of one length, and got {came}")
