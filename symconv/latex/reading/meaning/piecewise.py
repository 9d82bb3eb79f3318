r"""Values by cases: a sum of pieces, each behind the bracket of its condition.

The first case whose condition holds counts, so every piece carries the negation of the
conditions before it, unless these exclude its own anyway. ``\text{otherwise}`` is the piece
in which no condition holds. A list without it has to name every case: nothing is silently
zero. That is a claim about integers, and it is proved before the formula is read any further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from symconv.algebra.conditions import canonical_condition
from symconv.algebra.expressions import Expression, Iverson, Mul, Number, Statement
from symconv.algebra.indices import (
    And,
    Comparison,
    Condition,
    Constant,
    Index,
    IntegerExpression,
    Not,
    Or,
    Range,
    Relation,
    between,
    conjuncts,
)
from symconv.algebra.ratios import polynomial
from symconv.algebra.tree import integers
from symconv.errors import NotSupported
from symconv.latex.reading.context import Context
from symconv.latex.reading.items import Span
from symconv.latex.reading.syntax import Cases, Stopped
from symconv.verdicts import Verdict

_OPPOSITE: Final[dict[Relation, Relation]] = {
    "==": "!=",
    "!=": "==",
    "<=": ">",
    "<": ">=",
    ">=": "<",
    ">": "<=",
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """What has to hold wherever something is read.

    Of a list of cases without an ``otherwise`` one has to hold; a name that is defined under a
    condition has no value elsewhere.

    Attributes:
        span: where it stands.
        condition: what has to hold.
        ranges: the ranges of the sums around it, the outermost first.
        fact: what is said where the condition is not proved; empty for a list of cases.
    """

    span: Span
    condition: Condition
    ranges: tuple[Range, ...] = ()
    fact: str = ""

    def inside(self, ranges: Sequence[Range]) -> Coverage:
        """Put a sum around it."""
        return replace(self, ranges=(*ranges, *self.ranges))

    def under(self, guard: Condition) -> Coverage:
        """Put a bracket around it: it is read only where the guard holds."""
        return replace(self, condition=Or((negation(guard), self.condition)))


def refuse_misplaced(node: Cases) -> None:
    """Refuse a case without a condition, and one behind an ``otherwise``.

    Raises:
        Stopped: at the first such case.
    """
    for place, case in enumerate(node.cases):
        if place and node.cases[place - 1].otherwise:
            raise Stopped(
                case.span,
                "unsupported",
                "this case stands behind the one for everything else",
                "write the case for everything else last",
            )
        if not case.otherwise and not case.conditions:
            raise Stopped(
                case.span,
                "unsupported",
                "this case has no condition",
                "write: & \\text{if } and the condition, or: & \\text{otherwise}",
            )


def guard(condition: Condition | None, earlier: Sequence[Condition]) -> Condition:
    """Return where a case counts: its condition holds, and none of those before it.

    Args:
        condition: what is written; None for everything else.
        earlier: the conditions of the cases before it.
    """
    # The earlier ones come first: where one of them holds, this one need not have a value.
    parts = [
        negation(other)
        for other in earlier
        if condition is None or not _exclude_each_other(condition, other)
    ]
    parts += [] if condition is None else [condition]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def guarded(condition: Condition, value: Expression) -> Expression | None:
    """Return a piece behind its bracket; None where it is 0."""
    if value == Number(Constant(0)):
        return None
    factors = value.factors if isinstance(value, Mul) else (value,)
    return value if condition == And(()) else Mul((Iverson(condition), *factors))


def negation(condition: Condition) -> Condition:
    """Negate a condition; a comparison turns into the opposite one."""
    match condition:
        case Comparison(left=left, relation=relation, right=right):
            return Comparison(left, _OPPOSITE[relation], right)
        case Not(condition=part):
            return part
    return Not(condition)


def require_covered(
    coverage: Sequence[Coverage],
    context: Context,
    free: tuple[Range, ...],
    assumptions: tuple[Condition, ...] = (),
    where: tuple[tuple[Index, IntegerExpression], ...] = (),
) -> None:
    """Prove that one case holds in each list, and that each name is used where it is defined.

    Args:
        coverage: what has to hold on one side of an equation.
        context: what is known.
        free: the ranges of the free indices.
        assumptions: the equation's conditions on sizes.
        where: the abbreviations that it uses.

    Raises:
        Stopped: at the first place where that is not proved, with what is missing.
    """
    given = {part for condition in assumptions for part in conjuncts(condition)}
    for item in coverage:
        known = {part for r in (*free, *item.ranges) for part in conjuncts(_inside(r))} | given
        if known.issuperset(conjuncts(item.condition)):
            continue
        statement = Statement(
            Iverson(item.condition),
            Number(Constant(1)),
            free=(*free, *item.ranges),
            assumptions=assumptions,
            where=where,
        )
        place = _uncovered(_Question(statement, _hypotheses(context), context))
        if place is None:
            continue
        if item.fact:
            shown = f", and has no value here for {place}" if place else ""
            raise Stopped(
                item.span,
                "outside-definition",
                f"{item.fact}{shown}",
                "put that behind this equation: \\text{if} ..., or define it everywhere",
            )
        unknown = "it is not shown that one of these cases always holds"
        raise Stopped(
            item.span,
            "missing-case",
            f"no case is given for {place}" if place else unknown,
            "add the missing case, or: 0 & \\text{otherwise}",
        )


def _inside(item: Range) -> Condition:
    return between(item.lower, item.index, item.upper)


@dataclass(frozen=True, slots=True)
class _Question:
    """Whether a condition always holds; equal where the answer is the same."""

    statement: Statement
    hypotheses: tuple[object, ...]
    context: Context = field(compare=False)


def _hypotheses(context: Context) -> tuple[object, ...]:
    layer = None if context.layer is None else context.layer.name
    return (layer, context.sizes, context.minimum, context.assumptions)


@lru_cache(maxsize=128)
def _uncovered(question: _Question) -> str | None:
    """Say where a condition fails; None where it never does, an empty text where none knows."""
    from symconv.proof.equality import prove

    outcome = prove(question.statement, question.context.as_layer())
    if outcome.verdict is Verdict.PROVED:
        return None
    example = outcome.counterexample
    if outcome.verdict is Verdict.REFUTED and example is not None:
        values = {**example.sizes, **example.indices}
        return ", ".join(f"{name}={value}" for name, value in values.items())
    return ""


def _exclude_each_other(first: Condition, second: Condition) -> bool:
    """Tell whether two conditions clearly never hold together; False where it is not seen.

    Only conditions that always have a value are told apart: without divisions.
    """
    try:
        for integer in (*integers(first), *integers(second)):
            _ = polynomial(integer)
        parts = [part for item in (first, second) for part in conjuncts(canonical_condition(item))]
        return any(canonical_condition(Not(part)) in parts for part in parts)
    except NotSupported:
        return False
