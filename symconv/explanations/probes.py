"""Small sizes at which a candidate is tried before anything is proved about it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import product

from symconv.algebra.evaluation import Evaluator, condition_value, side_polynomials
from symconv.algebra.expressions import Statement
from symconv.concrete.monomial_tables import Tables
from symconv.errors import IllFormed, NotSupported, SizesError
from symconv.layers.layer import Layer, Sizes

SEED = 1
SPREAD = 3
"""How far above its least value a size goes."""
MOST_DRAWN = 60
MOST_TRIED = 2_000


class Probes:
    """Decide statements exactly at a fixed collection of small sizes.

    The collection holds given sizes, the layer's default sizes and sizes drawn at random
    with a fixed seed, smallest first. It finds what is false quickly; what it finds true is
    only true at these sizes.
    """

    def __init__(self, layer: Layer, given: Iterable[Sizes] = ()) -> None:
        self.layer = layer
        texts = [layer.sizes(text) for text in layer.default_sizes]
        drawn = {*given, *texts, *_drawn(layer)}
        self.sizes = tuple(sorted(drawn, key=Sizes.order))
        self._tables: dict[Sizes, Tables] = {}

    def admitting(self, statement: Statement) -> Iterator[Sizes]:
        """Yield the sizes that satisfy a statement's assumptions, smallest first."""
        for sizes in self.sizes:
            scope = sizes.by_symbol
            if all(condition_value(condition, scope) for condition in statement.assumptions):
                yield sizes

    def holds_at(self, statement: Statement, sizes: Sizes) -> bool:
        """Tell whether a statement is well-formed and true at given sizes."""
        if sizes not in self._tables:
            self._tables[sizes] = Tables(self.layer, sizes)
        try:
            return self._tables[sizes].compare(statement) is None
        except IllFormed:
            return False
        except NotSupported:
            return _evaluates_equal(statement, self.layer, sizes)


def _evaluates_equal(statement: Statement, layer: Layer, sizes: Sizes) -> bool:
    evaluator = Evaluator(layer.definition_by_name, sizes.by_symbol)
    try:
        return all(left == right for _, left, right in side_polynomials(statement, evaluator))
    except IllFormed:
        return False


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
        source = random.Random(SEED)  # noqa: S311, the same sample on every machine
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
