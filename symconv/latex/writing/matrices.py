r"""Entries as a matrix, where they fill two axes and fit on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.layout import EQUALS
from symconv.latex.writing.widths import estimated_width

_BRACKETS = 1.8
"""The width of both parentheses around a matrix, in em."""
_COLUMN_GAP = 1.0
"""The space between two columns, in em."""
_ROW_GAP = 0.6
"""The space between two rows beside that between lines, in em."""
_LINE_HEIGHT, _FRACTION_HEIGHT = 1.5, 2.8
"""The height of a line of subscripted entries, and of a line with fractions, in em."""
_MOST_COLUMNS = 10
"""How many columns `pmatrix` has unless a document asks for more."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One entry as LaTeX.

    Attributes:
        name: the entry itself.
        terms: what it is, as terms; all but the first begin with a sign.
    """

    name: str
    terms: tuple[str, ...]

    def lines(self, per_line: int) -> list[str]:
        """Return the terms as lines of so many terms each."""
        starts = range(0, len(self.terms), per_line)
        return [" ".join(self.terms[start : start + per_line]) for start in starts]


def matrix_shape(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Return rows and columns where all but two axes have one position, otherwise None."""
    long_axes = [axis for axis, extent in enumerate(shape) if extent > 1]
    if len(shape) < 2 or len(long_axes) > 2:
        return None
    others = [axis for axis in reversed(range(len(shape))) if axis not in long_axes]
    rows, columns = sorted([*long_axes, *others][:2])
    return shape[rows], shape[columns]


def matrix_latex(
    name: str, cells: Sequence[Cell], shape: tuple[int, int], options: LatexOptions
) -> str | None:
    r"""Write entries as a displayed matrix; None where it fits on no page.

    The cells hold the closed forms, broken into lines, where these fit; otherwise the names.

    Args:
        name: the left side of the equation.
        cells: the entries, row by row.
        shape: the number of rows and of columns.
        options: how wide a line and how tall a page is.
    """
    rows, columns = shape
    table = [cells[row * columns : (row + 1) * columns] for row in range(rows)]
    room = options.line_width - estimated_width(name) - EQUALS - _BRACKETS
    per_line = _terms_per_line(table, room, options.page_height)
    if per_line is None:
        table = [[Cell(cell.name, (cell.name,)) for cell in row] for row in table]
        per_line = _terms_per_line(table, room, options.page_height)
    if per_line is None:
        return None
    body = "\n".join(_row(row, per_line, last=row is table[-1]) for row in table)
    opening, closing = "\\begin{pmatrix}", "\\end{pmatrix}"
    if columns > _MOST_COLUMNS:
        opening = f"\\left(\\begin{{array}}{{{'c' * columns}}}"
        closing = "\\end{array}\\right)"
    return f"\\[\n  {name} = {opening}\n{body}\n  {closing}\n\\]"


def _terms_per_line(table: Sequence[Sequence[Cell]], room: float, page_height: float) -> int | None:
    """Return the most terms per line at which every cell fits on the page, or None."""
    terms = [term for row in table for cell in row for term in cell.terms]
    term_width = estimated_width(max(terms, key=len))
    line_height = max(map(_line_height, table))
    counts = [[len(cell.terms) for cell in row] for row in table]
    widest = [max(column) for column in zip(*counts, strict=True)]
    for per_line in range(max(widest), 0, -1):
        width = sum(min(per_line, count) * term_width + _COLUMN_GAP for count in widest)
        if width <= room:
            lines = sum(ceil(max(row) / per_line) for row in counts)
            height = lines * line_height + len(counts) * _ROW_GAP
            return per_line if height <= page_height else None
    return None


def _row(cells: Sequence[Cell], per_line: int, *, last: bool) -> str:
    """Write a row, with a gap behind it that a page shows whatever the height of the row."""
    lines = [cell.lines(per_line) for cell in cells]
    text = f"    {' & '.join(map(_cell, lines))}"
    if last:
        return text
    # In an array the gap counts from the line in the middle of a row, not from its end.
    gap = max(map(len, lines)) * _line_height(cells) / 2 - _LINE_HEIGHT / 2 + _ROW_GAP
    return f"{text} \\\\[{gap:.1f}em]"


def _line_height(cells: Sequence[Cell]) -> float:
    fraction = any("\\frac" in term for cell in cells for term in cell.terms)
    return _FRACTION_HEIGHT if fraction else _LINE_HEIGHT


def _cell(lines: Sequence[str]) -> str:
    if len(lines) == 1:
        return f"\\displaystyle {lines[0]}" if "\\frac" in lines[0] else lines[0]
    inner = " \\\\ ".join(f"&{line}" for line in lines)
    return f"\\begin{{aligned}} {inner} \\end{{aligned}}"
