r"""What stands below and above a sum sign: indices, their bounds, and conditions.

``p=0`` below and ``HH`` or ``p=HH`` above, ``0 \le p < HH``, ``p \in \{0,\ldots,HH-1\}``,
``n,f,k,l`` without bounds, ``i,j=0`` with one upper bound for both, and conditions such as
``p+kS=i+P`` behind the indices that they restrict.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias
from typing import Literal as OneOf

from symconv.algebra.indices import IntegerExpression
from symconv.algebra.ratios import same_polynomial
from symconv.latex.reading.meaning.integers import integer_of, listed_bounds, symbol_name
from symconv.latex.reading.meaning.scope import (
    Bounds,
    Scope,
    usual_bounds,
)
from symconv.latex.reading.syntax import (
    Chain,
    Connected,
    Group,
    Name,
    Node,
    Product,
    Stopped,
    Summation,
    children,
)

Ends: TypeAlias = tuple[IntegerExpression | None, IntegerExpression | None]
"""The first and the last value of an index as they are written; None where one is not."""
_ORDERS: Final = frozenset(["<", "<=", ">", ">=", "!="])


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range as it is written.

    Attributes:
        node: what stands there.
        kind: ``included``, ``excluded``, or ``above`` the sum sign, where the convention of
            the text decides.
    """

    node: Node
    kind: OneOf["included", "excluded", "above"] = "included"


@dataclass(frozen=True, slots=True)
class Binder:
    """An index under a sum sign; a bound that is not written is None.

    Attributes:
        name: the index.
        lower: its first value.
        upper: its last value.
        shared: whether its bounds are those of another index behind it: i, j = 0.
    """

    name: Name
    lower: Bound | None = None
    upper: Bound | None = None
    shared: bool = False


def binders(
    node: Summation, pairs: frozenset[str] = frozenset()
) -> tuple[list[Binder], list[Node]]:
    """Return the indices that a sum binds, and the conditions that it puts on them.

    Args:
        node: the sum.
        pairs: letters that a comparison below a sum sign binds, too: j in i < j.

    Raises:
        Stopped: where no index is given, or it is not clear which one a bound belongs to.
    """
    found: list[Binder] = []
    conditions: list[Node] = []
    shared = 0
    items = _flat(node.below)
    names = {name for item in items for name in _bindable(item)}
    for item in items:
        pair = _pair(item, pairs, {binder.name.name for binder in found})
        if pair is not None:
            found.extend(pair)
            conditions.append(item)
            continue
        binder = _binder(item, {binder.name.name for binder in found})
        if isinstance(item, Chain) and isinstance(binder, Binder) and _is_solved(item, names):
            # k, p = i - kS: p is where the equation holds.
            if node.above:
                raise Stopped(
                    item.span,
                    "unclear-range",
                    f"it is not clear whether {binder.name.name} begins here, or is equal to this",
                    "write one sum sign per index",
                )
            found.append(Binder(binder.name))
            conditions.append(item)
        elif (left_out := _left_out(item, {b.name.name for b in found})) is not None:
            found.append(Binder(left_out))
            conditions.append(item)
        elif binder is None:
            conditions.append(item)
        elif isinstance(item, Chain) and not isinstance(binder, list):
            # i,j=0: the bounds of the last one are those of the names before it.
            first = len(found)
            while first > 0 and found[first - 1].lower is None and found[first - 1].upper is None:
                first -= 1
            shared = len(found) - first + 1
            found[first:] = [replace(binder, name=one.name, shared=True) for one in found[first:]]
            found.append(binder)
        else:
            found.extend(binder if isinstance(binder, list) else [binder])
            shared = 1
    if not found:
        raise Stopped(node.sign, "unreadable", "this sum sign has no index below it")
    _refuse_twice(found)
    if node.above:
        found = _with_upper(node, found, shared)
    return found, conditions


def pair_letters(nodes: Iterable[Node], said: Collection[str]) -> frozenset[str]:
    """Return the letters that a sum over i < j or i != j binds beside its first one.

    It is a sum over pairs where the second letter stands nowhere outside of such sums; elsewhere
    the sum is over the first letter alone, and the equation is about the second one.

    Args:
        nodes: the sides of an equation.
        said: letters that the equation is about otherwise, as its conditions say.
    """
    second: set[str] = set()
    loose: set[str] = set(said)
    pending: list[tuple[Node, frozenset[str]]] = [(node, frozenset()) for node in nodes]
    while pending:
        node, bound = pending.pop()
        match node:
            case Summation(below=below, above=above, body=body):
                inside = bound.union(*map(_names, below))
                for item in _flat(below):
                    second |= {name.name for name in _compared(item) if name.name not in bound}
                pending += [(body, inside), *((part, bound) for part in above)]
                continue
            case Name(name=name) if name not in bound:
                loose.add(name)
        pending += [(part, bound) for part in children(node)]
    return frozenset(second - loose)


