"""The terminal view of a report: one row per statement, then what failed and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from symconv.verdicts import Counterexample, Method, Report, Result, Verdict

STYLES = {
    Verdict.PROVED: "bold green",
    Verdict.VERIFIED: "cyan",
    Verdict.REFUTED: "bold red",
    Verdict.ILL_FORMED: "bold magenta",
    Verdict.UNDECIDED: "yellow",
}
MEANINGS = {
    Verdict.PROVED: "true for every size",
    Verdict.VERIFIED: "exactly true at the sizes listed, nothing claimed beyond them",
    Verdict.REFUTED: "false; the smallest counterexample found is shown",
    Verdict.ILL_FORMED: "without meaning as written",
    Verdict.UNDECIDED: "neither shown true nor shown false",
}
METHODS: tuple[Method, ...] = ("proof", "closed-form", "numbers")
HEADINGS: dict[Method, str] = {
    "proof": "every size",
    "closed-form": "closed forms",
    "numbers": "exact numbers",
}
WIDTH_WHEN_PIPED = 100
# Worst first: a cell shows the worst verdict among its results.
_WORST = (
    Verdict.ILL_FORMED,
    Verdict.REFUTED,
    Verdict.UNDECIDED,
    Verdict.VERIFIED,
    Verdict.PROVED,
)


def report_text(report: Report, file: IO[str], *, verbose: bool = False) -> str:
    """Write a report for people.

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
        for line in _suppositions(report):
            console.print(Text(line), soft_wrap=True)
        if verbose:
            console.print()
            for result in report.results:
                console.print(_line(result), soft_wrap=True)
        for key, results in _by_key(report.failures).items():
            console.print()
            console.print(_failure(key, results), soft_wrap=True)
        console.print()
        console.print(_summary(report), soft_wrap=True)
    return captured.get()


def _heading(report: Report) -> Text:
    places = list(dict.fromkeys(_sizes_text(item.sizes) for item in report.results if item.sizes))
    text = Text(report.layer or "", style="bold")
    if len(places) == 1:
        return text.append(f" at {places[0]}", style="not bold")
    if places:
        return text.append(f" at {len(places)} sizes, which -v lists", style="not bold")
    return text


def _overview(report: Report) -> Table:
    used = {item.method for item in report.results}
    methods: list[Method] = [method for method in METHODS if method in used]
    table = Table()
    rows = {
        key: [_cell([item for item in results if item.method == method]) for method in methods]
        for key, results in _by_key(report.results).items()
    }
    # Names fold where the terminal is narrow; a verdict is never cut.
    table.add_column("statement", overflow="fold")
    for number, method in enumerate(methods):
        widest = max((len(cells[number]) for cells in rows.values()), default=0)
        heading = HEADINGS[method]
        table.add_column(heading, no_wrap=True, min_width=max(widest, len(heading)))
    for key, cells in rows.items():
        table.add_row(Text(key), *cells)
    return table


def _suppositions(report: Report) -> list[str]:
    """Say of each statement that was judged for every size what the verdict supposes.

    What is noted beside a true statement stands below it; failures have their own place.
    """
    lines: dict[str, None] = {}
    for result in report.results:
        if result.verdict is None or result.sizes is not None:
            continue
        notes = result.notes if result.verdict.is_true else ()
        if result.assumptions or notes:
            lines[f"{result.key}: {result.verdict.value} {result.supposition}".rstrip()] = None
            lines |= dict.fromkeys(f"    {note.text}" for note in notes)
    return list(lines)


def _cell(results: list[Result]) -> Text:
    if not results:
        return Text("-", style="dim")
    verdicts = [item.verdict for item in results if item.verdict is not None]
    worst = min(verdicts, key=_WORST.index, default=None)
    if worst is None:
        return Text("not judged", style="dim")
    places = {_sizes_text(item.sizes): item for item in results}
    failing = {_sizes_text(item.sizes) for item in results if item.verdict is worst}
    if list(places) == [""]:
        return Text(worst.value, style=STYLES[worst])
    count = f"{len(places)} size{'s' if len(places) != 1 else ''}"
    if not worst.is_true:
        count = f"{len(failing)} of {count}"
    return Text(f"{worst.value} at {count}", style=STYLES[worst])


def _failure(key: str, results: list[Result]) -> Text:
    """Show the smallest failure of a statement, and how many more there are."""
    first = min(results, key=_failure_order)
    assert first.verdict is not None, "a failure was judged"
    text = Text.assemble((f"{key}: {first.verdict.value}", STYLES[first.verdict]))
    example = first.counterexample
    place = _sizes_text(first.sizes or (example.sizes if example else None))
    if place:
        smallest = "smallest " if first.sizes is None and example and example.minimal else ""
        _ = text.append(f" ({smallest}counterexample at {place})" if smallest else f" at {place}")
    if first.code:
        _ = text.append(f" [{first.code}]")
    _ = text.append(f"\n    {first.detail}")
    if example is not None:
        _ = text.append(_values(example))
    for note in dict.fromkeys(note for result in results for note in result.notes):
        _ = text.append(f"\n    {note}")
    others = len(results) - 1
    if others:
        _ = text.append(f"\n    and in {others} more check{'s' if others > 1 else ''}", style="dim")
    return text


def _values(counterexample: Counterexample) -> str:
    if counterexample.left is None and counterexample.right is None:
        return ""
    return f"\n    left:  {counterexample.left}\n    right: {counterexample.right}"


def _failure_order(result: Result) -> tuple[int, int, tuple[int, ...]]:
    verdict = result.verdict
    values = tuple(result.sizes.values()) if result.sizes else ()
    rank = len(_WORST) if verdict is None else _WORST.index(verdict)
    return (rank, sum(values), values)


def _line(result: Result) -> Text:
    verdict = result.verdict
    return Text.assemble(
        (f"{_verdict_text(verdict):<10}", "" if verdict is None else STYLES[verdict]),
        f" {result.key:<22} {result.method or '-':<11} {result.route or '-':<7}",
        f" {result.seconds * 1e3:8.2f} ms  {_sizes_text(result.sizes)}  ",
        (result.detail, "dim"),
    )


def _verdict_text(verdict: Verdict | None) -> str:
    return "not judged" if verdict is None else verdict.value


def _summary(report: Report) -> Text:
    counts = {
        verdict: report.summary[verdict.value]
        for verdict in Verdict
        if report.summary[verdict.value]
    }
    total = report.summary["total"]
    text = Text(f"{total} check{'s' if total != 1 else ''}: ")
    for position, (verdict, count) in enumerate(counts.items()):
        _ = text.append(", " if position else "")
        _ = text.append(f"{count} {verdict.value}", style=STYLES[verdict])
    for verdict in counts:
        _ = text.append(f"\n{verdict.value}: {meaning(verdict, report)}", style="dim")
    return text


def meaning(verdict: Verdict, report: Report) -> str:
    """Say what a verdict means in a report."""
    supposes = any(item.assumptions for item in report.results if item.verdict is verdict)
    if verdict is Verdict.PROVED and supposes:
        return f"{MEANINGS[verdict]}, where one is named beside it under that condition"
    return MEANINGS[verdict]


def _by_key(results: Iterable[Result]) -> dict[str, list[Result]]:
    grouped: dict[str, list[Result]] = {}
    for result in results:
        grouped.setdefault(result.key, []).append(result)
    return grouped


def _sizes_text(sizes: Mapping[str, int] | None) -> str:
    return ",".join(f"{name}={value}" for name, value in (sizes or {}).items())
