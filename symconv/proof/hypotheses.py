"""What a proof may assume of a layer: hypotheses on sizes, and definitions without fault."""

from __future__ import annotations

from collections.abc import Iterable

from symconv.algebra.indices import (
    TRUE,
    And,
    CeilingDivision,
    Comparison,
    Condition,
    Constant,
    Divides,
    FloorDivision,
    IntegerExpression,
    Not,
    Or,
    Quotient,
    Remainder,
    Symbol,
    equal,
)
from symconv.algebra.ratios import Least, is_positive, ratio
from symconv.algebra.scoping import dependencies
from symconv.algebra.tree import parts
from symconv.errors import IllFormed, NotSupported
from symconv.layers.layer import Layer
from symconv.proof.smt import Answer, Solver
from symconv.proof.well_formedness import Requirement, Walker


def least_values(layer: Layer) -> dict[Symbol, int]:
    """Return the least value of every size of a layer, derived sizes included."""
    found: dict[Symbol, int] = {size: layer.minimum.get(size, 1) for size in layer.given}
    return found | {derived.size: layer.minimum.get(derived.size, 1) for derived in layer.derived}


def layer_hypotheses(layer: Layer) -> tuple[Condition, ...]:
    """Return what holds of the sizes that `Layer.sizes` admits.

    A derived size is what its value says; its own conditions are not relied on. Sizes at
    which a constraint or a derived size divides by 0 are not admitted.
    """
    least = least_values(layer)
    return (
        *(size >= value for size, value in least.items()),
        *(part for item in layer.constraints for part in _holding(item, least)),
        *(
            part
            for derived in layer.derived
            for part in _holding(equal(derived.size, derived.value), least)
        ),
    )


def _holding(condition: Condition, least: Least) -> tuple[Condition, ...]:
    """Return that a condition has a value and holds."""
    defined = _defined(condition, least)
    return (condition,) if defined == TRUE else (defined, condition)


def _defined(condition: Condition, least: Least) -> Condition:
    """Return that evaluation divides by 0 nowhere on its way through a condition."""
    match condition:
        case Comparison(left=left, right=right):
            return _all((*_divisors(left, least), *_divisors(right, least)))
        case Divides(divisor=divisor, value=value):
            return _all(_divisors(Quotient(value, divisor), least))
        case Not(condition=part):
            return _defined(part, least)
        case And(conditions=parts) | Or(conditions=parts):
            # The first part that settles it is the last one that is looked at.
            found: Condition = TRUE
            for part in reversed(parts):
                if found != TRUE:
                    settled = Not(part) if isinstance(condition, And) else part
                    found = Or((settled, found))
                found = _all((_defined(part, least), found))
            return found
    raise TypeError(f"not a condition: {condition!r}")


def _divisors(expression: IntegerExpression, least: Least) -> tuple[Condition, ...]:
    """Return that every divisor is not 0, inner ones first; those that cannot be are left out."""
    found = tuple(part for item in parts(expression) for part in _divisors(item, least))
    match expression:
        case Quotient() | FloorDivision() | CeilingDivision() | Remainder():
            divisor = parts(expression)[1]
            if not is_positive(ratio(divisor).numerator, least):
                return (*found, Comparison(divisor, "!=", Constant(0)))
    return found


def _all(parts: Iterable[Condition]) -> Condition:
    known = tuple(part for part in parts if part != TRUE)
    return known[0] if len(known) == 1 else And(known)


def size_scope(layer: Layer) -> frozenset[Symbol]:
    """Return every size of a layer."""
    return frozenset((*layer.given, *(derived.size for derived in layer.derived)))


_sound: dict[tuple[object, ...], frozenset[str]] = {}


def sound_definitions(layer: Layer) -> frozenset[str]:
    """Return the defined arrays whose definition is well-formed at each of their positions.

    Raises:
        IllFormed: when a definition depends on itself.
    """
    try:
        _ = dependencies(layer.definition_by_name)
    except ValueError as error:
        raise IllFormed(str(error), code="recursive-definition") from None
    hypotheses = layer_hypotheses(layer)
    key = (layer.given, hypotheses, layer.definitions)
    if key not in _sound:
        solver = Solver(hypotheses, least_values(layer))
        definitions = layer.definition_by_name
        found: set[str] = set()
        for definition in layer.definitions:
            walker = Walker(definitions, frozenset(found), solver)
            try:
                requirements = walker.definition(definition, size_scope(layer))
                if all(_discharged(item, solver) for item in requirements):
                    found.add(definition.array.name)
            except (IllFormed, NotSupported):
                continue
        _sound[key] = frozenset(found)
    return _sound[key]


def _discharged(requirement: Requirement, solver: Solver) -> bool:
    return solver.never(*(requirement.plain or requirement.obligation).formulas)


def require_satisfiable(solver: Solver, conditions: tuple[Condition, ...], fact: str) -> None:
    """Show that the hypotheses and further conditions can hold together.

    Raises:
        IllFormed: when they cannot: what is claimed under them states nothing.
        NotSupported: when the solver does not know.
    """
    answer, _ = solver.ask(*conditions)
    if answer is Answer.UNSATISFIABLE:
        raise IllFormed(
            f"{fact}, so the statement states nothing",
            code="states-nothing",
            help="weaken the assumptions, or correct the ranges of the free indices",
        )
    if answer is Answer.UNKNOWN:
        raise NotSupported("the solver gave up on the assumptions", code="solver-limit")
