"""Expressions as sums of guarded monomials: the normal form.

A term is ``coefficient * product of entries``, summed over bound indices in ranges, where a
condition holds. Products are multiplied out, sums pulled to the front, deltas and brackets
moved into the condition. For a well-formed expression the terms add up to the same
polynomial; a product that a bracket guarded is guarded by the condition.

A term is a formal sum: its condition is a set, sorted by text, and its ranges stand in front
of it. The author's order may make a guard skip what has no value (a division by 0, a bound
that is no integer), and a guard ``1 - [...]`` guards as a whole but is multiplied out. So the
terms have the value of the expression, but one of them need not be evaluable alone. Whoever
proves with terms settles first that the expression, as it was written, is well-formed.

The form is blind to the names of bound indices, to the order of addends, factors and sums,
to nesting, and to how integer expressions and conditions are written, as far as these have
one canonical form. Bound indices are numbered by where they occur. Indices that occur in
the same way are left in the author's order, so blindness is promised where they differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from symconv.algebra.calculus import without_derivatives
from symconv.algebra.conditions import FALSE, canonical_condition, conjunction
from symconv.algebra.expressions import (
    Add,
    Definition,
    Delta,
    Entry,
    Expression,
    Iverson,
    Mul,
    Number,
    Sum,
)
from symconv.algebra.indices import (
    TRUE,
    And,
    Comparison,
    Condition,
    Constant,
    Index,
    IntegerExpression,
    Plus,
    Range,
    Symbol,
    Times,
)
from symconv.algebra.ratios import Least, canonical
from symconv.algebra.scoping import free_symbols, substitute
from symconv.algebra.size_limits import expanded_terms
from symconv.algebra.text import number_text
from symconv.algebra.tree import map_parts, parts, symbols
from symconv.errors import NotSupported

MOST_TERMS = 2_000
"""Limit: a product of sums is multiplied out to at most so many terms, counted before."""
MOST_IN_ALL = 4_000
"""Limit: so many terms in one normal form."""


@dataclass(frozen=True, slots=True)
class Term:
    """A guarded monomial, summed over its bound indices.

    Attributes:
        coefficient: a rational number that may depend on sizes and indices.
        entries: the entries of the product, sorted.
        condition: the conditions that must all hold, sorted; ranges are not repeated.
        ranges: the bound indices; a range may use the indices before it.
    """

    coefficient: IntegerExpression
    entries: tuple[Entry, ...] = ()
    condition: tuple[Condition, ...] = ()
    ranges: tuple[Range, ...] = ()

    @property
    def arrays(self) -> tuple[tuple[str, int], ...]:
        """The arrays of the monomial, each with its number of axes, repeats included."""
        return tuple((entry.array.name, len(entry.indices)) for entry in self.entries)

    def expression(self) -> Expression:
        """Write the term as an expression again, its guard in front."""
        guard = (Iverson(And(self.condition)),) if self.condition else ()
        body = Mul((*guard, Number(self.coefficient), *self.entries))
        return Sum(body, *self.ranges) if self.ranges else body


def normal_form(
    expression: Expression,
    definitions: Mapping[str, Definition] | None = None,
    *,
    least: Least | None = None,
) -> tuple[Term, ...]:
    """Bring an expression to its normal form: guarded monomials in a fixed order.

    Equal terms are added up, and what cancels is left out. Definitions are expanded and
    derivatives taken first.

    Args:
        expression: what to rewrite.
        definitions: what each defined array is, by its name.
        least: the least values that are known of sizes; they tell which divisors are
            positive, so that more conditions have one canonical form.

    Raises:
        NotSupported: when multiplying out gives more than `MOST_TERMS` terms.
    """
    _require_few_terms(expression, definitions or {})
    plain = without_derivatives(expression, definitions)
    free = {symbol.name for symbol in free_symbols(plain)}
    merged: dict[tuple[object, ...], list[IntegerExpression]] = {}
    terms: dict[tuple[object, ...], Term] = {}
    for raw in _flatten(plain, {}, _Names(free)):
        term = _canonical_term(raw, least or {}, free)
        if term is None:
            continue
        key = (term.entries, term.condition, term.ranges)
        merged.setdefault(key, []).append(term.coefficient)
        terms[key] = term
    found: list[Term] = []
    for key, coefficients in merged.items():
        total = canonical(Plus(tuple(coefficients)))
        if total != Constant(0):
            term = terms[key]
            found.append(Term(total, term.entries, term.condition, term.ranges))
    return tuple(sorted(found, key=_text))


def normal_form_expression(terms: Iterable[Term]) -> Expression:
    """Write a normal form as an expression again."""
    return Add(tuple(term.expression() for term in terms))


class _Names:
    """Bound names that occur nowhere else, in the order in which they are asked for."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._number = 0

    def fresh(self) -> Index:
        self._number += 1
        while f"#{self._number}" in self._taken:
            self._number += 1
        return Index(f"#{self._number}")


