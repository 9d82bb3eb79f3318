"""The terminal view of checked documents: one line per equality, and what is wrong beneath."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import IO

from rich.console import Console
from rich.text import Text

from symconv.reports.terminal import STYLES, meaning
from symconv.verdicts import Counterexample, Report, Result, Verdict

WIDTH_WHEN_PIPED = 120
NARROWEST_STATEMENT = 48
LONGEST_VALUE = 100
_NOT_JUDGED = {"definition": "definition", "no-statement": "no statement", "code": "not run"}
_WIDEST_VERDICT = max(len(word) for word in (*_NOT_JUDGED.values(), "ill-formed"))
_INDENT = "    "
_NEWS = frozenset(["not-python", "condition", "renewed", "passing-range", "taken-as-definition"])
"""What is shown although it claims nothing: its reader may believe otherwise."""
_LEFT_OPEN = "unclosed-"
MOST_ALIKE = 10
"""How often one complaint about what was left open is shown."""


def documents_text(report: Report, file: IO[str], *, verbose: bool = False) -> str:
    """Write the report on some documents for people.

    Args:
        report: what to write; its results have places.
        file: where the text will be printed: decides on width, colours and characters.
        verbose: also list definitions, formulas that state nothing, and listings.
    """
    width = None if file.isatty() else WIDTH_WHEN_PIPED
    console = Console(file=file, highlight=False, width=width)
    with console.capture() as captured:
        for name, results in _by_file(report.results).items():
            shown = [result for result in results if verbose or _is_news(result)]
            widest = max((len(result.location or "") for result in shown), default=0)
            console.print(Text(name, style="bold"), soft_wrap=True)
            shown, left_out = _capped(shown)
            for result in shown:
                console.print(_line(result, widest, console.width), soft_wrap=True)
                for line in _beneath(result, verbose=verbose):
                    console.print(line, soft_wrap=True)
            for line in left_out:
                console.print(Text(f"{_INDENT}{line}", style="dim"), soft_wrap=True)
            if not shown:
                console.print(Text(f"{_INDENT}no equality", style="dim"))
            console.print()
        console.print(_summary(report), soft_wrap=True)
    return captured.get()


def _is_news(result: Result) -> bool:
    """Tell whether a result is shown without being asked for."""
    return result.verdict is not None or result.code in _NEWS


def _capped(results: list[Result]) -> tuple[list[Result], list[str]]:
    """Leave out what was left open again and again, and say how often."""
    seen: Counter[str] = Counter()
    kept: list[Result] = []
    for result in results:
        if (result.code or "").startswith(_LEFT_OPEN):
            seen[result.detail] += 1
            if seen[result.detail] > MOST_ALIKE:
                continue
        kept.append(result)
    left_out = {detail: count - MOST_ALIKE for detail, count in seen.items()}
    return kept, [f"and {n} more like it: {detail}" for detail, n in left_out.items() if n > 0]


def _line(result: Result, widest: int, width: int) -> Text:
    verdict = result.verdict
    word = _NOT_JUDGED[result.kind] if verdict is None else verdict.value
    style = "dim" if verdict is None else STYLES[verdict]
    if result.code == "not-python":
        word, style = "not Python", "bold yellow"
    room = max(width - widest - _WIDEST_VERDICT - 4, NARROWEST_STATEMENT)
    return Text.assemble(
        f"{result.location or '':<{widest}}  ",
        (f"{word:<{_WIDEST_VERDICT}}", style),
        f"  {_shortened(result.statement, room)}",
    )


def _beneath(result: Result, *, verbose: bool) -> Iterable[Text]:
    """Say what is wrong and what would be right; for what is fine, only on request."""
    verdict = result.verdict
    fine = result.code not in _NEWS if verdict is None else verdict.is_true
    if verdict is not None and result.assumptions:
        yield Text(f"{_INDENT}{verdict.value} {result.supposition}")
    if fine and not verbose:
        for note in result.notes:
            # Ranges taken from the arrays are what everybody means; other readings are news.
            if note.kind != "convention":
                yield Text(f"{_INDENT}{note}", style="dim")
        return
    code = f" [{result.code}]" if result.code and not fine else ""
    yield Text(f"{_INDENT}{result.detail}{code}", style="dim" if fine else "")
    example = result.counterexample
    if example is not None:
        yield Text(f"{_INDENT}{_counterexample(example)}")
    for note in result.notes:
        style = "bold" if note.kind == "closest" else "dim" if fine else ""
        yield Text(f"{_INDENT}{note}", style=style)


def _counterexample(example: Counterexample) -> str:
    sizes = ",".join(f"{name}={value}" for name, value in example.sizes.items())
    indices = ", ".join(f"{name}={value}" for name, value in example.indices.items())
    word = "smallest counterexample" if example.minimal else "counterexample"
    parts = [f"{word}: {sizes}", indices]
    if example.left is not None or example.right is not None:
        sides = [_shortened(str(side), LONGEST_VALUE) for side in (example.left, example.right)]
        parts.append(f"left {sides[0]}, right {sides[1]}")
    return "; ".join(part for part in parts if part)


def _summary(report: Report) -> Text:
    summary = report.summary
    text = Text(f"{summary['total']} items: ")
    counts = [(verdict.value, STYLES[verdict]) for verdict in Verdict]
    names = {"definition": "definition", "no-statement": "without a statement"}
    parts = [(f"{summary[word]} {word}", style) for word, style in counts if summary[word]]
    parts += [(f"{summary[key]} {name}", "dim") for key, name in names.items() if summary[key]]
    if summary["not-judged"]:
        parts.append((f"{summary['not-judged']} not run", "dim"))
    for position, (part, style) in enumerate(parts):
        _ = text.append(", " if position else "")
        _ = text.append(part, style=style)
    for note in report.notes:
        _ = text.append(f"\n{note}")
    for verdict in Verdict:
        if summary[verdict.value]:
            _ = text.append(f"\n{verdict.value}: {meaning(verdict, report)}", style="dim")
    return text


def _by_file(results: Iterable[Result]) -> dict[str, list[Result]]:
    grouped: dict[str, list[Result]] = {}
    for result in results:
        name = (result.location or "").rsplit(":", 2)[0]
        grouped.setdefault(name, []).append(result)
    return grouped


def _shortened(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
