"""What a text says in passing, and how long it holds: ranges, and what letters stand for.

A range such as ``0 <= k < 3`` in a sentence holds up to the end of its section. What a name
stands for (``p_0 = kS``) holds up to a section that says something else of it, and again behind
that one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from symconv.algebra.indices import IntegerExpression, Range
from symconv.documents.hearing import supposed
from symconv.errors import UsageError
from symconv.latex.reading.context import Context, Said
from symconv.latex.reading.items import (
    Equality,
)

MOST_LINGERING = 4
"""How many earlier sentences of a section are looked at for what may still hold."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a formula says of a name.

    Attributes:
        section: the section in which it stands.
        start: where the formula stands, as an offset in the file.
        value: what the name stands for; None for an array.
        declared: whether an array was declared before, as an input would be.
    """

    section: int
    start: int
    value: IntegerExpression | None = None
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """An equation that gives a name a second meaning, where nothing says that it is one.

    Attributes:
        start: where the formula stands, as an offset in the file.
        text: the formula.
        item: the equation.
    """

    start: int
    text: str
    item: Equality


@dataclass(frozen=True, slots=True)
class Passing:
    """What holds for a while, beside the context.

    Attributes:
        ranges: the ranges that the section gives to indices, and where it says them.
        meanings: what formulas said of names.
        first: what names meant first, and what was known then; it holds where no other
            meaning does.
        section: the number of headings so far.
        ended: names that a section declared which has ended, and its title.
        assumed: what is assumed for the section.
        lingering: what sentences before this one in the section said, with their offsets.
        doubts: equations that may give a name another meaning, by the name.
        vague: what may restrict it and is not understood, such as a title, or nothing.
        unread: declarations of how formulas are read that could not be read themselves.
        outside: words that say what entries outside an array count as, or nothing.
        from_one: words that say that positions count from 1, or nothing.
        asked: arrays on which an equation may put a condition, and where it stands.
    """

    ranges: Mapping[str, tuple[Range, int]] = field(default_factory=dict)
    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    first: Mapping[str, tuple[Meaning, Context]] = field(default_factory=dict)
    section: int = 0
    ended: Mapping[str, str] = field(default_factory=dict)
    assumed: Said = field(default_factory=Said)
    lingering: tuple[tuple[Said, int], ...] = ()
    doubts: Mapping[str, tuple[Doubt, ...]] = field(default_factory=dict)
    vague: str = ""
    unread: tuple[str, ...] = ()
    outside: str = ""
    from_one: str = ""
    asked: Mapping[str, int] = field(default_factory=dict)

    def without(self, name: str) -> Passing:
        """Forget the range of one index."""
        return replace(self, ranges={key: v for key, v in self.ranges.items() if key != name})

    def start_of(self, name: str) -> int:
        """Return where the range of an index is said, or -1."""
        return self.ranges[name][1] if name in self.ranges else -1

    def known_in(self, context: Context) -> Context:
        """Return a context that also knows the ranges; a name that is anything else keeps it."""
        for name, (item, _) in self.ranges.items():
            try:
                context = context.with_index(name, (item.lower, item.upper))
            except UsageError:
                continue
            context = replace(context, said=context.said + Said(ranges=(item,)))
        return context

    def assuming(self, said: Said) -> Passing:
        """Assume something more for the section; its ranges are known as all others are."""
        return replace(self, assumed=supposed(self.assumed, replace(said, ranges=())))

    def mentioning(self, said: Said, start: int) -> Passing:
        """Remember what a sentence said, and where."""
        if said == Said() or (said, start) in self.lingering:
            return self
        return replace(self, lingering=(*self.lingering, (said, start))[-MOST_LINGERING:])
