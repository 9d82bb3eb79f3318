"""Exact checks of a convolution inside a test suite.

One assertion over every class of shapes::

    from symconv.testing import assert_gradients_exact

    def test_my_convolution():
        assert_gradients_exact(conv_forward, conv_backward)

Or an item of pytest for every class of shapes and every result, such as
``test_conv[dL/dx-padding 0]``, by a marker and a fixture that come with the installed package::

    @pytest.mark.symconv(forward=conv_forward, backward=conv_backward)
    def test_conv(symconv_check):
        symconv_check()

Both take the options of `symconv.check_implementation`, such as ``layer="avg_pool2d"`` or
``layer="own.py:layer"``, a layer of one's own, and both fail with the diagnosis. What
was not decided fails as well: unknown is never a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from symconv.errors import UsageError
from symconv.implementations.calling.conventions import wrap
from symconv.implementations.calling.processes import SECONDS_PER_RUN
from symconv.implementations.checking import check_implementation, places_of
from symconv.implementations.model import BACKWARD_RESULTS, FORWARD_RESULTS
from symconv.implementations.options import CodeOptions
from symconv.implementations.trying.conclusions import CodeReport, Conclusion
from symconv.implementations.trying.inputs import plan
from symconv.implementations.trying.on_numbers import wanted_results
from symconv.implementations.trying.shape_classes import ShapeClass
from symconv.implementations.trying.trials import Options
from symconv.implementations.trying.unjudged import unjudged
from symconv.layers.layer import Sizes
from symconv.layers.registry import layer_by_name
from symconv.own_layers import layer_from
from symconv.verdicts import Result, Verdict

__all__ = ["Kernel", "ShapeCheck", "assert_gradients_exact"]


def assert_gradients_exact(
    forward: Any = None,
    backward: Any = None,
    *,
    sizes: str | Sizes | Iterable[str | Sizes] | None = None,
    dtypes: Iterable[str] = ("float64",),
    tolerance: float | None = None,
    seconds: float = SECONDS_PER_RUN,
    isolate: bool = True,
    **convention: Any,
) -> CodeReport:
    """Assert that a forward and a backward pass are right, exactly, at every class of shapes.

    Args:
        forward: computes the output; a function, a lambda, a class, a module, or None.
        backward: computes the gradients; None where `forward` does it as well.
        sizes: sizes to check at, such as ``"N=2,C=3,H=8,W=8,F=4,HH=3,WW=3,S=1,P=1"``, or
            several; every class of shapes when left out.
        dtypes: in which dtypes, such as ``("float64", "float32")``.
        tolerance: how far from the right value a number may be, relative to the largest one;
            for code that rounds by nature. None for not at all.
        seconds: how long one run may take, in seconds.
        isolate: whether to run it in a process of its own where that is possible.
        **convention: how it is called, as `check_implementation` takes it.

    Returns:
        The report; shapes that the code rejects on purpose are in it.

    Raises:
        AssertionError: when anything is wrong, not decided, or was not judged at all; its text
            says when it fails, at which smallest shape, and why.
        UsageError: when the callables fit no convention.
    """
    __tracebackhide__ = True
    convention = _with_layer(convention)
    report = check_implementation(
        forward,
        backward,
        sizes=_several(sizes),
        dtypes=dtypes,
        tolerance=tolerance,
        seconds=seconds,
        isolate=isolate,
        **convention,
    )
    problems = [*_not_judged(report)]
    if report.failures:
        from symconv.reports.code_view import failures_text

        problems.insert(0, failures_text(report))
    if problems:
        raise AssertionError("\n\n".join([report.description.name, *problems]))
    return report


def _with_layer(options: dict[str, Any]) -> dict[str, Any]:
    """Return options with the layer that they name, which may stand in a file."""
    named = options.get("layer")
    return {**options, "layer": layer_from(named)} if isinstance(named, str) else options


def _several(sizes: str | Sizes | Iterable[str | Sizes] | None) -> tuple[str | Sizes, ...]:
    if sizes is None:
        return ()
    return (sizes,) if isinstance(sizes, str | Sizes) else tuple(sizes)


def _not_judged(report: CodeReport) -> Iterator[str]:
    """Say which results there is no verdict on."""
    if not set(report.description.provides) & {*BACKWARD_RESULTS}:
        yield "no gradient was judged: there is no backward pass"
    for conclusion in report.conclusions:
        if conclusion.verdict is None:
            yield _nothing_judged(conclusion)


def _nothing_judged(conclusion: Conclusion) -> str:
    reason = "" if conclusion.rejection is None else f": {conclusion.rejection.detail}"
    return f"{conclusion.name}: nothing was judged, every shape is rejected on purpose{reason}"


def _taken_as(report: CodeReport) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in report.read_as.items())


@dataclass(frozen=True, slots=True)
class CheckedResult:
    """What became of one result in one class of shapes.

    Attributes:
        results: the verdicts on it, and on the pass that computes it.
        failure: what is wrong or not known, for people; an empty string when it is right.
        rejection: why the code refuses the class on purpose, or an empty string.
    """

    results: tuple[Result, ...]
    failure: str = ""
    rejection: str = ""


class Kernel:
    """A forward and a backward pass under test, which run once for all the items on them.

    Args:
        forward: as for `assert_gradients_exact`.
        backward: as for `assert_gradients_exact`.
        sizes: as for `assert_gradients_exact`.
        **options: as for `assert_gradients_exact`.

    Raises:
        UsageError: when the callables fit no convention, or an option is unknown.

    Attributes:
        classes: the classes of shapes that the signatures leave.
        results: the results that are asked for.
        unjudged: what was asked for, or can matter, and is not judged at any shape.
    """

    def __init__(
        self,
        forward: Any = None,
        backward: Any = None,
        *,
        sizes: str | Sizes | Iterable[str | Sizes] | None = None,
        **options: Any,
    ) -> None:
        self._given = (forward, backward)
        self._sizes = _several(sizes)
        self._options = options = _with_layer(options)
        self._report: CodeReport | None = None
        run = ("dtypes", "tolerance", "seconds", "isolate")
        convention = {key: value for key, value in options.items() if key not in run}
        description = wrap(forward, backward, **convention).description
        said = CodeOptions(layer=convention.get("layer"))
        self._layer = layer_by_name(description.layer) if said.layer is None else said.meant
        self.classes = places_of(self._layer, description, Options(sizes=self._sizes))
        for dtype in options.get("dtypes", ()):
            # An unknown one is better refused now than once for every item.
            _ = plan(self._layer, self.classes[0].sizes, dtype, 1)
        self.results = wanted_results(description)
        self.unjudged = tuple(
            one.statement for one in unjudged(description) if one.verdict is not None
        )

    @property
    def report(self) -> CodeReport:
        """The report on all classes; the code runs when it is first asked for."""
        if self._report is None:
            self._report = check_implementation(*self._given, sizes=self._sizes, **self._options)
        return self._report

    def outcome(self, result: str, shape_class: ShapeClass) -> CheckedResult:
        """Return what became of one result in one class, or of what is not judged at any."""
        if result in self.unjudged:
            left_out = self.report.only(statement=result)
            detail = left_out[0].detail if left_out else "it was not judged"
            return CheckedResult(left_out, failure=f"{result}: {detail}")
        passed = "forward" if result in FORWARD_RESULTS else "backward"
        # Code that is taken in another way, such as without a batch, has other members of a class.
        # Where the code refuses the smallest one it was tried at another, too.
        members = [one for one in self.report.classes if one.name == shape_class.name]
        if not members:
            return CheckedResult((), rejection=f"{_taken_as(self.report)} leaves no such shape")
        given = [member.sizes.given for member in members]
        found = self.report.where(
            lambda one: one.statement in (result, passed) and one.sizes in given
        )
        bad = [one for one in found if one.verdict is not None and not one.verdict.is_true]
        if bad:
            first = min(bad, key=lambda one: one.verdict is not Verdict.REFUTED)
            return CheckedResult(found, failure=self._failure(first))
        refused = next((one for one in found if one.verdict is None), None)
        if any(one.verdict is not None for one in found):
            return CheckedResult(found)
        conclusion = self._conclusion(result)
        if conclusion is None or refused is None:
            return CheckedResult(
                found, failure=f"{result}: nothing was judged at {members[0].sizes}"
            )
        if conclusion.verdict is None:
            return CheckedResult(found, failure=_nothing_judged(conclusion))
        few = [one for one in self.report.failures if one.code == "shapes-refused"]
        if few:
            return CheckedResult(found, failure=f"{result}: {refused.detail}; {few[0].detail}")
        return CheckedResult(found, rejection=f"rejected on purpose: {refused.detail}")

    def _conclusion(self, name: str) -> Conclusion | None:
        return next((one for one in self.report.conclusions if one.name == name), None)

    def _failure(self, first: Result) -> str:
        from symconv.reports.code_view import WORDS, where_text

        word = WORDS.get(str(first.code), str(first.code))
        where = f" {first.location}" if first.location else ""
        lines = [f"{first.statement}: {word} [{first.code}]{where}", first.detail]
        lines.append(f"at {self._layer.sizes('', **first.sizes or {})}")
        conclusion = self._conclusion(first.statement)
        if conclusion is not None:
            lines += where_text(conclusion)
            lines += [conclusion.diagnosis] if conclusion.diagnosis else []
        return "\n    ".join(lines)


@dataclass(slots=True)
class ShapeCheck:
    """What the fixture `symconv_check` is: one result in one class of shapes.

    Call it to have the result checked; a test that takes it and never calls it fails.

    Attributes:
        kernel: the code under test.
        result: the result: ``y``, ``dL/dx``, ``dL/dw`` or ``dL/db``.
        shape_class: the class of shapes, with its name and its smallest sizes.
        called: whether it was called.
    """

    kernel: Kernel
    result: str
    shape_class: ShapeClass
    called: bool = field(default=False, compare=False)

    def __call__(self) -> tuple[Result, ...]:
        """Check the result in the class.

        Returns:
            The verdicts, all of them true.

        Raises:
            pytest.fail.Exception: with the diagnosis, when it is wrong or not decided.
            pytest.skip.Exception: with the reason, when the code rejects the class on purpose.
        """
        import pytest

        __tracebackhide__ = True
        self.called = True
        try:
            outcome = self.kernel.outcome(self.result, self.shape_class)
        except UsageError as error:
            pytest.fail(str(error), pytrace=False)
        if outcome.failure:
            pytest.fail(outcome.failure, pytrace=False)
        if outcome.rejection:
            # The user's code refuses the class on purpose: nothing is judged, and the skip says
            # so with the code's own words, where a pass would claim what nobody looked at.
            pytest.skip(reason=outcome.rejection)
        return outcome.results