def _require_few_terms(expression: Expression, definitions: Mapping[str, Definition]) -> None:
    total, product = expanded_terms(expression, definitions)
    if total > MOST_IN_ALL or product > MOST_TERMS:
        count, most = (product, MOST_TERMS) if product > MOST_TERMS else (total, MOST_IN_ALL)
        written = f"{count:,}" if count < 10**30 else number_text(count)
        raise NotSupported(
            f"multiplying out gives {written} terms, more than {most:,}",
            code="too-many-terms",
        )


def _flatten(
    expression: Expression, names: Mapping[Symbol, IntegerExpression], fresh: _Names
) -> list[Term]:
    """Multiply out; every sum gets names of its own, so no index can be caught."""
    match expression:
        case Number(value=value):
            return [Term(substitute(value, names))]
        case Delta(left=left, right=right):
            equality = substitute(Comparison(left, "==", right), names)
            return [Term(Constant(1), condition=(equality,))]
        case Iverson(condition=condition):
            return [Term(Constant(1), condition=(substitute(condition, names),))]
        case Entry():
            moved = map_parts(expression, lambda index: substitute(index, names))
            return [Term(Constant(1), (moved,))]
        case Add(terms=terms):
            return [term for part in terms for term in _flatten(part, names, fresh)]
        case Mul(factors=factors):
            product = [Term(Constant(1))]
            for part in factors:
                product = _product(product, _flatten(part, names, fresh))
            return product
    assert isinstance(expression, Sum), "no other node is without derivatives"
    return _flatten_sum(expression.body, expression.ranges, names, fresh)


def _flatten_sum(
    body: Expression,
    ranges: tuple[Range, ...],
    names: Mapping[Symbol, IntegerExpression],
    fresh: _Names,
) -> list[Term]:
    inner = dict(names)
    moved: list[Range] = []
    for item in ranges:
        index = fresh.fresh()
        moved.append(replace(substitute(item, inner), index=index))
        inner[item.index] = index
    return [
        Term(term.coefficient, term.entries, term.condition, (*moved, *term.ranges))
        for term in _flatten(body, inner, fresh)
    ]


def _product(left: list[Term], right: list[Term]) -> list[Term]:
    return [
        Term(
            Times((a.coefficient, b.coefficient)),
            (*a.entries, *b.entries),
            (*a.condition, *b.condition),
            (*a.ranges, *b.ranges),
        )
        for a in left
        for b in right
    ]


def _canonical_term(raw: Term, least: Least, free: set[str]) -> Term | None:
    """Write a term in its canonical form; None where it is always 0."""
    coefficient = canonical(raw.coefficient)
    condition = conjunction(canonical_condition(part, least) for part in raw.condition)
    if coefficient == Constant(0) or condition == FALSE:
        return None
    known = () if condition == TRUE else _conjuncts(condition)
    ranges = tuple(map_parts(item, canonical) for item in raw.ranges)
    entries = tuple(map_parts(entry, canonical) for entry in raw.entries)
    term = Term(coefficient, entries, known, ranges)
    renaming = _numbering(term, free)
    return _renamed(term, renaming, least)


def _conjuncts(condition: Condition) -> tuple[Condition, ...]:
    return condition.conditions if isinstance(condition, And) else (condition,)


