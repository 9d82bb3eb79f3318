"""A few shapes of a layer that says nothing of its classes, chosen to tell sizes from each other.

Where all sizes are 1 every mistake is right. So each size is small and large, each two of them
are equal, smaller and larger than each other, both above 1 at once, and one does and does not
divide the other, as far as the layer's constraints let them: found among small shapes and
shapes that are drawn, most of it with each shape.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, islice

from symconv.algebra.counting import term_count
from symconv.algebra.evaluation import condition_value
from symconv.algebra.indices import Condition
from symconv.errors import SymconvError
from symconv.implementations.trying.shape_classes import ShapeClass
from symconv.layers.layer import Layer, Sizes

SEED = 20261130
MOST_SMALL = 100
MOST_DRAWN = 600
LARGEST_STEP = 5
"""By so much a drawn size is above its least value, at most."""
MOST_TERMS = 2_000
"""Limit: a shape whose loss adds up more terms is left out."""
MOST_SHAPES = 30
TIMES = 3
"""Each case is met by so many shapes, where there are as many."""
MOST_LEAST = 6
"""So many of the smallest shapes are tried besides."""


def telling_shapes(layer: Layer, restrictions: Sequence[Condition]) -> Iterator[ShapeClass]:
    """Yield the default sizes of a layer, or a few telling ones, the smallest first.

    Args:
        layer: the layer.
        restrictions: conditions on sizes that the code asks for.
    """
    found = [layer.sizes(text) for text in layer.default_sizes]
    for sizes in sorted(found or _chosen(layer, restrictions), key=Sizes.order):
        if _is_taken(sizes, restrictions):
            yield ShapeClass(str(sizes), sizes)


def _is_taken(sizes: Sizes, restrictions: Sequence[Condition]) -> bool:
    return all(condition_value(one, sizes.by_symbol) for one in restrictions)


def _chosen(layer: Layer, restrictions: Sequence[Condition]) -> list[Sizes]:
    # The solver takes a while to load, and only a layer of one's own has use for it.
    from symconv.proof.counterexample import small_sizes

    small = [*islice(small_sizes(layer, tuple(restrictions)), MOST_SMALL)]
    drawn = (sizes for sizes in _drawn(layer) if _is_taken(sizes, restrictions))
    known = sorted(dict.fromkeys((*small, *drawn)), key=Sizes.order)
    features = {sizes: _features(layer, sizes) for sizes in known}
    # The first is as general as can be; of those that tell as much the smallest is taken.
    found = [max(known, key=lambda sizes: len(_general(layer, sizes)))] if known else []
    seen = Counter(feature for sizes in found for feature in features[sizes])
    while found and len(found) < MOST_SHAPES:
        new = {sizes: sum(seen[one] < TIMES for one in features[sizes]) for sizes in known}
        best = max(
            (sizes for sizes in known if sizes not in found), key=new.__getitem__, default=None
        )
        if best is None or not new[best]:
            break
        found.append(best)
        seen.update(features[best])
    return [*dict.fromkeys((*found, *small[:MOST_LEAST]))]


def _drawn(layer: Layer) -> Iterator[Sizes]:
    """Yield admissible sizes of few terms that are drawn; the same ones on every machine."""
    source = random.Random(f"{SEED} {layer.name}")
    assert layer.loss is not None, "code is checked against a layer with a loss"
    loss, definitions = layer.loss[()], layer.definition_by_name
    for _ in range(MOST_DRAWN):
        values = {
            size.name: layer.minimum.get(size, 1) + source.randrange(LARGEST_STEP + 1)
            for size in layer.given
        }
        try:
            sizes = layer.sizes("", **values)
            if term_count(loss, definitions, sizes.by_symbol) <= MOST_TERMS:
                yield sizes
        except SymconvError:
            # The constraints do not hold there.
            continue


def _general(layer: Layer, sizes: Sizes) -> set[str]:
    """Return the sizes that are above 1."""
    return {size.name for size in layer.every_size if sizes[size.name] > 1}


def _features(layer: Layer, sizes: Sizes) -> set[tuple[object, ...]]:
    value_by_name = {size.name: sizes[size.name] for size in layer.every_size}
    found: set[tuple[object, ...]] = {(name, min(3, one)) for name, one in value_by_name.items()}
    for (one, left), (other, right) in combinations(value_by_name.items(), 2):
        order = (left > right) - (left < right)
        divides = max(left, right) % max(1, min(left, right)) == 0
        found |= {(one, other, order), (one, other, left > 1 < right, divides)}
    return found
