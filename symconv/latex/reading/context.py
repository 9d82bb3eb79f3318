r"""What is known where a formula is read: names with their spellings, shapes and ranges.

A `Context` never changes; every function returns an extended copy, so that a document is
read by passing one along. Names are canonical (``x_pad``, ``p_0``, ``n'``), as the algebra
and the writer have them; a spelling is how a text writes such a name (``x^{pad}``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from symconv.algebra.expressions import Add, Array, Definition, Expression, Mul, Sum
from symconv.algebra.indices import (
    Condition,
    Index,
    IntegerExpression,
    Range,
    Size,
    Symbol,
    as_integer,
)
from symconv.algebra.scoping import substitute
from symconv.algebra.tree import symbols
from symconv.errors import NotSupported, UsageError
from symconv.latex.spellings import (
    array_name_latex,
    plain_symbol_latex,
    symbol_base,
    symbol_name_latex,
)
from symconv.layers.layer import Layer

OF_A_DOCUMENT: Final = "document"
"""The name of a layer that is declared where no layer is named."""
UpperBounds: TypeAlias = Literal["inclusive", "exclusive"]


@dataclass(frozen=True, slots=True)
class Gradient:
    """A name that stands for the derivative of a scalar by an array, such as dx for dL/dx."""

    name: str
    loss: Array
    by: Array


@dataclass(frozen=True, slots=True)
class DefinedWhere:
    """Where a name that the text defines has a value, if not everywhere.

    Attributes:
        name: the name of an array or an abbreviation.
        indices: the indices of an array in its condition, one per axis; they are positions
            that count from 0.
        condition: what has to hold; None where the definition could not be read.
    """

    name: str
    indices: tuple[Index, ...]
    condition: Condition | None


@dataclass(frozen=True, slots=True)
class Said:
    """What the words around a formula put on the equations in it.

    Attributes:
        conditions: what has to hold, of sizes or of free indices.
        ranges: where indices run.
        zero: names of arrays whose entries are all 0.
        unclear: words that restrict and are not understood, or an empty string.
    """

    conditions: tuple[Condition, ...] = ()
    ranges: tuple[Range, ...] = ()
    zero: tuple[str, ...] = ()
    unclear: str = ""

    def range_of(self, name: str) -> Range | None:
        """Return where an index runs, or None where that is not said."""
        return next((item for item in reversed(self.ranges) if item.index.name == name), None)

    def __add__(self, other: Said) -> Said:
        """Put both together; what is said later of a range counts."""
        renewed = {item.index for item in other.ranges}
        return Said(
            tuple(dict.fromkeys((*self.conditions, *other.conditions))),
            (*(item for item in self.ranges if item.index not in renewed), *other.ranges),
            tuple(dict.fromkeys((*self.zero, *other.zero))),
            self.unclear or other.unclear,
        )


_Abbreviations: TypeAlias = tuple[tuple[Index, IntegerExpression], ...]


class _Same:
    """Abbreviations that are equal to nothing but themselves, so that asking takes no time."""

    __slots__ = ("items",)

    def __init__(self, items: _Abbreviations) -> None:
        self.items = items

    def __hash__(self) -> int:
        return id(self.items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.items is other.items


@lru_cache(maxsize=64)
def _values(known: _Same) -> Mapping[Symbol, IntegerExpression]:
    return dict(known.items)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known where a formula is read; immutable.

    Attributes:
        layer: the layer that the text is about, or None.
        sizes: the declared sizes, those of the layer included.
        minimum: least values of sizes, where they are not 1.
        arrays: the declared arrays, those of the layer included.
        definitions: what defined arrays are, those of the layer included.
        indices: names declared as indices; other letters are indices where they stand in
            the subscript of an array or under a sum sign.
        ranges: ranges of indices that the text declares, by index; they settle what the
            arrays of a formula leave open.
        layer_ranges: those of them that are the layer's, and count from 0.
        spellings: source spelling and canonical name, the latest first.
        abbreviations: indices that stand for integer expressions (``p_0 = Sk``), in the
            order of the text.
        domains: where names are defined whose definition has a condition or a range.
        gradients: names that stand for derivatives of the loss.
        index_base: where the positions of arrays count from, unless `index_bases` says.
        index_bases: the name of an array and where its positions count from.
        upper_bounds: whether the number above a sum sign is the last value, or one more.
        examples: sizes of the worked example in force; they bind element equations alone.
        assumptions: conditions on sizes that hold in the whole text.
        omissible: sizes whose axis a text about one image, channel or filter leaves out.
        inputs: the declared arrays that are said to be inputs, the layer's aside.
        said: what the words around the formula put on it; it ends with the formula.
    """

    layer: Layer | None = None
    sizes: tuple[Size, ...] = ()
    minimum: tuple[tuple[Size, int], ...] = ()
    arrays: tuple[Array, ...] = ()
    definitions: tuple[Definition, ...] = ()
    indices: tuple[Index, ...] = ()
    ranges: tuple[Range, ...] = ()
    layer_ranges: tuple[Range, ...] = ()
    spellings: tuple[tuple[str, str], ...] = ()
    abbreviations: tuple[tuple[Index, IntegerExpression], ...] = ()
    domains: tuple[DefinedWhere, ...] = ()
    gradients: tuple[Gradient, ...] = ()
    index_base: int = 0
    index_bases: tuple[tuple[str, int], ...] = ()
    upper_bounds: UpperBounds = "inclusive"
    examples: tuple[tuple[Size, int], ...] = ()
    assumptions: tuple[Condition, ...] = ()
    omissible: tuple[Size, ...] = ()
    inputs: tuple[Array, ...] = ()
    said: Said = field(default_factory=Said)

    def array(self, name: str) -> Array | None:
        """Return a declared array, or None."""
        return next((array for array in self.arrays if array.name == name), None)

    def definition(self, name: str) -> Definition | None:
        """Return what an array is by definition, or None."""
        return next((item for item in self.definitions if item.array.name == name), None)

    def abbreviation(self, name: str) -> IntegerExpression | None:
        """Return what an index abbreviates, or None."""
        if not self.abbreviations:
            return None
        return _values(_Same(self.abbreviations)).get(Index(name))

    def expansions(self, used: Iterable[Symbol]) -> Mapping[Symbol, IntegerExpression]:
        """Return what those of some symbols stand for that are abbreviations.

        What an abbreviation stands for is written without those that stand before it.
        """
        known = _values(_Same(self.abbreviations))
        needed: set[Symbol] = set()
        pending = list(used)
        while pending:
            symbol = pending.pop()
            if symbol in known and symbol not in needed:
                needed.add(symbol)
                pending.extend(symbols(known[symbol]))
        found: dict[Symbol, IntegerExpression] = {}
        if needed:
            for index, meaning in self.abbreviations:
                if index in needed:
                    found[index] = substitute(meaning, found)
        return found

    def domain(self, name: str) -> DefinedWhere | None:
        """Return where a name is defined, or None where it is defined everywhere."""
        return next((item for item in self.domains if item.name == name), None)

    def base_of(self, array: str) -> int:
        """Return where the positions of an array count from."""
        return dict(self.index_bases).get(array, self.index_base)

    def is_input(self, array: Array) -> bool:
        """Tell whether the entries of an array are said to be independent, not only left open."""
        return array in self.inputs or (self.layer is not None and array in self.layer.inputs)

    def knows(self, name: str) -> bool:
        """Tell whether a canonical name is declared as anything."""
        return (
            any(symbol.name == name for symbol in (*self.sizes, *self.indices))
            or self.array(name) is not None
            or self.abbreviation(name) is not None
            or any(gradient.name == name for gradient in self.gradients)
        )

    def with_size(self, name: str, *, minimum: int = 1) -> Context:
        """Declare a size; its own spelling is the one that the writer uses.

        Raises:
            UsageError: when the name is declared as something else, or cannot be spelled.
        """
        size = Size(name)
        if size in self.sizes:
            return self
        self._refuse_taken(name, f"size {name}")
        known = replace(
            self,
            sizes=(*self.sizes, size),
            minimum=self.minimum if minimum == 1 else (*self.minimum, (size, minimum)),
        )
        return known._with_size_spelled(name)

    def _with_size_spelled(self, name: str) -> Context:
        """Let a size be written as the writer does, ``D_{h}``, and as it is typed, ``Dh``.

        An array D, or a name D_h, which are written so as well, keep their spelling.
        """
        written, typed = _spelled(name), _plainly_spelled(name)
        known = self.with_spelling(typed, name)
        taken = dict(self.spellings).get(written, name) != name
        if taken or self.array(symbol_base(name)[0]) is not None:
            return known
        return known.with_spelling(written, name)

    def with_index(
        self, name: str, bounds: tuple[IntegerExpression, IntegerExpression] | None = None
    ) -> Context:
        """Declare an index, with its lower and upper end, both included, where given.

        Raises:
            UsageError: when the name is declared as something else, or cannot be spelled.
        """
        index = Index(name)
        if index not in self.indices:
            self._refuse_taken(name, f"index {name}")
        known = replace(self, indices=tuple(dict.fromkeys((*self.indices, index))))
        if bounds is not None:
            others = tuple(item for item in self.ranges if item.index != index)
            known = replace(known, ranges=(*others, Range(index, *bounds)))
        return known.with_spelling(_spelled(name), name)

    def with_array(self, name: str, shape: tuple[IntegerExpression, ...]) -> Context:
        """Declare an array; an empty shape is a scalar.

        Raises:
            UsageError: when the name is declared as something else or with another shape,
                or cannot be spelled.
        """
        array = Array(name, shape)
        known = self.array(name)
        if known == array:
            return self
        if known is not None:
            raise UsageError(
                f"array {name} is declared with shape {_shape_text(known)} and with "
                f"{_shape_text(array)}",
                code="overloaded-name",
                help="leave one of the declarations out, or name one of the arrays otherwise",
            )
        self._refuse_taken(name, f"array {name}")
        kept = tuple(item for item in self.spellings if not _looks_like_entry(*item, name))
        known = replace(self, arrays=(*self.arrays, array), spellings=kept)
        return known.with_spelling(_spelled(name, array=True), name)

    def with_input(self, array: Array) -> Context:
        """Say of a declared array that its entries are independent of every other array."""
        return replace(self, inputs=tuple(dict.fromkeys((*self.inputs, array))))

    def with_definition(self, definition: Definition) -> Context:
        """Declare an array together with what it is."""
        array = definition.array
        known = self.with_array(array.name, array.shape).without_domain(array.name)
        return replace(known, definitions=(*known.definitions, definition))

    def with_abbreviation(self, index: Index, value: IntegerExpression) -> Context:
        """Let an index stand for an integer expression from here on.

        Raises:
            UsageError: when the name cannot be spelled.
        """
        others = tuple(item for item in self.abbreviations if item[0] != index)
        known = replace(self, abbreviations=(*others, (index, value)))
        return known.without_domain(index.name).with_spelling(_spelled(index.name), index.name)

    def with_domain(self, domain: DefinedWhere) -> Context:
        """Say where a name is defined; elsewhere it has no value."""
        others = tuple(item for item in self.domains if item.name != domain.name)
        return replace(self, domains=(*others, domain))

    def with_domain_of(self, name: str, other: Context) -> Context:
        """Take over where a name is defined from what is known elsewhere."""
        found = other.domain(name)
        return self.without_domain(name) if found is None else self.with_domain(found)

    def without_domain(self, name: str) -> Context:
        """Let a name be defined everywhere."""
        if self.domain(name) is None:
            return self
        return replace(self, domains=tuple(item for item in self.domains if item.name != name))

    def with_spelling(self, source: str, name: str) -> Context:
        """Let a piece of LaTeX stand for a canonical name; the latest spelling counts."""
        others = tuple(item for item in self.spellings if item[0] != source)
        return replace(self, spellings=((source, name), *others))

    def with_index_base(self, base: int, array: str | None = None) -> Context:
        """Let positions count from a number, in one array or in all of them."""
        if array is None:
            return replace(self, index_base=base)
        others = tuple(item for item in self.index_bases if item[0] != array)
        return replace(self, index_bases=(*others, (array, base)))

    def with_upper_bounds(self, upper_bounds: UpperBounds) -> Context:
        """Say whether the number above a sum sign is the last value, or one more."""
        return replace(self, upper_bounds=upper_bounds)

    def with_example(self, size: Size, value: int) -> Context:
        """Put the size of a worked example into force, in place of an earlier value."""
        others = tuple(item for item in self.examples if item[0] != size)
        return replace(self, examples=(*others, (size, value)))

    def with_assumption(self, condition: Condition) -> Context:
        """Let a condition on sizes hold in the whole text."""
        return replace(self, assumptions=(*self.assumptions, condition))

    def with_omissible(self, *omissible: Size) -> Context:
        """Let a text leave out the axes of these sizes, which then stand for size 1."""
        return replace(self, omissible=tuple(dict.fromkeys((*self.omissible, *omissible))))

    def as_layer(self) -> Layer:
        """Return a layer that knows every size, array and definition of this context."""
        if self.layer is not None:
            added = tuple(item for item in self.definitions if item not in self.layer.definitions)
            inputs = self._independent(known=self.layer.inputs)
            known = {*self.layer.given, *(derived.size for derived in self.layer.derived)}
            return replace(
                self.layer,
                given=(*self.layer.given, *(size for size in self.sizes if size not in known)),
                minimum={**self.layer.minimum, **dict(self.minimum)},
                inputs=inputs,
                presumed=self._presumed(),
                definitions=(*self.layer.definitions, *added),
                constraints=(*self.layer.constraints, *self.assumptions),
            )
        return Layer(
            name=OF_A_DOCUMENT,
            given=self.sizes,
            minimum=dict(self.minimum),
            inputs=self._independent(known=()),
            presumed=self._presumed(),
            definitions=self.definitions,
            constraints=self.assumptions,
        )

    def _independent(self, known: tuple[Array, ...]) -> tuple[Array, ...]:
        defined = {item.array for item in self.definitions}
        added = (array for array in self.arrays if array not in defined and array not in known)
        return (*known, *added)

    def _presumed(self) -> tuple[Array, ...]:
        defined = {item.array for item in self.definitions}
        return tuple(
            array for array in self.arrays if array not in defined and not self.is_input(array)
        )

    def _refuse_taken(self, name: str, wanted: str) -> None:
        if self.knows(name):
            raise UsageError(
                f"{wanted}: the name {name} is declared as something else already",
                code="overloaded-name",
                help="give one of the two another name, and its spelling with: spelling",
            )


