"""Sections: what ends with one, and what outlives it.

A section ends at the next heading of its own or a higher level. What was declared, assumed or
said in it ends with it: what held before its heading holds again. What stands before the first
heading, or directly under a sole title, stands in no section that ends. Definitions that the
text gives outlive their section; one that defines a name anew does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from symconv.algebra.expressions import Array
from symconv.algebra.indices import Index, Size, Symbol
from symconv.algebra.scoping import all_symbols, arrays
from symconv.algebra.tree import symbols
from symconv.documents.contents import Heading
from symconv.documents.declarations import Declared
from symconv.documents.passing import Meaning, Passing
from symconv.errors import UsageError
from symconv.latex.reading.context import Context
from symconv.latex.reading.meaning.array_entries import KRONECKER


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known at one place of a document.

    Attributes:
        declared: names, conventions and definitions.
        passing: what the text says in passing.
    """

    declared: Declared
    passing: Passing = field(default_factory=Passing)

    @property
    def context(self) -> Context:
        """What formulas are read in."""
        return self.declared.context

    def with_context(self, context: Context) -> Known:
        """Return the same with another context."""
        return replace(self, declared=replace(self.declared, context=context))


@dataclass(frozen=True, slots=True)
class _Section:
    heading: Heading
    before: Known


@dataclass(frozen=True, slots=True)
class Sections:
    """The sections that are open at one place, the outermost first."""

    open: tuple[_Section, ...] = ()

    def at(self, heading: Heading, known: Known) -> tuple[Sections, Known]:
        """Open a section, after those that its heading ends.

        Args:
            heading: the heading.
            known: what is known before it.

        Returns:
            The sections open behind the heading, and what is known there.
        """
        left = [section for section in self.open if section.heading.level >= heading.level]
        kept = self.open[: len(self.open) - len(left)]
        number = known.passing.section + 1
        if left:
            known = _resumed(left[0], known)
        known = replace(known, passing=replace(known.passing, section=number))
        return Sections((*kept, _Section(heading, known))), known


def with_names(context: Context, other: Context, names: Iterable[str]) -> Context:
    """Let a context know names as another one does; what it knows already stays as it is."""
    for name in names:
        defined = context.definition(name) is not None or context.abbreviation(name) is not None
        array = context.array(name)
        definition = other.definition(name)
        declared = definition is not None and definition.array == array and not defined
        if context.knows(name) and not declared:
            continue
        value = other.abbreviation(name)
        if value is not None:
            index = next(index for index, _ in other.abbreviations if index.name == name)
            context = context.with_abbreviation(index, value)
        elif definition is not None:
            context = context.with_definition(definition)
        elif (array := other.array(name)) is not None:
            context = context.with_array(name, array.shape)
        spellings = [item for item in other.spellings if item[1] == name]
        for source, canonical in reversed(spellings):
            context = context.with_spelling(source, canonical)
        context = context.with_domain_of(name, other)
    return context


def _resumed(section: _Section, now: Known) -> Known:
    """Return what is known behind a section: what was before it, and what outlives it."""
    before = section.before
    context, ended = before.context, now.context
    held: dict[str, Meaning] = {}
    for name, (meaning, then) in now.passing.first.items():
        if not _is_supported(name, context, then):
            continue
        try:
            known = with_names(context, then, [name])
        except UsageError:
            continue
        if known != context:
            context = known
            held[name] = meaning
    # What was seen and could not be read stays unknown.
    for domain in ended.domains:
        unread = domain.condition is None and context.domain(domain.name) is None
        layer = context.layer.array_by_name if context.layer else {}
        own = context.array(domain.name) and context.definition(domain.name) is None
        own = own and domain.name not in layer
        if unread and (own or domain.name == KRONECKER):
            context = context.with_domain(domain)
    gone = {name: section.heading.title for name in _names(ended) if not context.knows(name)}
    passing = replace(
        before.passing,
        meanings={**before.passing.meanings, **held},
        first=now.passing.first,
        ended={**now.passing.ended, **gone},
        # How positions count is said once for a whole text.
        from_one=now.passing.from_one,
    )
    return Known(replace(before.declared, context=context), passing)


def _names(context: Context) -> list[str]:
    arrays_and_sizes = [item.name for item in (*context.arrays, *context.sizes)]
    return [*arrays_and_sizes, *(index.name for index, _ in context.abbreviations)]


def _is_supported(name: str, context: Context, ended: Context) -> bool:
    """Tell whether all that a definition of an ended section rests on is still known."""
    value, definition = ended.abbreviation(name), ended.definition(name)
    domain = ended.domain(name)
    used: dict[Symbol, None] = {}
    needed: dict[Array, None] = {}
    if value is not None:
        used |= dict.fromkeys(symbols(value))
    elif definition is not None:
        needed = arrays(definition.body)
        used |= all_symbols(definition.body)
        for extent in (e for array in (definition.array, *needed) for e in array.shape):
            used |= dict.fromkeys(symbols(extent))
    else:
        return False
    if domain is not None and domain.condition is not None:
        used |= dict.fromkeys(symbols(domain.condition))
    sizes = {symbol for symbol in used if isinstance(symbol, Size)}
    letters = {
        symbol.name
        for symbol in used
        if isinstance(symbol, Index) and ended.abbreviation(symbol.name) is not None
    }
    return (
        sizes <= set(context.sizes)
        and all(context.array(array.name) == array for array in needed)
        and all(context.abbreviation(letter) is not None for letter in letters)
    )
