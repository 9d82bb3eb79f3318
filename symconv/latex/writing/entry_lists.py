r"""Closed forms: every entry of an array or gradient at given sizes, as a list and a matrix.

The entries are the polynomials of `evaluation`, written in the order that people use: in a
product the upstream gradient first, then the layer's inputs in their order; in a sum the
terms by the positions of their entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod

from symconv.algebra.counting import term_count
from symconv.algebra.evaluation import Atom, Evaluator, Exact, Polynomial, integer_value
from symconv.algebra.expressions import Array, Derivative, Entry, Expression
from symconv.algebra.indices import Constant
from symconv.errors import TooLarge, UnknownStatement
from symconv.latex.spellings import Binding
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.joining import Written, multiply
from symconv.latex.writing.layout import EQUALS, INDENT, aligned
from symconv.latex.writing.matrices import Cell, matrix_latex, matrix_shape
from symconv.latex.writing.widths import estimated_width
from symconv.latex.writing.writer import derivative_latex, entry_latex, expression_latex
from symconv.layers.layer import Layer, Sizes

_DEFAULT = LatexOptions()

MOST_TERMS = 100_000
"""The most terms that are written: several hundred pages."""


@dataclass(frozen=True, slots=True)
class ClosedEntry:
    """One entry of an array or gradient at given sizes.

    Attributes:
        expression: the entry itself, at its position.
        polynomial: what it is in the entries of the layer's inputs.
    """

    expression: Expression
    polynomial: Polynomial


@dataclass(frozen=True, slots=True)
class ClosedEntries:
    """Every entry of an array or gradient at given sizes, the last index varying fastest.

    Attributes:
        body: the array.
        by: what it is differentiated by, or None.
        shape: the extents of `body`, followed by those of `by` where there is one.
        entries: one per position.
    """

    body: Array
    by: Array | None
    shape: tuple[int, ...]
    entries: tuple[ClosedEntry, ...]


def entries_latex(layer: Layer, name: str, sizes: Sizes, options: LatexOptions = _DEFAULT) -> str:
    r"""Write every entry of an array or gradient as a closed form at given sizes.

    Args:
        layer: the layer.
        name: a defined array (``y``, ``x_pad``), a gradient (``dL/dx``) or a Jacobian
            (``dy/dw``), which takes the output's indices first.
        sizes: what `Layer.sizes` returned.
        options: how it is written.

    Returns:
        Displays: an ``align*`` with one equation per entry, broken into lines; where all but
        two axes have one position, also a matrix. The matrix holds the closed forms where
        they fit on a page, otherwise the names of the entries; where not even these fit, a
        comment in the source says that it is left out.

    Raises:
        UnknownStatement: when the layer has no such array, or it is an input, whose entries
            stand for themselves.
        TooLarge: when there are more than `MOST_TERMS` terms, before any is built.
    """
    options = options.for_layer(layer)
    closed = closed_entries(layer, name, sizes)
    rank = _ranks(layer)
    cells = [
        Cell(expression_latex(entry.expression, options), terms)
        for entry, terms in zip(
            closed.entries, _written_terms(closed.entries, rank, options), strict=True
        )
    ]
    shape = matrix_shape(closed.shape)
    if shape is None or len(cells) == 1:
        return _list(cells, options)
    matrix = matrix_latex(_name(closed, options), cells, shape, options)
    if matrix is None:
        return _list(cells, options, f"no page holds a matrix of {shape[0]} by {shape[1]} entries")
    return f"{_list(cells, options)}\n\n{matrix}"


def closed_entries(layer: Layer, name: str, sizes: Sizes) -> ClosedEntries:
    """Expand every entry of an array or gradient at given sizes.

    Raises:
        UnknownStatement: when the layer has no such array, or it is an input.
        TooLarge: when there are more than `MOST_TERMS` terms, before any is built.
    """
    body, by = layer.named_arrays(name)
    _refuse_inputs(layer, name, body, by)
    body_shape = _extents(body, sizes)
    by_shape = _extents(by, sizes) if by else ()
    corner = Entry(body, tuple(Constant(0) for _ in body.shape))
    terms_of_one = term_count(corner, layer.definition_by_name, sizes.by_symbol)
    terms = prod(body_shape) * (terms_of_one + prod(by_shape))
    if terms > MOST_TERMS:
        raise TooLarge(
            f"{name} at {sizes} has up to {terms:,} terms, "
            f"more than the {MOST_TERMS:,} that are written",
            terms=terms,
            help="give smaller sizes",
        )
    places = list(_entries(body, body_shape))
    expressions: list[Expression] = [*places]
    if by is not None:
        targets = list(_entries(by, by_shape))
        expressions = [Derivative(place, target) for place in places for target in targets]
    evaluator = Evaluator(layer.definition_by_name, sizes.by_symbol)
    entries = tuple(ClosedEntry(item, evaluator.polynomial(item)) for item in expressions)
    return ClosedEntries(body, by, body_shape + by_shape, entries)


def _refuse_inputs(layer: Layer, name: str, body: Array, by: Array | None) -> None:
    defined = ", ".join(layer.definition_by_name)
    if by is None and body in layer.inputs:
        raise UnknownStatement(
            f"{name} is an input of {layer.name}: its entries stand for themselves",
            help=f"ask for {defined}, or a gradient such as dL/dx",
        )
    if layer.upstream is not None and body == layer.loss and by == layer.output:
        raise UnknownStatement(
            f"{name} is the upstream gradient of {layer.name}: its entries stand for themselves",
            help=f"ask for {defined}, or another gradient, such as dL/dx",
        )


def _extents(array: Array, sizes: Sizes) -> tuple[int, ...]:
    return tuple(int(integer_value(extent, sizes.by_symbol)) for extent in array.shape)


def _entries(array: Array, shape: Sequence[int]) -> Iterator[Entry]:
    for position in product(*map(range, shape)):
        yield Entry(array, tuple(map(Constant, position)))


def _ranks(layer: Layer) -> dict[str, int]:
    """Order arrays as people write them in products: upstream gradient, then the inputs."""
    upstream = () if layer.upstream is None else (layer.upstream,)
    arrays = dict.fromkeys((*upstream, *layer.inputs))
    return {array.name: rank for rank, array in enumerate(arrays)}


def _written_terms(
    entries: Sequence[ClosedEntry], rank: dict[str, int], options: LatexOptions
) -> Iterator[tuple[str, ...]]:
    """Yield the terms of each entry as LaTeX, all but its first with a sign before it."""
    written: dict[Atom, Written] = {}

    def order(atom: Atom) -> tuple[int, tuple[int, ...]]:
        return rank[atom[0]], atom[1]

    def factor(atom: Atom) -> Written:
        if atom not in written:
            name, position = atom
            written[atom] = entry_latex(name, [str(index) for index in position], options)
        return written[atom]

    for entry in entries:
        products = [
            (sorted(monomial, key=order), coefficient)
            for monomial, coefficient in entry.polynomial.items()
        ]
        products.sort(key=lambda item: [order(atom) for atom in item[0]])
        terms = [
            _term([factor(atom) for atom in atoms], coefficient, options)
            for atoms, coefficient in products
        ]
        first, *others = terms or [("", "0")]
        yield (
            f"{'-' if first[0] == '-' else ''}{first[1]}",
            *(f"{sign} {text}" for sign, text in others),
        )


def _term(factors: Sequence[Written], coefficient: Exact, options: LatexOptions) -> tuple[str, str]:
    """Write one term as its sign and what follows it.

    An entry that occurs twice is written twice: a superscript belongs to a name.
    """
    size = Fraction(abs(coefficient))
    number = (
        str(size) if size.denominator == 1 else f"\\frac{{{size.numerator}}}{{{size.denominator}}}"
    )
    parts = [*factors] if size == 1 and factors else [Written(number, Binding.ATOM), *factors]
    text = multiply(parts, options.long_names, tight=False).text
    return "-" if coefficient < 0 else "+", text


def _list(cells: Sequence[Cell], options: LatexOptions, note: str = "") -> str:
    """Write one equation per entry, with the same number of terms on every full line."""
    name_width = estimated_width(max((cell.name for cell in cells), key=len))
    longest_term = max((term for cell in cells for term in cell.terms), key=len)
    room = options.line_width - name_width - EQUALS - INDENT
    per_line = max(1, int(room / estimated_width(f"+ {longest_term.lstrip('+- ')}")))
    return aligned([(cell.name, cell.lines(per_line)) for cell in cells], note)


def _name(closed: ClosedEntries, options: LatexOptions) -> str:
    body = entry_latex(closed.body.name, (), options)
    if closed.by is None:
        return body.text
    return derivative_latex(body, entry_latex(closed.by.name, (), options), options).text
