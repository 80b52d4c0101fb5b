"""The settings of a model, in words and as a table."""

import math
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from itertools import groupby

from tonewright.models.base import SURE, UNSURE, Row

NOT_TOLD = "cannot be told from this recording"
DIGITS = 4  # that people care for
VALUE = 2  # the column of a line on the terminal


def joined(rows: list[Row], metrics: Mapping[str, float]) -> list[Row]:
    """The rows with how sure they are, which a file keeps as "sure.compressor.ratio", in the unit of the setting.

    >>> row = Row("compressor", "ratio", 4.0, low=1.0, high=20.0, logarithmic=True)
    >>> [joined([row], {"sure.compressor.ratio": e})[0].note for e in (0.1, 3.0, math.nan)]
    ['', 'cannot be told from this recording', '']
    """
    told = []
    for row in rows:
        off = abs(metrics.get(f"{SURE}{row.place}", math.nan))
        if not math.isnan(off):
            note = row.note or (NOT_TOLD if spread(row, off) > UNSURE else "")
            row = replace(row, uncertainty=off, note=note)
        told.append(row)
    return told


def spread(row: Row, off: float) -> float:
    """How much of its range an error is, 0 to 1.

    An error is told for the side on which it is larger, upwards where that is within the range.
    """
    here = row.position(row.value)
    up = row.position(row.value + off) - here
    return up if row.value + off < row.high else max(up, here - row.position(row.value - off))


def label(row: Row) -> str:
    """What a setting is called beside its unit.

    >>> label(Row("room", "level_db[2]", 0.0, "dB")), label(Row("eq", "low_hz", 100.0, "Hz"))
    ('level 3', 'low')
    """
    name, bracket, number = row.setting.partition("[")
    stem, _, unit = name.rpartition("_")
    name = stem if stem and row.unit and unit.lower() == row.unit.lower() else name
    return name.replace("_", " ") + (f" {int(number[:-1]) + 1}" if bracket else "")


def numbers(row: Row) -> tuple[str, str]:
    """The value and its uncertainty, with as many places as mean something; "" for what there is not.

    >>> numbers(Row("a", "b", 4.0213, uncertainty=0.012)), numbers(Row("a", "b", 1234.5678))
    (('4.021', '0.012'), ('1235', ''))
    """
    if math.isnan(row.value):
        return "", ""
    places = _places(row.value, DIGITS)
    off = row.uncertainty
    if math.isnan(off):
        return _plain(row.value, places).rstrip("0").rstrip(".") if places else _plain(row.value, 0), ""
    if math.isinf(off):
        return _plain(row.value, places), "any"
    if off > 0:
        places = min(max(_places(off, 2), 0), places + 1)
    return _plain(row.value, places), _plain(max(off, 10.0**-places), places)


def lines(rows: list[Row]) -> list[str]:
    """The table for a terminal, its columns aligned."""
    cells = []
    for processor, own in groupby(rows, lambda row: row.processor):
        for number, row in enumerate(own):
            value, off = numbers(row)
            cells.append((
                *("" if number else processor, label(row), value, row.unit if value else ""),
                *(f"± {off}" if off else "", row.note),
            ))  # fmt: skip
    columns = []
    for number, column in enumerate(zip(*cells, strict=True)):
        width = max(map(len, column))
        # a number stands at the right, so that its unit follows it
        columns.append([cell.rjust(width) if number == VALUE else cell.ljust(width) for cell in column])
    return ["  ".join(line).rstrip() for line in zip(*columns, strict=True)]


def section(rows: list[Row]) -> str:
    """The table for the page; "" when there is nothing in it."""
    if not rows:
        return ""
    sure = any(not math.isnan(row.uncertainty) for row in rows)
    hint = "The bar shows where in its range a setting is."
    if sure:
        hint += (
            " Give or take is how far it may be off, with the others moved to make up for it; the bar is blue that "
            "far. What is grey may be nearly anywhere: the recording says too little of it."
        )
    body = []
    for processor, own in groupby(rows, lambda row: row.processor):
        body.append(f'<tr class="of"><th colspan="6" scope="rowgroup">{escape(processor)}</th></tr>')
        body += [_line(row) for row in own]
    give = "Give or take" if sure else ""
    head = f'<th>Setting</th><th></th><th></th><th>{give}</th><th class="where">Range</th><th></th>'
    return (
        f'<section id="turned"><h2>Settings</h2><p class="hint">{hint}</p><table class="turned">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></section>"
    )


def _line(row: Row) -> str:
    name, note = escape(label(row)), escape(row.note)
    value, off = numbers(row)
    if not value:
        return f'<tr><th scope="row">{name}</th><td colspan="5" class="note">{note}</td></tr>'
    unsure = ' class="unsure"' if note == NOT_TOLD else ""
    return (
        f'<tr{unsure}><th scope="row">{name}</th><td class="number">{value}</td>'
        f'<td class="unit">{escape(row.unit)}</td><td class="give">{f"± {off}" if off else ""}</td>'
        f'<td class="where">{_bar(row)}</td><td class="note">{note}</td></tr>'
    )


def _bar(row: Row) -> str:
    here, wide = 100.0 * row.position(row.value), ""
    if not math.isnan(row.uncertainty):
        low, high = (100.0 * row.position(row.value + side * row.uncertainty) for side in (-1, 1))
        wide = f'<b style="left:{low:.1f}%;width:{high - low:.1f}%"></b>'
    ends = f"{row.low:g} to {row.high:g} {row.unit}".strip()
    return f'<span class="range" title="{escape(ends)}">{wide}<i style="left:{here:.1f}%"></i></span>'


def _places(value: float, digits: int) -> int:
    """Decimals that show so many digits of it."""
    return min(max(digits - 1 - math.floor(math.log10(abs(value))), 0), 6) if value else digits - 1


def _plain(value: float, places: int) -> str:
    return f"{round(value, places) + 0.0:.{places}f}"
