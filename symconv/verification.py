"""What to check, by which way, into one report: the only orchestration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Protocol, TypeAlias

from symconv.algebra.expressions import Statement
from symconv.algebra.indices import condition_text
from symconv.algebra.size_limits import require_small
from symconv.errors import InternalError, NotSupported, UsageError
from symconv.layers.layer import Layer, Loop, Sizes
from symconv.layers.registry import default_layer
from symconv.verdicts import Method, Report, Result, Verdict

if TYPE_CHECKING:
    from symconv.concrete.site import AtSizes, Item

Progress: TypeAlias = Callable[[int, int, str], None]
"""Called with how many tasks are done, how many there are, and what comes next."""

METHODS: tuple[Method, ...] = ("proof", "closed-form", "numbers")


class Task(Protocol):
    """Something that can be checked: a statement, a place in a document, a shape of code."""

    @property
    def name(self) -> str:
        """What is checked, for people who wait for it."""
        ...

    def run(self) -> Iterable[Result]:
        """Check it; the results, of which there is one at least."""
        ...


@dataclass(frozen=True, slots=True)
class Settled:
    """A task of which the result is known before anything runs."""

    result: Result

    @property
    def name(self) -> str:
        """What is checked."""
        return self.result.key

    def run(self) -> tuple[Result, ...]:
        """Return the result."""
        return (self.result,)


def run(
    tasks: Iterable[Task],
    progress: Progress | None = None,
    *,
    layer: str | None = None,
    solver: str | None = None,
) -> Report:
    """Run tasks one after the other, and report their results in that order.

    Args:
        tasks: what to run.
        progress: called before each task, and at the end.
        layer: the name of the layer, for the report.
        solver: name and version of the solver, for the report.

    Raises:
        InternalError: when two independent ways disagree, or a task has no result.
    """
    tasks = list(tasks)
    results: list[Result] = []
    for done, task in enumerate(tasks):
        if progress is not None:
            progress(done, len(tasks), task.name)
        found = list(task.run())
        if not found:
            raise InternalError(f"{task.name}: nobody knows what became of it")
        results += found
    if progress is not None:
        progress(len(tasks), len(tasks), "")
    _require_coherence(results)
    return Report(results, layer=layer, solver=solver)


def _require_coherence(results: Iterable[Result]) -> None:
    """Stop loudly when a statement is proved for every size and fails at one.

    Raises:
        InternalError: when one does.
    """
    proved = {(one.key, one.location) for one in results if one.verdict is Verdict.PROVED}
    for result in results:
        if result.verdict is None or not result.verdict.is_false:
            continue
        if (result.key, result.location) in proved:
            raise InternalError(
                f"{result.key} is proved for every size, but {result.verdict.value} by "
                f"{result.route} at {result.sizes}: {result.detail}"
            )


def verify(
    statements: Iterable[str | Item] | None = None,
    *,
    sizes: Iterable[str | Sizes] = (),
    layer: Layer | None = None,
    methods: Iterable[Method] = METHODS,
    progress: Progress | None = None,
) -> Report:
    """Check statements and loops: for every size, and at given sizes, exactly.

    Args:
        statements: names such as ``dL/dx`` (all its forms) or ``dL/dx:contracted``, or
            statements and loops themselves; None means everything the layer has.
        sizes: texts such as ``"N=2,C=3,H=8,W=8,F=4,HH=3,WW=3,S=1,P=1"`` or `Sizes`; none
            means the layer's default sizes.
        layer: the layer; conv2d when left out.
        methods: by which ways to check.
        progress: called before each check.

    Returns:
        A report, true only when everything was proved or verified. It warns when it is
        dropped although something in it failed.

    Raises:
        UsageError: for an unknown statement, bad sizes, or nothing to check.
        InternalError: when two independent ways disagree.
    """
    # What proves imports Z3, and what compares closed forms SymPy: the rest goes without them.
    from symconv.explanations.proving import ProofForEverySize
    from symconv.proof.smt import solver_name

    layer = layer or default_layer()
    chosen = _chosen(layer, statements)
    ways = _ways(methods)
    tasks: dict[str, list[Task]] = {item.key: [] for item in chosen}
    for refused in _too_large(chosen, layer):
        tasks[refused.key].append(Settled(refused))
    small = [item for item in chosen if not tasks[item.key]]
    for item in small:
        if isinstance(item, Statement):
            _require_known_arrays(layer, item)
            if "proof" in ways:
                tasks[item.key].append(ProofForEverySize(item, layer))
    at = _sizes(layer, sizes)
    admitted: list[AtSizes] = []
    if ways != ("proof",):
        admitted += _admitted(layer, small, ways, at or _usual_sizes(layer, small))
    if small and not admitted and not any(tasks[item.key] for item in small):
        raise _nothing_to_check(small, ways)
    for task in admitted:
        if task.has_a_way():
            tasks[task.item.key].append(task)
    for item in chosen:
        if not tasks[item.key]:
            left_out = _not_judged(item, ways, explicit=statements is not None)
            tasks[item.key].append(Settled(left_out))
    solver = solver_name() if "proof" in ways else None
    return run(chain(*tasks.values()), progress, layer=layer.name, solver=solver)


def verify_theorems(names: Iterable[str] = (), progress: Progress | None = None) -> Report:
    """Prove identities between layers for every size, and that they need their conditions.

    Args:
        names: names such as ``adjoint``; none means every theorem.
        progress: called before each theorem.

    Raises:
        UnknownStatement: for a name that no theorem has.
        InternalError: when two independent ways disagree.
    """
    from symconv.explanations.proving import ProofOfTheorem
    from symconv.layers.theorems.shipped import chosen_theorems
    from symconv.proof.smt import solver_name

    tasks = [ProofOfTheorem(theorem) for theorem in chosen_theorems(names)]
    return run(tasks, progress, layer="theorems", solver=solver_name())


def _sizes(layer: Layer, sizes: Iterable[str | Sizes]) -> list[Sizes]:
    """Return the sizes at which something is checked, the smallest first."""
    given = [sizes] if isinstance(sizes, str | Sizes) else list(sizes)
    # Sizes that were made by hand are checked like any others.
    at = {
        layer.sizes(item) if isinstance(item, str) else layer.sizes("", **item.given)
        for item in given
    }
    return sorted(at, key=Sizes.order)


def _usual_sizes(layer: Layer, chosen: Iterable[Item]) -> list[Sizes]:
    """Return the layer's default sizes, or where it has none a few small ones."""
    if layer.default_sizes:
        return _sizes(layer, layer.default_sizes)
    from symconv.proof.counterexample import guard_sizes

    claims = [item for item in chosen if isinstance(item, Statement)]
    return _sizes(layer, [one for item in claims for one in guard_sizes(item, layer)])