def _compared(item: Node) -> tuple[Name, ...]:
    """Return the letters of a comparison that may be over pairs, without the first one of two."""
    match item:
        case Chain(parts=(Name(), Name() as name), relations=(relation,)) if relation in _ORDERS:
            return (name,)
        case Chain(parts=(_, Name() as first, Name() as second, _), relations=relations):
            return (first, second) if set(relations) <= {"<=", "<"} else ()
    return ()


def _pair(item: Node, pairs: frozenset[str], bound: set[str]) -> list[Binder] | None:
    """Return the two indices of a comparison that is over pairs, or None."""
    names = _compared(item)
    if not names or not {name.name for name in names} <= pairs - bound:
        return None
    match item:
        case Chain(parts=(Name() as first, Name() as second)) if first.name not in bound:
            return [Binder(first), Binder(second)]
        case Chain(parts=(lower, Name() as first, Name() as second, upper), relations=relations):
            ends = _end(lower, relations[0]), _end(upper, relations[2])
            return [Binder(first, *ends), Binder(second, *ends)]
    return None


def _flat(items: tuple[Node, ...]) -> list[Node]:
    found: list[Node] = []
    for item in items:
        if isinstance(item, Connected) and item.connective == "and":
            found.extend(item.parts)
        else:
            found.append(item)
    return found


def _binder(item: Node, bound: set[str]) -> Binder | list[Binder] | None:
    """Return the index that an item binds, or None where it is a condition."""
    match item:
        case Name():
            return [Binder(item)]
        case Product(signs=signs, factors=parts) if not any(signs) and all(
            isinstance(part, Name) for part in parts
        ):
            return [Binder(part) for part in parts if isinstance(part, Name)]
        case Group(bracket="(", items=parts) if all(isinstance(part, Name) for part in parts):
            return [Binder(part) for part in parts if isinstance(part, Name)]
        case Chain(parts=(Name() as name, value), relations=(relation,)) if name.name not in bound:
            match relation:
                case "==":
                    return Binder(name, lower=Bound(value))
                case "<=":
                    return Binder(name, upper=Bound(value))
                case "<":
                    return Binder(name, upper=Bound(value, "excluded"))
                case ">=":
                    return Binder(name, lower=Bound(value))
                case ">":
                    return Binder(name, lower=Bound(value, "excluded"))
                case "in":
                    listed = listed_bounds(value)
                    if listed is not None:
                        return Binder(name, Bound(listed[0]), Bound(listed[1]))
            return None
        case Chain(parts=(lower, Name() as name, upper), relations=relations):
            if name.name not in bound and set(relations) <= {"<=", "<"}:
                return Binder(name, _end(lower, relations[0]), _end(upper, relations[1]))
    return None


def _bindable(item: Node) -> set[str]:
    """Return the names that an item below a sum sign may bind."""
    match item:
        case Chain(parts=(Name() as name, _), relations=("==",)):
            return {name.name}
        case Chain():
            return set()
        case Name() | Product() | Group():
            return _names(item)
    return set()


def _left_out(item: Node, bound: set[str]) -> Name | None:
    """Return the index that runs over all values but one: f' != f."""
    match item:
        case Chain(parts=(Name() as name, _), relations=("!=",)) if name.name not in bound:
            return name
    return None


def _is_solved(item: Chain, names: set[str]) -> bool:
    """Tell whether an equation gives an index by others that stand below the same sum sign."""
    if item.relations != ("==",):
        return False
    head, value = item.parts
    return isinstance(head, Name) and bool(_names(value) & (names - {head.name}))


def _names(node: Node) -> set[str]:
    own = {node.name} if isinstance(node, Name) else set()
    return own.union(*map(_names, children(node)))


def _end(node: Node, relation: str) -> Bound:
    return Bound(node, "excluded" if relation == "<" else "included")