def _renamed(term: Term, renaming: Mapping[Symbol, Index], least: Least) -> Term:
    """Rename bound indices, and sort everything again by the new names."""

    def integer(expression: IntegerExpression) -> IntegerExpression:
        return canonical(substitute(expression, renaming))

    ranges = [replace(map_parts(item, integer), index=renaming[item.index]) for item in term.ranges]
    entries = sorted((map_parts(entry, integer) for entry in term.entries), key=_entry_key)
    condition = conjunction(
        canonical_condition(substitute(part, renaming), least) for part in term.condition
    )
    return Term(
        integer(term.coefficient),
        tuple(entries),
        () if condition == TRUE else _conjuncts(condition),
        _scoped(ranges),
    )


def _scoped(ranges: list[Range]) -> tuple[Range, ...]:
    """Order ranges by the number of their index, but never before an index that they use."""
    left = sorted(ranges, key=lambda item: (len(item.index.name), item.index.name))
    bound = {item.index for item in left}
    found: list[Range] = []
    while left:
        placed = {earlier.index for earlier in found}
        # A range only ever uses indices of ranges before it, so there is always a next one.
        following = next(item for item in left if {*symbols(item)} & bound <= placed)
        found.append(following)
        left.remove(following)
    return tuple(found)


def _numbering(term: Term, free: set[str]) -> dict[Symbol, Index]:
    """Number bound indices by where they occur, those that occur alike in their order.

    The colour of an index is what it occurs in, written with the colours of the other
    indices; refining it until nothing changes tells indices apart by their surroundings.
    """
    bound = [item.index for item in term.ranges]
    if not bound:
        return {}
    places = [(text, present) for text, present in _places(term) if present & set(bound)]
    colour: dict[Symbol, int] = dict.fromkeys(bound, 0)
    while True:
        seen: dict[Symbol, list[str]] = {index: [] for index in bound}
        for write, present in places:
            for index in bound:
                if index in present:
                    names: dict[Symbol, IntegerExpression] = {
                        other: Index("@" if other == index else f"@{colour[other]}")
                        for other in bound
                        if other in present
                    }
                    seen[index].append(write(names))
        keys = {index: (colour[index], tuple(sorted(seen[index]))) for index in bound}
        ranked = {key: rank for rank, key in enumerate(sorted(set(keys.values())))}
        refined: dict[Symbol, int] = {index: ranked[keys[index]] for index in bound}
        stable = refined == colour
        colour = refined
        if stable or len(ranked) == len(bound):
            break
    ordered = sorted(bound, key=lambda index: (colour[index], bound.index(index)))
    prefix = "t"
    while any(name.startswith(prefix) and name[len(prefix) :].isdigit() for name in free):
        prefix += "t"
    return {index: Index(f"{prefix}{number}") for number, index in enumerate(ordered, 1)}


def _places(term: Term) -> Iterator[tuple[_Writer, set[Symbol]]]:
    """Yield everything in a term that mentions indices: how to write it, and which."""
    yield _Writer("coefficient", (term.coefficient,)), set(symbols(term.coefficient))
    for item in term.ranges:
        yield _Writer("range", (item.index, *parts(item))), {item.index, *symbols(item)}
    for entry in term.entries:
        yield _Writer(f"entry {entry.array.name}", entry.indices), set(symbols(entry))
    for condition in term.condition:
        yield _Writer("condition", (condition,)), set(symbols(condition))


@dataclass(frozen=True, slots=True)
class _Writer:
    """A piece of a term that is written with other names for its indices."""

    kind: str
    pieces: tuple[IntegerExpression | Condition, ...]

    def __call__(self, names: Mapping[Symbol, IntegerExpression]) -> str:
        texts = (_canonical_text(substitute(piece, names)) for piece in self.pieces)
        return f"{self.kind} {'; '.join(texts)}"


def _canonical_text(piece: IntegerExpression | Condition) -> str:
    known = isinstance(piece, Condition)
    return str(canonical_condition(piece) if known else canonical(piece))


def _entry_key(entry: Entry) -> tuple[str, int, tuple[str, ...]]:
    return (entry.array.name, len(entry.indices), tuple(str(index) for index in entry.indices))


def _text(term: Term) -> tuple[object, ...]:
    return (
        term.arrays,
        tuple(_entry_key(entry) for entry in term.entries),
        tuple(str(part) for part in term.condition),
        tuple(str(item) for item in term.ranges),
        str(term.coefficient),
    )