def _admitted(
    layer: Layer,
    chosen: list[Item],
    ways: tuple[Method, ...],
    at: Iterable[Sizes],
) -> Iterator[AtSizes]:
    """Yield the checks of what says something at given sizes, for which there is room."""
    from symconv.concrete.site import Witnesses, check_at

    for one in at:
        witnesses = Witnesses(layer, one)
        for check in (check_at(witnesses, item, ways) for item in chosen):
            if check.admits():
                # What cannot be counted because it is not supported is undecided when it is run.
                with suppress(NotSupported):
                    check.require_room()
                yield check


def _too_large(chosen: Iterable[Item], layer: Layer) -> Iterator[Result]:
    """Yield what is undecided because no way may look at it: what is too large, before any work."""
    for item in chosen:
        if not isinstance(item, Statement):
            continue
        try:
            require_small(item, layer.definition_by_name)
        except NotSupported as error:
            yield Result(
                statement=item.name,
                form=item.form or None,
                verdict=Verdict.UNDECIDED,
                code=error.code,
                detail=error.fact,
            )


def _not_judged(item: Item, ways: tuple[Method, ...], *, explicit: bool) -> Result:
    """Say that nothing was checked of a statement or loop, so that it does not get lost.

    Of what was asked for by name that is `undecided`, unless its own assumptions left it out.
    """
    assumptions = item.assumptions if isinstance(item, Statement) else ()
    if assumptions and ways != ("numbers",):
        code, verdict = "assumptions-not-met", None
        detail = f"not judged: no given size satisfies {' and '.join(map(str, assumptions))}"
    elif isinstance(item, Statement) and "closed-form" in ways:
        code, verdict = "states-nothing", Verdict.UNDECIDED if explicit else None
        detail = "not judged: at the given sizes its free indices have no value"
    else:
        code, verdict = "not-applicable", Verdict.UNDECIDED if explicit else None
        detail = f"not judged: {' and '.join(ways)} cannot check it; try the other methods"
    return Result(
        statement=item.key.partition(":")[0],
        form=item.key.partition(":")[2] or None,
        kind="claim" if isinstance(item, Statement) else "code",
        verdict=verdict,
        code=code,
        detail=detail,
        assumptions=tuple(map(condition_text, assumptions)),
    )


def _chosen(layer: Layer, statements: Iterable[str | Item] | None) -> list[Item]:
    if statements is None:
        everything = layer.select([])
        if everything:
            return everything
        raise UsageError(
            f"{layer.name} has no statements and no loops",
            code="nothing-to-check",
            help="give the layer statements, or derive a gradient: symconv derive",
        )
    given = [statements] if isinstance(statements, str | Statement | Loop) else list(statements)
    if not given:
        raise UsageError("nothing selected", help="leave the statements out to check everything")
    names = [item for item in given if isinstance(item, str)]
    chosen = layer.select(names) if names else []
    for number, item in enumerate(item for item in given if not isinstance(item, str)):
        if isinstance(item, Statement) and not item.name:
            item = replace(item, name=f"statement {number + 1}")
        if any(item.key == other.key for other in chosen):
            raise UsageError(
                f"two statements are called {item.key}", help="give each a name of its own"
            )
        chosen.append(item)
    return chosen


def _require_known_arrays(layer: Layer, statement: Statement) -> None:
    try:
        layer.require_one_shape_a_name(statement.lhs, statement.rhs)
    except NotSupported as error:
        fact = f"{statement.key}: {error.fact}"
        raise UsageError(fact, code=error.code, help=error.help) from None


def _ways(methods: Iterable[Method]) -> tuple[Method, ...]:
    wanted = [methods] if isinstance(methods, str) else list(methods)
    unknown = [way for way in wanted if way not in METHODS]
    if unknown or not wanted:
        fact = f"unknown method {unknown[0]!r}" if unknown else "no method selected"
        raise UsageError(fact, help=f"the methods are {', '.join(METHODS)}")
    return tuple(way for way in METHODS if way in wanted)


def _nothing_to_check(chosen: list[Item], ways: tuple[Method, ...]) -> UsageError:
    if ways == ("proof",):
        fact = "nothing to check: loops are not proved"
        advice = "check them with the methods closed-form and numbers"
    else:
        fact = "nothing to check: no selected statement says anything at these sizes"
        advice = "; ".join(
            f"{item.key} assumes {', '.join(map(str, item.assumptions))}"
            if item.assumptions
            else f"the free indices of {item.key} have no value there"
            for item in chosen
            if isinstance(item, Statement)
        )
    return UsageError(fact, code="nothing-to-check", help=advice)