def _with_upper(node: Summation, found: list[Binder], shared: int) -> list[Binder]:
    """Give the number above the sum sign to the index that it belongs to."""
    above = node.above[0]
    span = (node.above[0].span[0], node.above[-1].span[1])
    own = [binder for binder in found if binder.lower is not None and binder.upper is None]
    if len(node.above) == len(found) == len(own) > 1 and not any(b.shared for b in found):
        # p=0, q=0 below and HH-1, WW-1 above: in the same order.
        return [
            replace(binder, upper=Bound(end, "above"))
            for binder, end in zip(found, node.above, strict=True)
        ]
    if len(node.above) > 1:
        raise Stopped(span, "unclear-range", "there is more than one upper bound above a sum sign")
    if isinstance(above, Chain):
        match above:
            case Chain(parts=(Name() as name, value), relations=("==",)):
                names = [binder.name.name for binder in found]
                if name.name not in names:
                    raise Stopped(
                        name.span,
                        "unclear-range",
                        f"{name.name} stands above the sum sign, and not below it",
                        f"write {names[-1]} = ... above, or the bound alone",
                    )
                place = names.index(name.name)
                _refuse_second(found[place], above)
                found[place] = replace(found[place], upper=Bound(value, "above"))
                return found
        raise Stopped(span, "unreadable", "this is no upper bound of a sum")
    if len(found) > shared:
        raise Stopped(
            span,
            "unclear-range",
            "it is not clear which index this upper bound belongs to",
            "write one sum sign per index",
        )
    for place in range(len(found)):
        _refuse_second(found[place], above)
        found[place] = replace(found[place], upper=Bound(above, "above"))
    return found


def _refuse_second(binder: Binder, above: Node) -> None:
    if binder.upper is not None:
        raise Stopped(above.span, "unclear-range", f"{binder.name.name} has two upper bounds")


def _refuse_twice(found: list[Binder]) -> None:
    seen: set[str] = set()
    for binder in found:
        if binder.name.name in seen:
            raise Stopped(
                binder.name.span,
                "index-bound-twice",
                f"{binder.name.name} stands below one sum sign twice",
                "name one of the two indices otherwise",
            )
        seen.add(binder.name.name)


def ends_of(binder: Binder, scope: Scope) -> Ends:
    """Return the first and the last value that are written for an index; None where none is.

    Raises:
        Stopped: where one has no meaning.
    """
    lower, upper = (
        None if bound is None else integer_of(bound.node, scope)
        for bound in (binder.lower, binder.upper)
    )
    if lower is not None and binder.lower is not None and binder.lower.kind == "excluded":
        lower = lower + 1
    if upper is not None and binder.upper is not None:
        exclusive = scope.context.upper_bounds == "exclusive"
        if binder.upper.kind == "excluded" or (binder.upper.kind == "above" and exclusive):
            upper = upper - 1
    return lower, upper


def bound_name(binder: Binder, scope: Scope) -> str:
    """Return the name of an index that a sum binds.

    Raises:
        Stopped: where the name is declared as something else.
    """
    name = symbol_name(binder.name, scope)
    context = scope.context
    if context.knows(name) and not any(index.name == name for index in context.indices):
        abbreviated = context.abbreviation(name) is not None
        raise Stopped(
            binder.name.span,
            "unsupported" if abbreviated else "overloaded-name",
            f"{name} is declared as something else, and stands below a sum sign",
            "sum over an index with a name of its own",
        )
    _ = scope.bound.setdefault(name, binder.name.span)
    return name


def refuse_shared(binder: Binder, ends: Ends, found: Sequence[Bounds], scope: Scope) -> None:
    """Refuse bounds of another index for one that usually has its own: n, f=0 up to F-1.

    Args:
        binder: the index.
        ends: what is written for it and for the other one.
        found: what it runs over where it stands alone in arrays.
        scope: what is known of the names.

    Raises:
        Stopped: where the bounds are others than its own.
    """
    name = symbol_name(binder.name, scope)
    usual = usual_bounds(name, scope.context)
    for bounds in found or ([usual] if usual else []):
        for said, own in zip(ends, bounds, strict=True):
            if said is not None and not same_polynomial(said, own):
                raise Stopped(
                    binder.name.span,
                    "unclear-range",
                    f"it is not clear whether these bounds are those of {name}, too, "
                    f"which otherwise runs over {bounds[0]}..{bounds[1]}",
                    "write one sum sign per index",
                )
