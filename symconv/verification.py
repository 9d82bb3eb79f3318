"""What to check, by which way, into one report: the only orchestration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from time import perf_counter
from typing import TypeAlias

from symconv.algebra.expressions import Statement
from symconv.algebra.indices import condition_text
from symconv.algebra.size_limits import require_small
from symconv.concrete.site import Item, Site
from symconv.errors import InternalError, NotSupported, UsageError
from symconv.explanations.failures import explain
from symconv.layers.layer import Layer, Loop, Sizes
from symconv.proof.equality import prove
from symconv.proof.smt import solver_name
from symconv.verdicts import Method, Report, Result, Verdict

Progress: TypeAlias = Callable[[int, int, str], None]
"""Called with how many checks are done, how many there are, and what comes next."""

METHODS: tuple[Method, ...] = ("proof", "closed-form", "numbers")


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
    if layer is None:
        from symconv.layers.convolution.two_dimensional import conv2d

        layer = conv2d()
    chosen = _chosen(layer, statements)
    ways = _ways(methods)
    results = list(_too_large(layer, chosen))
    too_large = {result.key for result in results}
    small = [item for item in chosen if item.key not in too_large]
    for item in small:
        if isinstance(item, Statement):
            _require_known_arrays(layer, item)
    checks = [*_proofs(layer, small, ways), *_checks_at_sizes(layer, small, ways, sizes)]
    if small and not checks:
        raise _nothing_to_check(small, ways)
    explicit = statements is not None
    for done, (what, check) in enumerate(checks):
        if progress is not None:
            progress(done, len(checks), what)
        results.extend(check())
    if progress is not None:
        progress(len(checks), len(checks), "")
    _require_coherence(results)
    judged = {result.key for result in results}
    left_out = [item for item in chosen if item.key not in judged]
    results.extend(_not_judged(item, ways, explicit=explicit) for item in left_out)
    place = {item.key: position for position, item in enumerate(chosen)}
    assumed = {
        item.key: tuple(map(condition_text, item.assumptions))
        for item in small
        if isinstance(item, Statement)
    }
    results = [replace(item, assumptions=assumed.get(item.key, ())) for item in results]
    return Report(
        sorted(results, key=lambda result: place[result.key]),
        layer=layer.name,
        solver=solver_name() if "proof" in ways else None,
    )


def prove_result(statement: Statement, layer: Layer) -> Result:
    """Decide one statement for every size, with an explanation where it fails."""
    start = perf_counter()
    outcome = prove(statement, layer)
    seconds = perf_counter() - start
    detail = outcome.detail
    notes = outcome.notes
    if outcome.verdict.is_false:
        notes = (*notes, *explain(statement, layer, outcome).notes())
    if outcome.verdict is Verdict.UNDECIDED and outcome.verified_at:
        tested = outcome.verified_at
        detail = f"{detail}; true at {len(tested)} small sizes up to {tested[-1]}"
    return Result(
        statement=statement.name,
        form=statement.form or None,
        method="proof",
        route="smt",
        verdict=outcome.verdict,
        code=outcome.code,
        seconds=seconds,
        detail=detail,
        notes=notes,
        assumptions=tuple(map(condition_text, outcome.assumptions)),
        counterexample=outcome.counterexample,
        evidence=outcome.proof,
    )


_Check: TypeAlias = tuple[str, Callable[[], Iterable[Result]]]


def _proofs(layer: Layer, chosen: list[Item], ways: tuple[Method, ...]) -> list[_Check]:
    if "proof" not in ways:
        return []

    def check(statement: Statement) -> _Check:
        return f"{statement.key} for every size", lambda: [prove_result(statement, layer)]

    return [check(item) for item in chosen if isinstance(item, Statement)]


def _checks_at_sizes(
    layer: Layer,
    chosen: list[Item],
    ways: tuple[Method, ...],
    sizes: Iterable[str | Sizes],
) -> list[_Check]:
    given = [sizes] if isinstance(sizes, str | Sizes) else list(sizes)
    # Sizes that were made by hand are checked like any others.
    at = {
        layer.sizes(item) if isinstance(item, str) else layer.sizes("", **item.given)
        for item in given
    }
    if ways == ("proof",):
        return []
    at = at or {layer.sizes(text) for text in layer.default_sizes}
    sites = [Site(layer, one) for one in sorted(at, key=Sizes.order)]

    def check(site: Site, item: Item) -> _Check:
        return f"{item.key} at {site.sizes}", lambda: site.check(item, ways)

    admitted = [(site, item) for site in sites for item in chosen if site.admits(item)]
    for site, item in admitted:
        # What cannot be counted because it is not supported is undecided when it is checked.
        with suppress(NotSupported):
            site.require_room(item)
    return [check(site, item) for site, item in admitted]


def _too_large(layer: Layer, chosen: Iterable[Item]) -> Iterator[Result]:
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
    )


def _require_coherence(results: Iterable[Result]) -> None:
    """Stop loudly when a statement is proved for every size and fails at one.

    Raises:
        InternalError: when one does.
    """
    proved = {result.key for result in results if result.verdict is Verdict.PROVED}
    for result in results:
        if result.key in proved and result.verdict is not None and result.verdict.is_false:
            raise InternalError(
                f"{result.key} is proved for every size, but {result.verdict.value} by "
                f"{result.route} at {result.sizes}: {result.detail}"
            )


def _chosen(layer: Layer, statements: Iterable[str | Item] | None) -> list[Item]:
    if statements is None:
        return layer.select([])
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
