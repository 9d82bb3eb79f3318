"""Entries of arrays: what their subscripts mean, and where they stand outside of the array."""

from __future__ import annotations

from typing import Final

from symconv.algebra.expressions import Array, Delta, Derivative, Entry, Expression
from symconv.algebra.indices import Constant, Index, IntegerExpression, Size, as_integer
from symconv.algebra.polynomials import same_polynomial
from symconv.latex.reader_entries import split_units, subscript_parts
from symconv.latex.reader_integers import IntegerReader
from symconv.latex.reader_items import Span
from symconv.latex.reader_syntax import Name, Node, Stopped
from symconv.latex.reader_words import WORDS

KRONECKER: Final = r"\delta"
"""What the Kronecker delta is called where a text gives the letter another meaning."""


class EntryReader(IntegerReader):
    """Give meaning to names with subscripts; what is found out goes into the scope."""

    def named(self, node: Name) -> Expression:
        """Give meaning to a name that is no integer: an entry of an array, or a gradient.

        Raises:
            Stopped: when it is not declared, or its indices have no meaning.
        """
        gradient = self.gradient(node.name)
        if gradient is not None:
            loss, by = gradient
            self.scope.note(f"{node.name} is read as the derivative of {loss} by {by}")
            return Derivative(Entry(loss, ()), self.entry_of(by, node.subscripts or (), node.span))
        array = self.context.array(node.name)
        if array is None:
            axes = len(node.subscripts or ())
            if Size(node.name) in self.context.sizes:
                raise Stopped(
                    node.span,
                    "undeclared-name",
                    f"{node.name} is a size, and has a subscript here",
                    "put a space between two names side by side, as in H w_{...}, "
                    "or let the array have another name with: symconv: spelling",
                )
            raise self.scope.undeclared(node.name, node.span, axes=axes)
        return self.entry_of(array, node.subscripts or (), node.span)

    def entry_of(self, array: Array, written: tuple[Node, ...], span: Span) -> Entry:
        """Return the entry of an array at what stands in its subscript.

        Raises:
            Stopped: when an index has no meaning, or stands outside of the array.
        """
        self._refuse_word(array, written)
        omitted, parts = subscript_parts(array, written, span, self.context)
        base = self.context.base_of(array.name)
        indices: list[IntegerExpression] = [as_integer(0)] * omitted
        for extent in array.shape[:omitted]:
            _ = self.scope.omitted.setdefault(extent, span)
        for axis, part in enumerate(parts, start=omitted):
            _ = self.scope.kept.setdefault(array.shape[axis], span)
            value = self.integer(part, subscript=True)
            if isinstance(value, Index):
                if self.context.abbreviation(value.name) is not None:
                    self.scope.lone_abbreviations[value.name] = part.span
                else:
                    self.scope.stands_alone(value.name, array, axis)
                    if omitted:
                        self._refuse_other_axis(value.name, array, axis, part)
            if isinstance(value, Constant):
                value = Constant(value.value - base)
                self._refuse_outside(array, axis, value, part)
                self.scope.numbers.append((array, axis, value.value, part.span))
            elif base:
                value = value - base
            indices.append(value)
        self.scope.require_domain(array.name, span, indices)
        return Entry(array, tuple(indices))

    def _refuse_word(self, array: Array, written: tuple[Node, ...]) -> None:
        """Refuse letters side by side that spell a word: a_{prev} is no entry at p, r, e and v."""
        letters = split_units(written[0], self.context) if len(written) == 1 else ()
        word = "".join(letter.name for letter in letters if isinstance(letter, Name))
        if word in WORDS and not any(map(self.scope.is_bound, word)):
            raise Stopped(
                written[0].span,
                "unsupported",
                f"the subscript {word} of {array.name} is a word, and no index",
                f"let it mean an array of its own: symconv: spelling {array.name}_{{{word}}} = ...",
            )

    def _refuse_other_axis(self, name: str, array: Array, axis: int, part: Node) -> None:
        """Refuse an index of images, channels or filters on another axis of fewer that are written.

        In y_{n,f,k} no axis of images is left out: an index is missing.
        """
        usual = self.scope.usual(name)
        if usual is None or self.scope.is_bound(name):
            return
        for size in self.context.omissible:
            last = size - 1 + self.context.base_of(array.name)
            if same_polynomial(usual[1], last) and array.shape[axis] != size:
                raise Stopped(
                    part.span,
                    "unclear-rank",
                    f"{name} stands on the axis of {array.shape[axis]} of {array.name}, "
                    f"and usually runs over {size}",
                    "write one index per axis",
                )

    def _refuse_outside(self, array: Array, axis: int, value: Constant, part: Node) -> None:
        extent = array.shape[axis]
        too_large = isinstance(extent, Constant) and value.value >= extent.value
        if value.value < 0 or too_large:
            base = self.context.base_of(array.name)
            raise Stopped(
                part.span,
                "out-of-range-number",
                f"{array.name} has no position {value.value + base} on an axis of extent {extent}",
                f"positions of {array.name} count from {base}",
            )

    def delta(self, node: Node, items: tuple[Node, ...]) -> Expression:
        """Give meaning to a Kronecker delta.

        Raises:
            Stopped: when it has not two indices.
        """
        if len(items) == 1:
            items = split_units(items[0], self.context)
        unread = self.context.domain(KRONECKER) is not None
        if len(items) != 2 or unread:
            fact = f"a Kronecker delta has two indices, and this delta has {len(items)}"
            raise Stopped(
                node.span,
                "unsupported",
                "the text says what delta is, in a way that is not read" if unread else fact,
                "if it is an array here, say which one with: symconv: spelling \\delta = dout",
            )
        left, right = (self.integer(item, subscript=True) for item in items)
        return Delta(left, right)
