r"""Arrays given entry by entry: ``y = \begin{pmatrix} ... \end{pmatrix}``, or ``y_{11} = ...``.

A literal matrix is read as equations between elements. It gives the entries of an array on its
last two axes; a single row or column gives those of an array with one axis. What is left out in
front stands for size 1, as it does for entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Final

from symconv.algebra.evaluation import integer_value
from symconv.algebra.expressions import Add, Array, Definition, Number
from symconv.algebra.indices import And, Condition, Constant, Index, Or, Symbol, as_integer, equal
from symconv.algebra.tree import symbols
from symconv.latex.reading.atoms import atoms
from symconv.latex.reading.claims import Member
from symconv.latex.reading.context import Context, DefinedWhere
from symconv.latex.reading.items import ArrayDefinition, FormulaReading, Span
from symconv.latex.reading.meaning.clauses import Restrictions
from symconv.latex.reading.meaning.piecewise import guarded
from symconv.latex.reading.meaning.scope import Scope, sentences
from symconv.latex.reading.meaning.sides import Side, entry_of
from symconv.latex.reading.syntax import Literal, Name, Node, Stopped
from symconv.verdicts import Note

EXAMPLE: Final = "example"
"""The code of an equation that gives an entry its value in an example, and claims nothing."""
MOST_NAMES: Final = 500
"""The most names that may be known at once; every further one makes reading slower."""
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


def is_given_by_elements(name: str, context: Context) -> bool:
    """Tell whether an array has some of its entries given one by one, and not yet all."""
    definition = context.definition(name)
    if definition is None or context.domain(name) is None:
        return False
    return definition.target.indices[:1] == (_axis(name, 0),)


def element_definition(
    array: Array,
    head: Name,
    side: Side | Stopped,
    span: Span,
    context: Context,
    restricted: Restrictions,
) -> FormulaReading | None:
    """Read an equation that gives one entry of an array: y_{11} = ..., with y_{12} to follow.

    What is known of the array grows by that entry; the other ones have no value yet.
    """
    scope = Scope(context, final=True)
    entry = entry_of(head, scope)
    if isinstance(side, Stopped):
        raise side
    positions = [position for position in entry.indices if isinstance(position, Constant)]
    if len(positions) < len(array.shape) or side.free or restricted != Restrictions():
        raise Stopped(
            head.span,
            "unsupported",
            f"this gives some entries of {array.name} alone",
            f"define all of {array.name} by one equation, with an index per axis",
        )
    if isinstance(side.expression, Number) and not any(symbols(side.expression.value)):
        raise Stopped(head.span, EXAMPLE, f"a value of {array.name} in an example")
    indices = tuple(_axis(array.name, axis) for axis in range(len(positions)))
    here = And(tuple(equal(i, at) for i, at in zip(indices, positions, strict=True)))
    piece = guarded(here, side.expression)
    known, domain = context.definition(array.name), context.domain(array.name)
    places, pieces = [here], [] if piece is None else [piece]
    if known is not None:
        assert domain is not None, "an array that is given by elements says which"
        assert isinstance(domain.condition, Or), "and which are a list"
        if here in domain.condition.conditions:
            return None
        places = [*domain.condition.conditions, here]
        pieces = [*(known.body.terms if isinstance(known.body, Add) else (known.body,)), *pieces]
    if len(places) > MOST_NAMES:
        raise Stopped(span, "unsupported", f"more than {MOST_NAMES} entries are given one by one")
    body = Add(tuple(pieces)) if pieces else Number(as_integer(0))
    definition = Definition(array[indices], body)
    rest = replace(
        context,
        definitions=tuple(item for item in context.definitions if item.array != array),
    )
    found = rest.with_definition(definition)
    if not _are_all(len(places), array):
        found = found.with_domain(DefinedWhere(array.name, indices, Or(tuple(places))))
    said = Note("reading", f"{entry} is given here, as one entry of {array.name}")
    return FormulaReading(
        (ArrayDefinition(span, definition, (*sentences(side.scope.readings), said)),), found
    )


def _axis(name: str, axis: int) -> Index:
    return Index(f"{name}_{axis}")


def _are_all(count: int, array: Array) -> bool:
    extents = [extent.value for extent in array.shape if isinstance(extent, Constant)]
    return len(extents) == len(array.shape) and count == prod(extents)
