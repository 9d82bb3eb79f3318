"""The steps of a derivation, generated from the definitions of a layer by the calculus.

The way from an array A to another B on which it depends:

- where A reads B itself, the definition is inserted, differentiated into deltas, and the
  sums over deltas are solved;
- where A reads B through one other array M, the chain rule is written, both factors are
  derived first and inserted, and the sums over positions of M are solved;
- in the end, brackets become ranges of sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from symconv.algebra.calculus import differentiate, without_derivatives
from symconv.algebra.expressions import (
    Array,
    Derivative,
    Entry,
    Expression,
    Mul,
    Statement,
    Sum,
    claim,
)
from symconv.algebra.indices import Condition
from symconv.algebra.scoping import arrays, dependencies, inline, size_symbols
from symconv.derivations import reasons
from symconv.derivations.derivation import Derivation, Line, Part, Prose, proved, proved_line
from symconv.derivations.naming import Names
from symconv.derivations.rewriting import Narrowed, Rewriter, Solved, guarded_entry
from symconv.derivations.summands import Summand, arranged, layer_order, summands, total
from symconv.errors import NotSupported, UnknownStatement
from symconv.layers.layer import Layer
from symconv.layers.registry import default_layer
from symconv.proof.equality import Proof


def derive(name: str, layer: Layer | None = None) -> Derivation:
    """Derive a gradient of a layer from its definitions, every line proved for every size.

    Args:
        name: a gradient such as ``dL/dx`` or a Jacobian such as ``dy/dw``.
        layer: the layer; conv2d when left out.

    Raises:
        UnknownStatement: when the layer has no such gradient, or there is nothing to derive.
        NotSupported: when a step is not decided by the prover.
        InternalError: when a step is false.
    """
    layer = layer or default_layer()
    body, by = _asked(layer, name)
    return _Deriver(layer, name, body, by).derivation()


def _asked(layer: Layer, name: str) -> tuple[Array, Array]:
    advice = f"give one of {', '.join(_gradients(layer))}"
    if ":" in name:
        raise UnknownStatement(
            f"{name!r} names a form; a derivation leads through all of them", help=advice
        )
    body, by = layer.named_arrays(name)
    if by is None:
        raise UnknownStatement(f"{name} is an array, not a gradient", help=advice)
    if body.name not in layer.definition_by_name:
        raise UnknownStatement(
            f"{body} is an input of {layer.name}, it depends on nothing", help=advice
        )
    if body == by:
        raise UnknownStatement(f"{name} has nothing to derive", help=advice)
    if layer.upstream is not None and body == layer.loss and by == layer.output:
        raise UnknownStatement(
            f"{name} is the upstream gradient {layer.upstream} of {layer.name}, which is given",
            help=advice,
        )
    if by == layer.upstream:
        raise UnknownStatement(
            f"{by} is the upstream gradient of {layer.name}, itself a derivative", help=advice
        )
    if by.name not in dependencies(layer.definition_by_name)[body.name]:
        raise UnknownStatement(f"{body} does not depend on {by}: {name} is 0", help=advice)
    return body, by


def _gradients(layer: Layer) -> list[str]:
    """Return the gradients and Jacobians of a layer that have a derivation."""
    reads = dependencies(layer.definition_by_name)
    given = layer.upstream is not None
    return [
        f"d{body}/d{by}"
        for body in reversed([item.array for item in layer.definitions])
        for by in layer.array_by_name.values()
        if by.name in reads[body.name]
        and not (given and (by == layer.upstream or (body == layer.loss and by == layer.output)))
    ]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A line that is not proved yet."""

    expression: Expression
    reason: Prose
    conditions: tuple[Condition, ...] = ()


class _Chain:
    """The lines of one part while they are being proved."""

    def __init__(self, layer: Layer, name: str, lhs: Derivative, number: int) -> None:
        self.layer = layer
        self.free = claim(lhs, 0).free
        self.rewriter = Rewriter(layer, self.free)
        self.lhs = lhs
        self.name = name
        self.number = number
        self.lines: list[Line] = []

    @property
    def last(self) -> Expression:
        return self.lines[-1].expression if self.lines else self.lhs

    def add(self, draft: _Draft) -> None:
        """Prove a line and append it; one that says what the last one says is left out."""
        if draft.expression == self.last:
            return
        statement = Statement(
            self.lhs,
            draft.expression,
            free=self.free,
            name=self.name,
            form=str(self.number + len(self.lines)),
        )
        line = proved_line(self.layer, statement, self.last, draft.reason, draft.conditions)
        self.lines.append(line)

    def may_add(self, draft: _Draft) -> bool:
        """Append a line that the derivation can do without; False where it is not decided."""
        try:
            self.add(draft)
        except NotSupported:
            return False
        return True


