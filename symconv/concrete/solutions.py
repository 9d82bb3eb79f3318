"""The boxes of sides at given sizes: steps and ranges that sides share are solved once."""

from __future__ import annotations

from collections.abc import Iterable

from symconv.algebra.expressions import Entry
from symconv.algebra.indices import Index
from symconv.concrete.bindings import Values
from symconv.concrete.boxes import Box, KnownRanges
from symconv.concrete.terms import Steps


class Boxes:
    """Solve steps at given sizes.

    Args:
        sizes: a value per size.
    """

    def __init__(self, sizes: Values) -> None:
        self.sizes = sizes
        self._ranges: KnownRanges = {}
        self._boxes: dict[int, tuple[Steps, Box]] = {}

    def of(self, steps: Steps) -> Box:
        """Return where some steps are not 0."""
        # By identity: what shares its steps shares the tuple, which is kept alive here.
        if id(steps) not in self._boxes:
            self._boxes[id(steps)] = (steps, Box(steps, self.sizes, known=self._ranges))
        return self._boxes[id(steps)][1]

    def reading(self, steps: Steps, free: Iterable[Index], entries: Iterable[Entry]) -> Box:
        """Return where some steps are not 0, solved so that entries are read in few steps."""
        return Box(steps, self.sizes, free, entries, self._ranges)
