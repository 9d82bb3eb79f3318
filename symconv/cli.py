"""The command line: `symconv verify` and `symconv latex`.

Exit codes: 0 everything proved or verified; 1 something refuted or ill-formed; 2 bad
usage, unreadable input or nothing to check; 3 nothing false but something undecided; 70
internal error; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import click

from symconv import __version__
from symconv.errors import InternalError, SymconvError

if TYPE_CHECKING:
    from symconv.verdicts import Method
    from symconv.verification import Progress

SECONDS_BEFORE_PROGRESS = 1.0
INTERRUPTED = 130

_EXIT_CODES = """\b
Exit codes:
    0  everything proved or verified
    1  something refuted or ill-formed
    2  bad usage, unreadable input, or nothing to check
    3  nothing false, but something undecided
   70  internal error
  130  interrupted
"""
_SIZES_HELP = "Sizes by name, such as N=2,C=3,H=8,W=8,F=4,HH=3,WW=3,S=1,P=1."


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXIT_CODES)
@click.version_option(__version__, prog_name="symconv")
def cli() -> None:
    """Verify hand-derived gradients of convolutions, exactly."""


@cli.command(epilog=_EXIT_CODES)
@click.option("--sizes", multiple=True, metavar="SIZES", help=f"{_SIZES_HELP} Repeatable.")
@click.option(
    "--statement",
    "statements",
    multiple=True,
    metavar="NAME",
    help="What to check: dL/dx (all its forms), dL/dx:contracted, loop/dx. Repeatable.",
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=click.Choice(["proof", "closed-form", "numbers"]),
    help="By which way to check; all of them when left out. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="List every single check.")
def verify(
    sizes: Sequence[str],
    statements: Sequence[str],
    methods: Sequence[Method],
    as_json: bool,
    verbose: bool,
) -> int:
    """Check the formulas and loops of the 2-D convolution.

    Every hand-derived statement is proved for every size at once, and compared with automatic
    differentiation at given sizes, entry by entry; every loop nest is compared with what it
    computes. All of it is exact: polynomials in the entries of the arrays, and integers.
    Without arguments everything is checked, at a set of small sizes.
    """
    from symconv.verification import METHODS
    from symconv.verification import verify as run

    with _progress_bar() as progress:
        report = run(statements, sizes=sizes, methods=methods or METHODS, progress=progress)
    if as_json:
        from symconv.reports.json_view import report_json

        _print(report_json(report) + "\n")
    else:
        from symconv.reports.terminal import report_text

        _print(report_text(report, sys.stdout, verbose=verbose))
    return report.exit_code


@cli.command()
@click.argument("statement")
@click.option(
    "--form",
    type=click.Choice(["index", "entries"]),
    default="index",
    show_default=True,
    help="The index formula, or every entry written out at given sizes.",
)
@click.option("--sizes", metavar="SIZES", help=f"{_SIZES_HELP} Needed by --form entries.")
@click.option(
    "--derivative",
    type=click.Choice(["partial", "d"]),
    default="partial",
    show_default=True,
    help="How derivatives are written.",
)
@click.option("--standalone", is_flag=True, help="Write a whole document that compiles.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file."
)
def latex(
    statement: str,
    form: Literal["index", "entries"],
    sizes: str | None,
    derivative: Literal["partial", "d"],
    standalone: bool,
    output: Path | None,
) -> int:
    """Write a statement as LaTeX.

    STATEMENT is a name such as dL/dx:contracted; a bare dL/dx means its contracted form.
    """
    from symconv.latex.documents import standalone as whole_document
    from symconv.latex.entries import entries_latex
    from symconv.latex.layout import statement_display
    from symconv.latex.options import LatexOptions
    from symconv.latex.writer import statement_latex
    from symconv.layers.convolution.two_dimensional import conv2d
    from symconv.reports.files import write_whole

    layer = conv2d()
    options = LatexOptions(derivative=derivative)
    if form == "index":
        if sizes is not None:
            raise click.UsageError("--sizes goes with --form entries; an index formula has none")
        write = statement_display if standalone else statement_latex
        text = write(layer.statement(statement), options)
    elif sizes is None:
        raise click.UsageError(
            "--form entries needs --sizes, such as --sizes N=1,C=1,H=3,W=3,F=1,HH=2,WW=2,S=1,P=0"
        )
    else:
        name, _, form_of_statement = statement.partition(":")
        if form_of_statement:
            name = layer.statement(statement).name
        text = entries_latex(layer, name, layer.sizes(sizes), options)
    if standalone:
        text = whole_document(text)
    text = text.rstrip("\n") + "\n"
    if output is None:
        _print(text)
    else:
        write_whole(output, text)
    return 0


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with the documented codes."""
    code = run(arguments)
    if code == INTERRUPTED:
        # At once: half-made objects of the solver would only complain on their way out.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        code = cli.main(
            args=None if arguments is None else list(arguments),
            prog_name="symconv",
            standalone_mode=False,
        )
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except SymconvError as error:
        click.echo(f"symconv: {error}", err=True)
        return error.exit_code
    except Exception as error:
        click.echo(traceback.format_exc(), err=True, nl=False)
        click.echo(
            f"symconv: internal error: {error}\n"
            "    help: this is a defect of symconv; please report it with the lines above",
            err=True,
        )
        return InternalError.exit_code
    return code if isinstance(code, int) else 0


def _print(text: str) -> None:
    """Print a text; a reader that stops early, such as `head`, does not change the exit code."""
    try:
        _ = sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _ = os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _progress_bar() -> Iterator[Progress | None]:
    """Show a bar on a terminal once the work has taken a second; none when piped."""
    if not sys.stderr.isatty():
        yield None
        return
    from time import monotonic

    from rich.console import Console
    from rich.progress import Progress as Bar

    start = monotonic()
    with Bar(console=Console(stderr=True), transient=True, disable=False) as bar:
        task = bar.add_task("", total=None, visible=False)

        def show(done: int, total: int, what: str) -> None:
            visible = monotonic() - start > SECONDS_BEFORE_PROGRESS
            bar.update(task, completed=done, total=total, description=what, visible=visible)

        yield show
