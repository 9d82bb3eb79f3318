"""What a derivation is: parts of numbered lines, each proved before it exists.

The lines of a part are one chain `lhs = first = second = ...`. A `Line` is only built by
`proved_line`, which proves both what the line adds, that the expression before equals this
one, and what it says, that the left-hand side equals it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from symconv.algebra.expressions import Array, Definition, Expression, Statement, claim
from symconv.algebra.indices import Condition, IntegerExpression
from symconv.errors import InternalError, NotSupported
from symconv.layers.layer import Layer
from symconv.proof.equality import Proof, prove
from symconv.verdicts import Verdict

Fragment: TypeAlias = "str | Expression | IntegerExpression | Condition | Array"
Prose: TypeAlias = tuple[Fragment, ...]
"""A text for people: plain words, and formulas that state nothing by themselves."""

_SEAL = object()


@dataclass(frozen=True, slots=True)
class Line:
    """One proved line of a derivation.

    Attributes:
        number: its number in the whole derivation, from 1.
        statement: that the left-hand side of its part equals this line's expression.
        previous: the expression of the line before, or the left-hand side.
        reason: why this follows from the line before.
        conditions: where the terms of this line are not 0, the side condition of the step.
        proofs: that the statement holds, and that the expression before equals this one.
    """

    number: int
    statement: Statement
    previous: Expression
    reason: Prose
    conditions: tuple[Condition, ...]
    proofs: tuple[Proof, ...]
    seal: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise InternalError("a line of a derivation is only built with its proofs")

    @property
    def expression(self) -> Expression:
        """What stands behind the equals sign."""
        return self.statement.rhs

    @property
    def step(self) -> Statement:
        """That the expression of the line before equals the one of this line."""
        return self.statement.with_sides(self.previous, self.expression)


@dataclass(frozen=True, slots=True)
class Part:
    """One chain of equalities.

    Attributes:
        title: what the part is about, in plain words.
        lines: at least one.
    """

    title: str
    lines: tuple[Line, ...]

    @property
    def last(self) -> Line:
        """The line that the others lead to."""
        return self.lines[-1]


@dataclass(frozen=True, slots=True)
class Derivation:
    """The way from a layer's definitions to a gradient.

    Attributes:
        name: the gradient, such as ``dL/dx``.
        layer: the layer.
        sizes: what the derived sizes are that the lines use, each proved.
        definitions: the definitions that the lines insert.
        parts: the chains, in an order in which each uses only earlier ones.
    """

    name: str
    layer: Layer
    sizes: tuple[Proof, ...]
    definitions: tuple[Definition, ...]
    parts: tuple[Part, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every line, in order."""
        return tuple(line for part in self.parts for line in part.lines)

    @property
    def result(self) -> Statement:
        """What the derivation arrives at."""
        return self.parts[-1].last.statement

    def written_definitions(self) -> tuple[Statement, ...]:
        """Return what the derivation starts from as equalities: sizes, then arrays."""
        sizes = tuple(proof.statement for proof in self.sizes)
        return (*sizes, *(claim(item.target, item.body) for item in self.definitions))

    def claims(self) -> Iterator[Statement]:
        """Yield every equality that is written: each line's step, then what it arrives at."""
        for line in self.lines:
            yield line.step
            yield line.statement


def proved_line(
    layer: Layer,
    statement: Statement,
    previous: Expression,
    reason: Prose,
    conditions: tuple[Condition, ...] = (),
) -> Line:
    """Prove a line, and build it.

    Args:
        layer: the layer.
        statement: that the left-hand side equals the expression of this line; its form is
            the number of the line.
        previous: the expression of the line before, or the left-hand side.
        reason: why this follows from the line before.
        conditions: where the terms of this line are not 0.

    Raises:
        InternalError: when the line is false or has no meaning: the step is a defect.
        NotSupported: when the prover does not decide the line.
    """
    claims = dict.fromkeys((statement.with_sides(previous, statement.rhs), statement))
    number = int(statement.form)
    where = f"line {number} of the derivation of {statement.name}"
    proofs = tuple(proved(item, layer, where) for item in claims)
    return Line(number, statement, previous, reason, conditions, proofs, _SEAL)


def proved(statement: Statement, layer: Layer, where: str) -> Proof:
    """Prove a statement that a derivation is about to write.

    Args:
        statement: what to prove.
        layer: the layer.
        where: what it is called in a message.

    Raises:
        InternalError: when it is false or has no meaning.
        NotSupported: when the prover does not decide it.
    """
    outcome = prove(statement, layer)
    if outcome.verdict is Verdict.UNDECIDED:
        raise NotSupported(
            f"{where} is not proved: {outcome.detail}",
            code=outcome.code or "undecided",
            help=f"the line is {statement}",
        )
    if outcome.verdict is not Verdict.PROVED or outcome.proof is None:
        raise InternalError(
            f"{where} is {outcome.verdict.value}: {outcome.detail}", help=f"the line is {statement}"
        )
    return outcome.proof