class _Deriver:
    """One derivation on its way."""

    def __init__(self, layer: Layer, name: str, body: Array, by: Array) -> None:
        self.layer = layer
        self.name = name
        self.body, self.by = body, by
        self.definitions = layer.definition_by_name
        self.reads = dependencies(self.definitions)
        self.names = Names(layer)
        self.order = layer_order(layer)
        self.parts: list[Part] = []
        self.used: dict[str, None] = {}
        self._name_arrays()

    def derivation(self) -> Derivation:
        _ = self.part(self.body, self.by)
        read = set(self.used).union(*(self.reads[name] for name in self.used))
        shown = tuple(item for item in self.layer.definitions if item.array.name in read)
        return Derivation(self.name, self.layer, self._sizes(), shown, tuple(self.parts))

    def _sizes(self) -> tuple[Proof, ...]:
        """Prove what the derived sizes are that the lines use."""
        used = {
            size
            for part in self.parts
            for line in part.lines
            for size in size_symbols(line.statement)
        }
        return tuple(
            proved(claim(item.size, item.value), self.layer, f"the size {item.size}")
            for item in self.layer.derived
            if item.size in used
        )

    def _name_arrays(self) -> None:
        way = self._way(self.body, self.by)
        _ = self.names.of(self.body, as_wanted=True)
        # The output keeps the names of its definition; what the gradient is taken by comes
        # next, and the arrays in between get the primes.
        for array in way[:1]:
            if self._is_upstream(self.body, array):
                _ = self.names.of(array, as_wanted=True)
        for array in (self.by, *way):
            _ = self.names.of(array)

    def _way(self, body: Array, by: Array) -> list[Array]:
        """Return the arrays through which one depends on the other, in order."""
        through = self._through(body, by)
        return [] if through is None else [through, *self._way(through, by)]

    def _through(self, body: Array, by: Array) -> Array | None:
        """Return the only array through which a body depends on another, or None."""
        read = arrays(self.definitions[body.name].body)
        through = [array for array in read if by.name in self.reads.get(array.name, frozenset())]
        return through[0] if len(through) == 1 and by not in read else None

    def part(self, body: Array, by: Array) -> Part:
        """Derive one array by another, with the parts that this needs before it."""
        through = self._through(body, by)
        inner: list[Part] = []
        if through is not None:
            if not self._is_upstream(body, through):
                inner.append(self.part(body, through))
            inner.append(self.part(through, by))
        lhs = Derivative(self.names.of(body), self.names.of(by))
        chain = _Chain(self.layer, self.name, lhs, 1 + sum(len(part.lines) for part in self.parts))
        if through is None:
            self._differentiated(chain, body)
        else:
            self._chained(chain, body, through, inner)
        self._solved(chain, through)
        if (body, by) == (self.body, self.by):
            # A division would have to be carried through every line that it is inserted in.
            self._solved_by_division(chain)
            self._final(chain)
        part = Part(f"Derivative of {body} by {by}", tuple(chain.lines))
        self.parts.append(part)
        return part

    def _is_upstream(self, body: Array, by: Array) -> bool:
        layer = self.layer
        return layer.upstream is not None and body == layer.loss and by == layer.output

    def _differentiated(self, chain: _Chain, body: Array) -> None:
        """Insert the definition and differentiate it into deltas."""
        lhs = chain.lhs
        assert isinstance(lhs.body, Entry), "the body of a gradient is an entry"
        inserted = inline(self.definitions[body.name], lhs.body.indices)
        chain.add(_Draft(Derivative(inserted, lhs.by), reasons.inserted_definition([body])))
        by = lhs.by.array.name
        # Where several ways lead to the array, they are all written out.
        hidden = {name: self.definitions[name] for name, read in self.reads.items() if by in read}
        others = self.layer.array_by_name.values()
        found = self._arranged(differentiate(inserted, lhs.by, hidden, others))
        expanded = [array for array in arrays(inserted) if array.name in hidden]
        self.used |= {array.name: None for array in (body, *expanded)}
        chain.add(_Draft(found, reasons.differentiated(lhs.by, expanded)))

    def _chained(self, chain: _Chain, body: Array, through: Array, inner: Sequence[Part]) -> None:
        """Write the chain rule, and insert what was derived for its factors."""
        lhs, middle = chain.lhs, self.names.of(through)
        ranges = claim(middle, 0).free
        rule = Mul((Derivative(lhs.body, middle), Derivative(middle, lhs.by)))
        because = reasons.chain_rule(body, through, lhs.by.array)
        chain.add(_Draft(Sum(rule, *ranges) if ranges else rule, because))
        upstream = None
        if self._is_upstream(body, through) and self.layer.upstream is not None:
            upstream = Entry(self.layer.upstream, middle.indices)
        known = [] if upstream is None else [upstream]
        put = Mul((*known, *(part.last.expression for part in inner)))
        because = reasons.inserted_lines([part.last.number for part in inner], upstream)
        chain.add(_Draft(self._arranged(Sum(put, *ranges) if ranges else put), because))

    def _solved(self, chain: _Chain, through: Array | None = None) -> None:
        """Solve sums over deltas: first where nothing is left, then where brackets are.

        Args:
            chain: the lines so far.
            through: the array whose positions the sums run over, where a chain rule was used.
        """
        padded = through if through is not None and self._is_padded(through) else None
        self._idle_brackets(chain)
        for plain in (True, False):
            parts, notes = self._solved_once(chain, plain=plain)
            if notes:
                reason = reasons.solved(notes, padded)
                chain.add(_Draft(total(parts), reason, reasons.conditions_of(notes)))
        self._idle_brackets(chain)

    def _solved_once(self, chain: _Chain, *, plain: bool) -> tuple[list[Summand], list[Solved]]:
        notes: list[Solved] = []
        parts: list[Summand] = []
        for part in summands(chain.last):
            while True:
                solved = self._simplest(chain, part, plain=plain)
                if solved is None:
                    break
                part = arranged(solved.summand, self.order)
                notes.append(solved)
            parts.append(part)
        return parts, notes

    def _simplest(self, chain: _Chain, part: Summand, *, plain: bool) -> Solved | None:
        """Return a solution for the first index that has one, by what mentions fewest others."""
        fitting = (
            found
            for found in chain.rewriter.solutions(part)
            if not found.divides and not (plain and found.conditions)
        )
        for _, candidates in groupby(fitting, key=lambda found: found.index):
            return min(candidates, key=lambda found: found.bound_in_value())
        return None

    def _solved_by_division(self, chain: _Chain) -> None:
        """Solve a delta by a division, where the prover can follow."""
        for place, part in enumerate(before := summands(chain.last)):
            for solved in reversed(list(chain.rewriter.solutions(part))):
                if not solved.divides:
                    continue
                after = [*before[:place], arranged(solved.summand, self.order)]
                draft = _Draft(
                    total([*after, *before[place + 1 :]]),
                    reasons.solved([solved]),
                    reasons.conditions_of([solved]),
                )
                if chain.may_add(draft):
                    self._solved(chain)
                    return self._solved_by_division(chain)
        return None

    def _idle_brackets(self, chain: _Chain) -> None:
        """Leave out brackets that the deltas and the ranges of indices imply."""
        if not chain.lines:
            return
        dropped: list[Condition] = []
        parts: list[Summand] = []
        for part in summands(chain.last):
            smaller, found = chain.rewriter.without_idle_brackets(part)
            parts.append(smaller)
            dropped.extend(found)
        if dropped:
            chain.add(_Draft(total(parts), reasons.idle_brackets(dropped)))

    def _final(self, chain: _Chain) -> None:
        """Turn brackets into ranges of sums, those of a padded array included."""
        before = summands(chain.last)
        if not any(part.ranges for part in before):
            return
        padded = [array for array in arrays(chain.last) if self._is_padded(array)]
        expression = self._arranged(self._without(padded, chain.last)) if padded else chain.last
        parts: list[Summand] = []
        notes: list[Narrowed] = []
        for part in summands(expression):
            narrowed, found = chain.rewriter.narrowed(part)
            parts.append(narrowed)
            notes.extend(found)
        if not notes:
            return
        if padded:
            if not chain.may_add(_Draft(expression, reasons.inserted_definition(padded))):
                return
            self.used |= {array.name: None for array in padded}
        reason = reasons.ranges_of_sums(notes, self.body, self.by, window=not padded)
        _ = chain.may_add(_Draft(total(parts), reason))

    def _is_padded(self, array: Array) -> bool:
        """Tell whether an array holds another one, shifted, and zeros around it."""
        return array.name in self.definitions and guarded_entry(self.definitions[array.name].body)

    def _without(self, padded: Sequence[Array], expression: Expression) -> Expression:
        """Expand padded arrays, and nothing that their definitions read."""
        definitions = {array.name: self.definitions[array.name] for array in padded}
        return without_derivatives(expression, definitions)

    def _arranged(self, expression: Expression) -> Expression:
        return total(arranged(part, self.order) for part in summands(expression))
