"""Small sizes at which a candidate is tried before anything is proved about it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import product

from symconv.algebra.counting import statement_term_count
from symconv.algebra.evaluation import Evaluator, condition_value, side_polynomials
from symconv.algebra.expressions import Statement
from symconv.algebra.indices import Condition, Symbol
from symconv.algebra.scoping import expand_where
from symconv.concrete.monomial_tables import Tables
from symconv.errors import IllFormed, NotSupported, SizesError, TooLarge
from symconv.layers.layer import Layer, Sizes
from symconv.proof.smt import FULL

CANDIDATE = replace(FULL, minimize=False, sizes_tried=0)
"""The effort for a statement of which nobody asks why it is false, if it is.

It proves what full effort proves: no counterexample is made small, and none is looked for.
"""
SEED = 1
SPREAD = 3
"""How far above its least value a size goes."""
MOST_DRAWN = 60
MOST_TRIED = 2_000
MOST_ROWS = 100_000
"""Limit: a comparison of more rows than this is not made."""
MOST_EVALUATED = 10_000
"""Limit: what is no table is evaluated up to so many products."""
ROWS_A_STEP = 50
"""So many rows of a table cost as much as one product that is evaluated."""
MOST_ROWS_IN_ALL = 20_000_000
"""Limit: so many rows are compared for one statement."""


class Probes:
    """Decide statements exactly at a fixed collection of small sizes.

    The collection holds given sizes, the layer's default sizes and sizes drawn at random
    with a fixed seed, smallest first. It finds what is false quickly; what it finds true is
    only true at these sizes.
    """

    def __init__(self, layer: Layer, given: Iterable[Sizes] = ()) -> None:
        self.layer = layer
        drawn = {*given, *_admissible(layer), *_drawn(layer)}
        self.sizes = tuple(sorted(drawn, key=Sizes.order))
        self._tables: dict[Sizes, Tables] = {}
        self._evaluators: dict[Sizes, Evaluator] = {}
        self._satisfied: dict[Condition, tuple[bool, ...]] = {}
        self._telling = list(range(len(self.sizes)))
        self.rows = 0

    def admitting(self, statement: Statement) -> Iterator[Sizes]:
        """Yield the sizes that satisfy a statement's assumptions, smallest first."""
        for sizes, admitted in zip(self.sizes, self.satisfying(statement.assumptions), strict=True):
            if admitted:
                yield sizes

    def satisfying(self, conditions: Iterable[Condition]) -> list[bool]:
        """Tell which of the sizes satisfy some conditions."""
        found = [True] * len(self.sizes)
        for condition in conditions:
            if condition not in self._satisfied:
                self._satisfied[condition] = tuple(
                    condition_value(condition, sizes.by_symbol) for sizes in self.sizes
                )
            both = zip(found, self._satisfied[condition], strict=True)
            found = [before and now for before, now in both]
        return found

    def holds_everywhere(self, statement: Statement) -> bool:
        """Tell whether a statement is well-formed and true at all sizes that it admits.

        The sizes that refuted another statement last are tried first: what tells one wrong
        candidate from a right one tells most.
        """
        admitted = self.satisfying(statement.assumptions)
        for turn, place in enumerate(self._telling):
            if admitted[place] and not self.holds_at(statement, self.sizes[place]):
                self._telling.insert(0, self._telling.pop(turn))
                return False
        return True

    def ends_outside(self, statement: Statement, sizes: Sizes) -> bool:
        """Tell whether the right-hand side has no meaning at the last values of the free indices.

        A sum that ends too late is seen there, at a small part of the cost of comparing both
        sides everywhere. False means nothing.
        """
        evaluator = self.evaluator(sizes)
        statement = expand_where(statement)
        last: dict[Symbol, int] = {}
        try:
            for item in statement.free:
                lower, upper = (evaluator.integer(end, last) for end in (item.lower, item.upper))
                if upper < lower or not isinstance(upper, int):
                    return False
                last[item.index] = upper
        except IllFormed:
            return False
        try:
            _ = evaluator.polynomial(statement.rhs, last)
        except IllFormed:
            return True
        return False

    def telling(self, statement: Statement) -> Iterator[Sizes]:
        """Yield the sizes that a statement admits, those that refuted another one last first."""
        admitted = self.satisfying(statement.assumptions)
        yield from (self.sizes[place] for place in self._telling if admitted[place])

    def evaluator(self, sizes: Sizes) -> Evaluator:
        """Return the evaluator at some sizes; what it expanded once it knows from then on."""
        if sizes not in self._evaluators:
            self._evaluators[sizes] = Evaluator(self.layer.definition_by_name, sizes.by_symbol)
        return self._evaluators[sizes]

    def holds_at(self, statement: Statement, sizes: Sizes) -> bool:
        """Tell whether a statement is well-formed and true at given sizes.

        False also where its closed forms are too large, or too many were compared already.
        """
        if sizes not in self._tables:
            self._tables[sizes] = Tables(self.layer, sizes)
        try:
            if not self._is_small(statement, sizes):
                return False
            return self._tables[sizes].compare(statement) is None
        except (IllFormed, TooLarge):
            return False
        except NotSupported:
            return self._is_small_for_evaluation(statement, sizes) and _evaluates_equal(
                statement, self.evaluator(sizes)
            )

    def _is_small_for_evaluation(self, statement: Statement, sizes: Sizes) -> bool:
        definitions = self.layer.definition_by_name
        count = statement_term_count(statement, definitions, sizes.by_symbol)
        return count <= MOST_EVALUATED and self._afford(count * ROWS_A_STEP)

    def _afford(self, rows: int) -> bool:
        self.rows += rows
        return self.rows <= MOST_ROWS_IN_ALL

    def _is_small(self, statement: Statement, sizes: Sizes) -> bool:
        """Tell whether a statement is compared at some sizes; False where that costs too much."""
        definitions = self.layer.definition_by_name
        count = statement_term_count(statement, definitions, sizes.by_symbol)
        if count > MOST_ROWS:
            # That counts what guards and deltas leave out, too; this does not.
            count = self._tables[sizes].term_count(statement)
        return count <= MOST_ROWS and self._afford(count)


def _evaluates_equal(statement: Statement, evaluator: Evaluator) -> bool:
    try:
        return all(left == right for _, left, right in side_polynomials(statement, evaluator))
    except IllFormed:
        return False


def _admissible(layer: Layer) -> Iterator[Sizes]:
    """Yield the default sizes; a layer with further constraints may not admit them all."""
    for text in layer.default_sizes:
        with suppress(SizesError):
            yield layer.sizes(text)


def _drawn(layer: Layer) -> set[Sizes]:
    """Draw admissible sizes: every choice of a small layer, a fixed random sample of a large."""
    spans = [
        range(layer.minimum.get(size, 1), layer.minimum.get(size, 1) + SPREAD)
        for size in layer.given
    ]
    choices: Iterable[tuple[int, ...]]
    if SPREAD ** len(spans) <= MOST_TRIED:
        choices = product(*spans)
    else:
        source = random.Random(SEED)
        choices = (tuple(source.choice(span) for span in spans) for _ in range(MOST_TRIED))
    found: set[Sizes] = set()
    for values in choices:
        names = {size.name: value for size, value in zip(layer.given, values, strict=True)}
        try:
            found.add(layer.sizes("", **names))
        except SizesError:
            continue
        if len(found) == MOST_DRAWN:
            break
    return found