def context_of_layer(layer: Layer) -> Context:
    r"""Return what a text about a layer may use without declaring it.

    These are the layer's sizes and arrays in the spellings of the writer and in those that
    texts use (``X``, ``x^{\text{pad}}``, ``\mathcal{L}``), the gradients of the loss by their
    short names (``dx``), the ranges of the indices of its definitions, and the axes that
    texts about one image, channel or filter leave out: the sizes that nothing constrains.
    """
    derived = [item.size for item in layer.derived]
    context = Context(layer=layer, minimum=tuple(layer.minimum.items()))
    context = replace(context, sizes=(*layer.given, *derived))
    for size in context.sizes:
        context = context._with_size_spelled(size.name)
    for array in layer.array_by_name.values():
        context = context.with_array(array.name, array.shape)
    context = replace(context, definitions=layer.definitions)
    for name, spellings in layer.spellings.items():
        if context.array(name) is not None:
            for spelling in spellings:
                context = context.with_spelling(spelling, name)
    if layer.loss is not None:
        short = [
            Gradient(f"d{array.name}", layer.loss, array)
            for array in layer.array_by_name.values()
            if array.shape and array != layer.upstream and "_" not in array.name
        ]
        context = replace(context, gradients=tuple(short))
        for gradient in short:
            context = context.with_spelling(gradient.name, gradient.name)
            context = context.with_spelling(_spelled(gradient.name), gradient.name)
    ranges = _usual_ranges(layer)
    omissible = _unconstrained(layer, context.sizes)
    return replace(context, ranges=ranges, layer_ranges=ranges, omissible=omissible)


