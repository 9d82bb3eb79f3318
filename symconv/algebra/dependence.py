"""Which arrays depend on which, and whether that is known where something is differentiated.

The entries of inputs are independent, and a defined array depends on what its definition
reads. Of any other array nothing is known: it may depend on everything, so no derivative of
it is 0 because nothing is said. The derivative by such an array is known where the body
reads it, and everything else that the body reads is known: it is then one more independent
array.

Some arrays are inputs by presumption alone: a document that declares w and x, and defines y
by both, means dy/dw with x as it is. That x is an input is presumed for the derivative of a
*defined* array by an array that its definition reads; not of x itself, and not where the
definition never reaches what is differentiated by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from symconv.algebra.expressions import (
    Array,
    Definition,
    Derivative,
    Entry,
    Expression,
)
from symconv.algebra.scoping import arrays, dependencies, entries
from symconv.algebra.tree import parts, subexpressions
from symconv.errors import NotSupported

UNDEFINED = "undefined-array"


@dataclass(frozen=True)
class Dependence:
    """What is known of the arrays that expressions are made of.

    Attributes:
        definitions: what each defined array is, by its name.
        inputs: the names of the arrays whose entries are independent.
        presumed: the names of those of them that nothing says to be inputs.
    """

    definitions: Mapping[str, Definition] = field(default_factory=dict)
    inputs: frozenset[str] = frozenset()
    presumed: frozenset[str] = frozenset()

    def require(self, *expressions: Expression) -> None:
        """Make sure that every derivative is known, in definitions that are read as well.

        Raises:
            NotSupported: for a derivative that needs an array of which nothing is known, one
                by a defined array that another derivative has expanded already, or one where
                two arrays share a name.
        """
        if not self._differentiates(expressions):
            return
        _ = dependencies(self.definitions)  # refuses a definition that depends on itself
        for derivative in self._derivatives(expressions):
            self._require_one_array_a_name(derivative)
            self._require_known(derivative)
            self._require_order(derivative)

    def zeros(self, *expressions: Expression) -> tuple[str, ...]:
        """Say which derivatives are 0 because what is differentiated does not read the other.

        Raises:
            ValueError: if a definition depends on itself.
        """
        found: dict[str, None] = {}
        for derivative in (
            self._derivatives(expressions) if self._differentiates(expressions) else ()
        ):
            by = derivative.by.array.name
            names = list(_read(derivative.body))
            if not names or by in self._reached(names, {by}):
                continue
            for name in names:
                found[self._zero(name, by)] = None
        return tuple(found)

    def _zero(self, name: str, by: str) -> str:
        if name in self.definitions:
            return f"d{name}/d{by} is 0: the definition of {name} does not read {by}"
        if by in self.definitions:
            return f"d{name}/d{by} is 0: {name} is an input, and depends on nothing"
        return f"d{name}/d{by} is 0: {name} and {by} are inputs, which are independent"

    def _differentiates(self, expressions: Iterable[Expression]) -> bool:
        """Tell whether there is a derivative anywhere, at little cost where there is none."""
        bodies = (definition.body for definition in self.definitions.values())
        return any(derivatives(part) for part in (*expressions, *bodies))

    def _derivatives(self, expressions: Iterable[Expression]) -> Iterator[Derivative]:
        """Yield every derivative, those in the definitions of arrays that are read included."""
        pending, seen = list(expressions), set[str]()
        while pending:
            expression = pending.pop(0)
            yield from derivatives(expression)
            for array in arrays(expression):
                if array.name in self.definitions and array.name not in seen:
                    seen.add(array.name)
                    pending.append(self.definitions[array.name].body)

    def _reached(self, names: Iterable[str], keep: Iterable[str] = ()) -> dict[str, None]:
        """Return what arrays are made of, themselves included; what is kept is not entered."""
        kept = set(keep)
        found: dict[str, None] = {}
        pending = list(names)
        while pending:
            name = pending.pop(0)
            if name in found:
                continue
            found[name] = None
            if name in self.definitions and name not in kept:
                pending += _read(self.definitions[name].body)
        return found

    def _require_known(self, derivative: Derivative) -> None:
        by = derivative.by.array.name
        names = list(_read(derivative.body))
        for name in names:
            if name == by:
                continue
            read = self._reached([name], {by})
            for leaf in read:
                if leaf == by or leaf in self.definitions:
                    continue
                if leaf not in self.inputs:
                    raise self._unknown(leaf, name, by)
                if leaf in self.presumed and (leaf == name or by not in read):
                    raise self._unknown(leaf, name, by)
        is_known = by in self.definitions or (by in self.inputs and by not in self.presumed)
        if names and not is_known and by not in self._reached(names):
            raise self._unknown(by, names[0], by)

    def _unknown(self, unknown: str, body: str, by: str) -> NotSupported:
        needed = f"d{body}/d{by}"
        fact = f"{unknown} is neither an input nor defined, so {needed} is not known"
        if unknown in self.presumed:
            fact = f"{unknown} is declared and never defined, so {needed} is not known"
            advice = f"say what it is: define {unknown} = ...; or that it is an input, if that "
            return NotSupported(fact, code=UNDEFINED, help=f"{advice}is meant: input {unknown}")
        advice = f"give the layer a Definition of {unknown}, or name {unknown} among its inputs, "
        return NotSupported(fact, code=UNDEFINED, help=f"{advice}if that is meant")

    def _require_order(self, derivative: Derivative) -> None:
        """Refuse the derivative by a defined array that is expanded by then.

        Differentiating y*y by w puts in what y is; by y that is 0, in the other order it is not.
        """
        by = derivative.by.array.name
        if by not in self.definitions:
            return
        for inner in derivatives(derivative.body):
            other = inner.by.array.name
            names = list(_read(inner.body))
            if other != by and by in self._reached(names, {other}):
                raise NotSupported(
                    f"the derivative by {by} comes after the one by {other}, which puts in what "
                    f"{by} is: nothing is left to differentiate by {by}",
                    code="order-of-derivatives",
                    help=f"differentiate by {by} first",
                )

    def _require_one_array_a_name(self, derivative: Derivative) -> None:
        axes: dict[str, int] = {}
        for entry in (*entries(derivative), *(item.target for item in self.definitions.values())):
            name, count = entry.array.name, len(entry.indices)
            if axes.setdefault(name, count) != count:
                raise NotSupported(
                    f"{name} has {axes[name]} axes in one place and {count} in another",
                    code="overloaded-name",
                    help="give one of the two arrays another name",
                )


def derivatives(expression: Expression) -> tuple[Derivative, ...]:
    """Return every derivative that is written in an expression, outer ones first."""
    return tuple(part for part in subexpressions(expression) if isinstance(part, Derivative))


def _read(expression: Expression) -> dict[str, None]:
    """Return the arrays that a value is made of: not those that only a derivative is taken by."""
    if isinstance(expression, Entry):
        return {expression.array.name: None}
    inside = (expression.body,) if isinstance(expression, Derivative) else parts(expression)
    read = (_read(part) for part in inside if isinstance(part, Expression))
    return {name: None for names in read for name in names}


def dependence(
    definitions: Mapping[str, Definition] | None,
    inputs: Iterable[Array],
    presumed: Iterable[Array] = (),
) -> Dependence:
    """Gather what is known of arrays, those that are presumed to be inputs among the inputs."""
    given, only_presumed = [
        frozenset(array.name for array in group) for group in (inputs, presumed)
    ]
    return Dependence(dict(definitions or {}), given, only_presumed)
