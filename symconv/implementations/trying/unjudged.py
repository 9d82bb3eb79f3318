"""What a check of code did not judge: results that nothing computes, parameters that stayed.

Each is a result of its own, so that no verdict says more than was done.
"""

from __future__ import annotations

from collections.abc import Iterator

from symconv.implementations.model import BACKWARD_RESULTS, Description, Unvaried
from symconv.implementations.trying.conclusions import Conclusion
from symconv.verdicts import Note, Result, Verdict


def unjudged(description: Description) -> Iterator[Result]:
    """Yield a result for everything that was asked for or can matter, and was not judged."""
    for name in description.absent:
        yield Result(
            statement=name,
            kind="code",
            verdict=Verdict.UNDECIDED,
            code="not-found",
            location=next(iter(description.location.values()), None),
            detail=_not_found(name, description),
        )
    for parameter in description.unvaried:
        counts = parameter.reaches and parameter.name not in description.fixed
        yield Result(
            statement=f"parameter/{parameter.name}",
            kind="code",
            verdict=Verdict.UNDECIDED if counts else None,
            code="not-varied",
            location=parameter.location or None,
            detail=_not_varied(parameter) + (_HELP.format(parameter.name) if counts else ""),
        )


def out_of_scope(description: Description, layer: str, other: str, flags: str) -> Iterator[Result]:
    """Yield that nothing is judged of code that is another layer.

    Args:
        description: the code.
        layer: the layer that it was compared with.
        other: what it is.
        flags: what says so on the command line; empty where nothing can.
    """
    detail = f"it is {other}, which is recognised and not judged: it was compared with {layer}, "
    detail += (
        f"and with {flags} it is compared with that layer"
        if flags
        else "and no layer that code is compared with is that"
    )
    for name in description.provides:
        yield Result(
            statement=name,
            kind="code",
            verdict=Verdict.UNDECIDED,
            code="out-of-scope",
            location=description.location.get(name),
            detail=detail,
        )


_HELP = "; if it always stays so, say --fixed {0} (in Python: fixed={0!r})"


def concluded(result: Result) -> Conclusion:
    """Return what a result that stands alone comes to."""
    return Conclusion(result.statement, str(result.code), result.verdict, {}, failure=result)


def staying(description: Description) -> Iterator[Note]:
    """Say which parameters had one value in every run, beside the verdicts."""
    said = [f"{item.name} at {item.value}" for item in description.unvaried]
    if said:
        yield Note("scope", f"not varied: {', '.join(said)}")


def _not_found(name: str, description: Description) -> str:
    missing = "backward" if name in BACKWARD_RESULTS else "forward"
    fact = f"no {missing} pass was found, so nobody looked at it"
    if getattr(description, missing) is not None:
        fact = f"the {missing} pass that was found does not compute it, so nobody looked at it"
    sought = f"; {description.sought}" if description.sought else ""
    there = ",".join(description.provides)
    alone = f", or say --only {there} where that is all that is meant" if there else ""
    return f"{fact}{sought}; name it with --{missing} NAME{alone}"


def _not_varied(parameter: Unvaried) -> str:
    return f"{parameter.name} of {parameter.function} was {parameter.value} in every run; " + (
        "the verdicts hold for this value, and for no other"
        if parameter.reaches
        else "no result depends on it"
    )
