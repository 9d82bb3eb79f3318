"""The terminal view of a check of somebody's code: per result, where it is right and why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from symconv.implementations.trying.conclusions import CodeReport, Conclusion, FailingShapes
from symconv.implementations.trying.inputs import MISS_GOAL
from symconv.reports.terminal import MEANINGS, STYLES, WIDTH_WHEN_PIPED
from symconv.verdicts import Result, Verdict

WORDS = {
    "wrong-value": "wrong value",
    "wrong-shape": "wrong shape",
    "not-a-number": "not a number",
    "raised": "raises by accident",
    "timeout": "does not end",
    "crashed": "ends its process",
    "garbled": "gives no answer that can be read",
    "modified-input": "changes its input",
    "modified-output": "changes the y that forward returned",
    "unstable": "differs from call to call",
    "incomplete": "not computed",
    "not-run": "not run",
    "backward-rejects": "backward refuses what forward takes",
    "not-supported": "not decided",
    "not-enough-runs": "not decided",
    "environment": "cannot run here",
    "out-of-scope": "another layer",
    "several-readings": "may be meant in two ways",
    "rejected": "rejects on purpose",
    "not-found": "not found",
    "not-varied": "not varied",
    "shapes-refused": "refuses most shapes",
}
"""How a code is said to people, by what the JSON view calls it."""


def code_text(report: CodeReport, file: IO[str], *, verbose: bool = False) -> str:
    """Write a report on code for people.

    Args:
        report: what to write.
        file: where the text will be printed: decides on width, colours and characters.
        verbose: also list every single check.
    """
    width = None if file.isatty() else WIDTH_WHEN_PIPED
    console = Console(file=file, highlight=False, width=width)
    with console.capture() as captured:
        console.print(_heading(report), soft_wrap=True)
        console.print(_overview(report))
        if verbose:
            console.print()
            for result in report.results:
                console.print(_line(result), soft_wrap=True)
        for text in (*_failures(report), *_rejections(report)):
            console.print()
            console.print(text, soft_wrap=True)
        console.print()
        console.print(_summary(report), soft_wrap=True)
    return captured.get()


def failures_text(report: CodeReport) -> str:
    """Write what failed, and when, and why; plain text for the message of an exception."""
    return "\n\n".join(text.plain for text in _failures(report))


def where_text(conclusion: Conclusion) -> Iterator[str]:
    """Yield when a result fails, a line for each region, with its smallest shape."""
    for code, regions in conclusion.where.items():
        for region in regions:
            yield f"{WORDS.get(code, code)} {region.clause}, smallest: {region.smallest.sizes}"


def _heading(report: CodeReport) -> Text:
    text = Text(report.description.name, style="bold")
    _ = text.append(f"\n{report.description.convention}", style="not bold")
    for note in report.notes:
        _ = text.append(f"\n{note}", style="not bold dim")
    return text


def _overview(report: CodeReport) -> Table:
    table = Table()
    table.add_column("result")
    table.add_column("verdict", no_wrap=True)
    table.add_column("right in", no_wrap=True, justify="right")
    table.add_column("otherwise", overflow="fold")
    for conclusion in report.conclusions:
        verdict = conclusion.verdict
        style = "dim" if verdict is None else STYLES[verdict]
        right = sum(conclusion.counts.get(code, 0) for code in ("right", "within-tolerance"))
        total = sum(conclusion.counts.values())
        table.add_row(
            conclusion.name,
            Text("not judged" if verdict is None else verdict.value, style=style),
            ""
            if not total or conclusion.name in ("forward", "backward")
            else f"{right} of {total}",
            Text("; ".join(_short(conclusion))),
        )
    return table


def _short(conclusion: Conclusion) -> Iterator[str]:
    if not conclusion.counts:
        yield WORDS.get(conclusion.code, conclusion.code)
    for code, regions in conclusion.where.items():
        yield f"{WORDS.get(code, code)} {_clauses(regions)}"
    if conclusion.rejected:
        yield f"rejects on purpose {_clauses(conclusion.rejected)}"


def _clauses(regions: Iterable[FailingShapes]) -> str:
    clauses = [region.clause for region in regions]
    if len(clauses) > 3:
        return f"{'; '.join(clauses[:3])} and {len(clauses) - 3} more"
    return " and ".join(clauses)


def _failures(report: CodeReport) -> Iterator[Text]:
    """Explain what failed; results that failed in the same way at the same shapes once."""
    groups: dict[object, list[Conclusion]] = {}
    for conclusion in report.conclusions:
        if conclusion.failure is not None:
            failure = conclusion.failure
            key = (failure.code, failure.detail, tuple(conclusion.where.items()))
            groups.setdefault(key, []).append(conclusion)
    for conclusions in groups.values():
        yield _failure(", ".join(one.name for one in conclusions), conclusions[0])


def _failure(names: str, conclusion: Conclusion) -> Text:
    failure = conclusion.failure
    assert failure is not None, "only failures are explained"
    assert failure.verdict is not None, "a failure was judged"
    word = WORDS.get(str(failure.code), str(failure.code))
    text = Text.assemble((f"{names}: {word}", STYLES[failure.verdict]))
    _ = text.append(f" [{failure.code}]")
    if failure.location:
        _ = text.append(f" {failure.location}", style="dim")
    _ = text.append(f"\n    {failure.detail}")
    for line in where_text(conclusion):
        _ = text.append(f"\n    {line}")
    if conclusion.diagnosis:
        _ = text.append("\n    ").append(conclusion.diagnosis, style="bold")
    for line in conclusion.picture.splitlines():
        _ = text.append(f"\n    {line}")
    return text


def _rejections(report: CodeReport) -> Iterator[Text]:
    """Say which shapes the code refuses on purpose, and with which words."""
    groups: dict[object, list[Conclusion]] = {}
    for conclusion in report.conclusions:
        if conclusion.rejection is not None:
            key = (conclusion.rejection.detail, conclusion.rejected)
            groups.setdefault(key, []).append(conclusion)
    for conclusions in groups.values():
        first = conclusions[0]
        assert first.rejection is not None, "it was grouped by that"
        names = ", ".join(one.name for one in conclusions)
        yield Text(
            f"{names}: rejects on purpose {_clauses(first.rejected)}\n    {first.rejection.detail}"
        )
    for result in report.where(lambda one: one.code == "shapes-refused"):
        if result.verdict is None:
            yield Text(f"shapes: {result.detail}")


def _line(result: Result) -> Text:
    verdict = result.verdict
    word = "not judged" if verdict is None else verdict.value
    return Text.assemble(
        (f"{word:<10}", "" if verdict is None else STYLES[verdict]),
        f" {result.statement:<8} {result.method or '-':<11} {result.route or '-':<8}",
        f" {result.seconds * 1e3:8.2f} ms  {result.shape_class or ''}: {_sizes(result)}  ",
        (result.detail, "dim"),
    )


def _summary(report: CodeReport) -> Text:
    count = len(report.classes)
    text = Text(f"{count} shape{'s' if count != 1 else ''}, which -v lists")
    _ = text.append(_certainty(report))
    told_of = ((*one.rejected, *chain(*one.where.values())) for one in report.conclusions)
    words = dict.fromkeys(f"“{region.rule}”" for region in chain(*told_of) if region.rule)
    if words:
        said = " or ".join(words)
        told = f"what is said with {said} holds at these shapes; elsewhere another rule may"
        _ = text.append(f"\n{told}", style="dim")
    verdicts = dict.fromkeys(
        conclusion.verdict for conclusion in report.conclusions if conclusion.verdict is not None
    )
    rounded = any(result.code == "within-tolerance" for result in report)
    for verdict in verdicts:
        meaning = MEANINGS[verdict]
        if verdict is Verdict.VERIFIED and rounded:
            meaning = "true at the sizes listed, within the tolerance that was asked for"
        _ = text.append(f"\n{verdict.value}: {meaning}", style="dim")
    return text


def _certainty(report: CodeReport) -> str:
    """Say what the verdicts of what is right rest on."""
    exact = report.where(
        lambda result: result.method == "closed-form" and result.verdict is Verdict.VERIFIED
    )
    right = report.where(lambda result: result.code == "right")
    on_symbols = {(result.statement, str(result.sizes)) for result in exact}
    found = {(result.statement, str(result.sizes)) for result in right}
    if not found:
        return ""
    by_chance = {sizes for statement, sizes in found - on_symbols}
    places = len({sizes for _, sizes in on_symbols} - by_chance)
    bound = (
        "a wrong polynomial of degree at most 2 in the inputs passes with probability below "
        f"2^-{MISS_GOAL.denominator.bit_length() - 1}"
    )
    if not places:
        return f"; on the numbers that it ran on, {bound}"
    many = "all" if places == len(report.classes) else str(places)
    # Code may still ask for a type: that numbers go where symbols went is not shown.
    said = (
        f"; in {many} of them the code also ran on symbols: exact, where it treats numbers as it "
        "treats symbols"
    )
    if report.type_tests:
        first = report.type_tests[0]
        return f"{said}; `{first.text}` ({first.location}) may tell them apart, and then {bound}"
    return f"{said}; elsewhere {bound}" if by_chance else said


def _sizes(result: Result) -> str:
    return ",".join(f"{name}={value}" for name, value in (result.sizes or {}).items())
