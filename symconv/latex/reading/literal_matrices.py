r"""Literal matrices as equations between elements: ``y = \begin{pmatrix} ... \end{pmatrix}``.

A matrix gives the entries of an array on its last two axes; a single row or column gives
those of an array with one axis. What is left out in front stands for size 1, as it does for
entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from symconv.algebra.evaluation import integer_value
from symconv.algebra.expressions import Array
from symconv.algebra.indices import Condition, Constant, Symbol, equal, symbols
from symconv.latex.reading.atoms import atoms
from symconv.latex.reading.claims import Member
from symconv.latex.reading.context import Context
from symconv.latex.reading.items import Span
from symconv.latex.reading.syntax import Literal, Name, Node, Stopped

_ENVIRONMENT = re.compile(
    r"\\begin\s*\{(\w+)\*?\}(?:\s*\{[clr|\s]*\})?(.*)\\end\s*\{\1\*?\}\Z", re.DOTALL
)
_ROW = re.compile(r"\\\\(?:\[[^\]]*\])?")
_CELL = re.compile(r"(?<!\\)&")


@dataclass(frozen=True, slots=True)
class Element:
    """One entry of a matrix: the entry of the array, and what it is equal to."""

    span: Span
    entry: Node
    value: Member


@dataclass(frozen=True, slots=True)
class Elements:
    """A matrix as equations between elements.

    Attributes:
        array: the array that is equal to it.
        cells: the entries, row by row.
        conditions: how long the axes are.
    """

    array: Array
    cells: tuple[Element, ...]
    conditions: tuple[Condition, ...]


def is_matrix(node: Node | Stopped) -> bool:
    """Tell whether a member of a chain is a literal matrix and nothing else."""
    return isinstance(node, Literal) and node.kind == "matrix"


def elements(name: Node | Stopped, matrix: Node, text: str, context: Context) -> Elements:
    """Cut a matrix that is set equal to an array into its entries.

    Args:
        name: the other side of the equation.
        matrix: the matrix.
        text: the formula.
        context: what is known.

    Raises:
        Stopped: where the other side is no array, or has another shape.
    """
    if isinstance(name, Stopped):
        raise name
    array = context.array(name.name) if isinstance(name, Name) and not name.subscripts else None
    if array is None:
        raise Stopped(
            name.span,
            "unsupported",
            "a literal matrix is equal to something that is no name of an array",
            "write an equation per element",
        )
    rows = list(_rows(matrix, text))
    if len({len(row) for row in rows}) != 1:
        raise Stopped(matrix.span, "unreadable", "the rows of this matrix differ in length")
    return _placed(array, rows, matrix, name, text, context)


def example_values(array: Array, matrix: Node) -> Stopped:
    """Make the error for a matrix of numbers, which no array is for every value of its entries."""
    return Stopped(
        matrix.span,
        "unsupported",
        f"a literal matrix gives {array.name} the values of an example",
        f"every value of {array.name} is meant here; write equations for what is computed",
    )


def _placed(
    array: Array, rows: list[list[Span]], matrix: Node, name: Node, text: str, context: Context
) -> Elements:
    extents = (len(rows), len(rows[0]))
    if len(array.shape) == 1 and 1 in extents:
        rows = [[cell] for row in rows for cell in row]
        extents = (len(rows), 1)
    axes = array.shape[-2:]
    if not array.shape or (len(array.shape) == 1 and extents[1] != 1):
        raise Stopped(
            matrix.span,
            "wrong-rank",
            f"a matrix of {extents[0]} by {extents[1]} entries is no value of {array.name}",
        )
    conditions: list[Condition] = []
    example: dict[Symbol, int] = dict(context.examples)
    for axis, count in zip(axes, extents, strict=False):
        known = set(symbols(axis))
        if known <= example.keys() and integer_value(axis, example) != count:
            raise Stopped(
                matrix.span,
                "wrong-rank",
                f"the axis of {array.name} has {axis} = {integer_value(axis, example)} positions, "
                f"and {count} are written"
                if known
                else f"the axis of {array.name} has {axis} positions, and {count} are written",
                f"{extents[0]} by {extents[1]} entries are written: is another array meant?",
            )
        if not isinstance(axis, Constant):
            conditions.append(equal(axis, count))
    base = context.base_of(array.name)
    cells: list[Element] = []
    for i, row in enumerate(rows):
        for j, (start, end) in enumerate(row):
            places = (i, j)[: len(axes)]
            indices = tuple(Literal(name.span, 1, "number", str(place + base)) for place in places)
            entry = Name(name.span, 2, array.name, indices)
            cells.append(Element((start, end), entry, _member_at((start, end), text)))
    return Elements(array, tuple(cells), tuple(conditions))


def _member_at(span: Span, text: str) -> Member:
    """Return what stands in one entry of a matrix, as a member of a chain."""
    start, end = span
    found = [
        replace(atom, start=atom.start + start, end=atom.end + start)
        for atom in atoms(text[start:end])
    ]
    return Member(tuple(found), start)


def _rows(matrix: Node, text: str) -> Iterator[list[Span]]:
    """Yield where the entries of each row stand."""
    start, end = matrix.span
    found = _ENVIRONMENT.fullmatch(text[start:end])
    if found is None or "\\begin" in found[2]:
        raise Stopped(matrix.span, "unsupported", "a matrix that holds another environment")
    for row_start, row_end in _cut(_ROW, text, start + found.start(2), start + found.end(2)):
        if text[row_start:row_end].strip():
            yield [_stripped(text, *cell) for cell in _cut(_CELL, text, row_start, row_end)]


def _cut(separator: re.Pattern[str], text: str, start: int, end: int) -> Iterator[Span]:
    for found in separator.finditer(text, start, end):
        yield start, found.start()
        start = found.end()
    yield start, end


def _stripped(text: str, start: int, end: int) -> Span:
    inside = text[start:end]
    start += len(inside) - len(inside.lstrip())
    return start, start + len(inside.strip())