def _usual_ranges(layer: Layer) -> tuple[Range, ...]:
    """Return the ranges of the indices of the output and of the sums that define it."""
    found: dict[Index, Range | None] = {}
    for definition in layer.definitions:
        if definition.array not in (layer.output, layer.loss):
            continue
        ranges = [
            Range(index, as_integer(0), extent - 1)
            for index, extent in zip(definition.target.indices, definition.array.shape, strict=True)
            if isinstance(index, Index)
        ]
        for item in (*ranges, *_summed(definition.body)):
            found[item.index] = item if found.setdefault(item.index, item) == item else None
    return tuple(item for item in found.values() if item is not None)


def _summed(expression: Expression) -> Iterator[Range]:
    match expression:
        case Sum(body=body, ranges=ranges):
            yield from ranges
            yield from _summed(body)
        case Add(terms=parts) | Mul(factors=parts):
            for part in parts:
                yield from _summed(part)
        case _:
            return


def _unconstrained(layer: Layer, sizes: tuple[Size, ...]) -> tuple[Size, ...]:
    """Return the sizes of axes that no constraint mentions: images, channels and filters."""
    bound: set[Symbol] = {derived.size for derived in layer.derived}
    conditions = [*layer.constraints, *(c for item in layer.derived for c in item.conditions)]
    for condition in conditions:
        bound |= set(symbols(condition))
    axes = {extent for array in layer.array_by_name.values() for extent in array.shape}
    return tuple(size for size in sizes if size in axes and size not in bound)


def _spelled(name: str, *, array: bool = False) -> str:
    try:
        return array_name_latex(name) if array else symbol_name_latex(name)
    except NotSupported as error:
        raise UsageError(error.fact, code="unreadable-name", help=error.help) from error


def _plainly_spelled(name: str) -> str:
    try:
        return plain_symbol_latex(name)
    except NotSupported as error:
        raise UsageError(error.fact, code="unreadable-name", help=error.help) from error


def _looks_like_entry(source: str, name: str, array: str) -> bool:
    """Tell whether a spelling of a size without underscores looks like an entry of an array."""
    base, has_subscript = symbol_base(name)
    return has_subscript and "_" not in name and base == array and "_" in source


def _shape_text(array: Array) -> str:
    return f"({', '.join(map(str, array.shape))})"
