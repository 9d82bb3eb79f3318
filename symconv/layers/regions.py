"""Conditions on sizes with the words that people have for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symconv.algebra.evaluation import condition_value
from symconv.algebra.indices import Condition, Size
from symconv.layers.sizes import Sizes


@dataclass(frozen=True, slots=True)
class Region:
    """The sizes at which a condition holds.

    Attributes:
        name: how people say it: ``P = 0``, or to follow "when", ``the stride does not divide``.
        condition: the condition.
    """

    name: str
    condition: Condition

    def holds(self, sizes: Sizes) -> bool:
        """Tell whether given sizes lie in the region."""
        return condition_value(self.condition, sizes.by_symbol)


@dataclass(frozen=True, slots=True)
class Shapes:
    """What is known of the shapes at which code for a layer is tried.

    Attributes:
        features: where the index conditions of the layer change, each from both sides, the
            plainest first; code that is right inside each has met every case of them.
        asked: what code may ask of shapes, what is asked most first, and never what implies a
            later one.
        classes: every class of shapes with what it asks for.
        wishes: what a class is in everything that it does not ask for, as far as possible.
        choices: the values that are tried of each size; sizes that conditions relate stand
            together.
        varied: what a shape that meets a condition is besides, so that nothing rests on one.
        usual: shapes of which code takes some that is made for one kind alone.
        plain: what is said of a shape that nothing else tells from others.
        larger: larger shapes than the smallest of a class.
        steps: from a shape to one that is a little larger, by the names of sizes.
    """

    features: tuple[Region, ...] = ()
    asked: tuple[Region, ...] = ()
    classes: tuple[Region, ...] = ()
    wishes: tuple[Condition, ...] = ()
    choices: tuple[Mapping[Size, range], ...] = ()
    varied: tuple[Condition, ...] = ()
    usual: tuple[tuple[Condition, ...], ...] = ()
    plain: tuple[Region, ...] = ()
    larger: tuple[Condition, ...] = ()
    steps: tuple[Mapping[str, int], ...] = ()
