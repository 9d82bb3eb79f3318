"""The command line: `symconv verify`, `latex`, `derive`, `check`, `test` and `layers`.

Exit codes: 0 everything proved or verified; 1 something refuted or ill-formed; 2 bad
usage, unreadable input or nothing to check; 3 nothing false but something undecided; 70
internal error; 130 interrupted; 143 ended by SIGTERM.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from symconv import __version__
from symconv.cli.chosen_layers import (
    context_option,
    declared_layer,
    layer_of_code,
    layer_option,
    named_layer,
)
from symconv.cli.layer_listing import layers
from symconv.errors import NotSupported
from symconv.reports.console import print_json, print_text, progress_bar, tell

if TYPE_CHECKING:
    from symconv.implementations.calling.layouts import Padding
    from symconv.verdicts import Method

_EXIT_CODES = """\b
Exit codes:
    0  everything proved or verified
    1  something refuted or ill-formed
    2  bad usage, unreadable input, or nothing to check
    3  nothing false, but something undecided
   70  internal error
  130  interrupted
  143  ended by SIGTERM
"""
_SIZES_HELP = "Sizes by name, such as N=2,C=3,H=8,W=8,F=4,HH=3,WW=3,S=1,P=1."


def _padding(text: str) -> Padding:
    if text == "same":
        return text
    try:
        return int(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither an integer nor same.") from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXIT_CODES)
@click.version_option(__version__, prog_name="symconv")
def cli() -> None:
    """Verify hand-derived gradients of convolutions, exactly."""


cli.add_command(layers)


@cli.command(epilog=_EXIT_CODES)
@layer_option
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
@click.option(
    "--certificates",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write each proof obligation as an SMT-LIB 2 file, for another solver to check.",
)
@click.option(
    "--theorems", is_flag=True, help="Prove identities between layers; --statement chooses some."
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="List every single check.")
def verify(
    layer_name: str | None,
    sizes: Sequence[str],
    statements: Sequence[str],
    methods: Sequence[Method],
    certificates: Path | None,
    theorems: bool,
    as_json: bool,
    verbose: bool,
) -> int:
    """Check the formulas and loops of a layer; of the 2-D convolution where none is named.

    Every hand-derived statement is proved for every size at once, and compared with automatic
    differentiation at given sizes, entry by entry; every loop nest is compared with what it
    computes. All of it is exact: polynomials in the entries of the arrays, and integers.
    Without arguments everything is checked, at a set of small sizes.
    """
    from symconv.verification import METHODS, verify_theorems
    from symconv.verification import verify as run

    if theorems and (sizes or layer_name or {*methods} - {"proof"}):
        raise click.UsageError(
            "--theorems are about several layers, proved for every size: leave --layer, --sizes "
            "and --method out"
        )
    if certificates is not None and methods and "proof" not in methods:
        raise click.UsageError("--certificates needs proofs; add --method proof")
    if certificates is not None:
        from symconv.reports.certificate_files import make_folder

        make_folder(certificates)
    with progress_bar() as progress:
        if theorems:
            report = verify_theorems(statements, progress)
        else:
            layer, ways = named_layer(layer_name), methods or METHODS
            report = run(
                statements or None, sizes=sizes, layer=layer, methods=ways, progress=progress
            )
    if as_json:
        from symconv.reports.json_view import report_json

        print_json(report_json(report) + "\n")
    else:
        from symconv.reports.terminal import report_text

        print_text(report_text(report, sys.stdout, verbose=verbose))
    if certificates is not None:
        from symconv.reports.certificate_files import write_certificates

        count = write_certificates(report, certificates)
        tell(f"{count} certificates in {certificates}")
    return report.exit_code


@cli.command()
@click.argument("statement")
@layer_option
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
    layer_name: str | None,
    form: Literal["index", "entries"],
    sizes: str | None,
    derivative: Literal["partial", "d"],
    standalone: bool,
    output: Path | None,
) -> int:
    """Write a statement as LaTeX.

    STATEMENT is a name such as dL/dx:contracted; a bare dL/dx means its contracted form.
    """
    from symconv.latex.writing.choices import LatexOptions
    from symconv.latex.writing.entry_lists import entries_latex
    from symconv.latex.writing.layout import statement_display
    from symconv.latex.writing.standalone import standalone as whole_document
    from symconv.latex.writing.writer import statement_latex
    from symconv.reports.files import write_whole

    layer = named_layer(layer_name)
    options = LatexOptions(derivative=derivative).for_layer(layer)
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
        if ":" in statement:
            raise click.UsageError(
                "--form entries takes an array or a gradient, such as y or dL/dx, without a form"
            )
        text = entries_latex(layer, statement, layer.sizes(sizes), options)
    if standalone:
        text = whole_document(text)
    text = text.rstrip("\n") + "\n"
    if output is None:
        print_text(text)
    else:
        write_whole(output, text)
    return 0


@cli.command()
@click.argument("gradient")
@layer_option
@context_option
@click.option(
    "--format",
    "document_format",
    type=click.Choice(["latex", "markdown", "text"]),
    help="How it is written; told by the ending of --output, else latex.",
)
@click.option(
    "--derivative",
    type=click.Choice(["partial", "d"]),
    default="partial",
    show_default=True,
    help="How derivatives are written, in LaTeX and Markdown.",
)
@click.option("--standalone", is_flag=True, help="Write a whole LaTeX document that compiles.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file."
)
def derive(
    gradient: str,
    layer_name: str | None,
    context_file: Path | None,
    document_format: Literal["latex", "markdown", "text"] | None,
    derivative: Literal["partial", "d"],
    standalone: bool,
    output: Path | None,
) -> int:
    """Derive a gradient from the forward definition, step by step.

    GRADIENT is a name such as dL/dx, dL/dw or dy/dx_pad, of a layer by its name or of one that a
    file of declarations defines. Every line is proved for every size
    before it is written, and stands with its reason; `symconv check` reads it back.
    """
    from symconv.derivations.steps import derive as derivation_of
    from symconv.derivations.writing import derivation_document, format_of
    from symconv.latex.writing.choices import LatexOptions
    from symconv.reports.files import write_whole

    chosen = document_format or format_of(output)
    if standalone and chosen != "latex":
        raise click.UsageError(f"--standalone goes with --format latex, not {chosen}")
    options = LatexOptions(derivative=derivative)
    layer = declared_layer(layer_name, context_file)
    derivation = derivation_of(gradient, layer)
    text = derivation_document(derivation, chosen, options, standalone=standalone)
    if output is None:
        print_text(text)
    else:
        write_whole(output, text)
    return 0


@cli.command(epilog=_EXIT_CODES)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "document_format",
    type=click.Choice(["markdown", "tex", "notebook"]),
    help="How the files are written; told by their endings, else by their text.",
)
@layer_option
@context_option
@click.option("--run-code", is_flag=True, help="Run Python listings and judge what they compute.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Also list what claims nothing.")
def check(
    files: Sequence[str],
    document_format: Literal["markdown", "tex", "notebook"] | None,
    layer_name: str | None,
    context_file: Path | None,
    run_code: bool,
    as_json: bool,
    verbose: bool,
) -> int:
    """Check the formulas of documents where they are written.

    FILE is Markdown, LaTeX or a Jupyter notebook; - is standard input. Every equality is
    proved for every size or refuted, with its line and column; every other formula is
    accounted for. Python listings run only when asked for, in a process of their own.

    With several files: one that cannot be read ends the run with 2 before anything is judged;
    else the first that applies of 1 (something false), 3 (something undecided) and 0, and 2 only
    where none of them states an equality.
    """
    from symconv.documents.accounting import check_documents
    from symconv.documents.loading import load, read_lines
    from symconv.documents.outline import declared_by

    lines = "" if context_file is None else read_lines(context_file)
    layer = None if layer_name is None else named_layer(layer_name)
    known = declared_by(layer, lines, str(context_file))
    documents = [load(file, document_format) for file in dict.fromkeys(files)]
    with progress_bar() as progress:
        report = check_documents(documents, known, progress=progress, run_listings=run_code)
    if as_json:
        from symconv.reports.json_view import report_json

        print_json(report_json(report) + "\n")
    else:
        from symconv.reports.documents_view import documents_text

        print_text(documents_text(report, sys.stdout, verbose=verbose))
    if report.exit_code == 2:
        tell("symconv: nothing to check: no formula states an equality")
    return report.exit_code


@cli.command(epilog=_EXIT_CODES)
@click.argument("targets", nargs=-1, required=True, metavar="FILE|MODULE[:FUNCTION]...")
@click.option(
    "--layer",
    metavar="LAYER",
    help='What it computes: conv1d, "conv2d dilation groups", avg_pool2d, ..., or a layer of your '
    "own, FILE.py:NAME. A convolution is told by its signature.",
)
@click.option("--forward", metavar="NAME", help="The function, class or module that computes y.")
@click.option("--backward", metavar="NAME", help="The function that computes the gradients.")
@click.option(
    "--convention",
    type=click.Choice(["cs231n", "course", "functions", "class", "torch", "jax"]),
    help="How they are called; told by their signatures.",
)
@click.option("--images", metavar="AXES", help="Axes of x and y: NCHW, NHWC, CHW or HWC.")
@click.option("--filters", metavar="AXES", help="Axes of w: OIHW, HWIO, ...")
@click.option("--bias-shape", metavar="AXES", help="Axes of b: F, or 1,1,1,F, ...")
@click.option("--no-bias", is_flag=True, help="There is no bias.")
@click.option("--no-batch", is_flag=True, help="There is no batch axis.")
@click.option("--square", is_flag=True, help="Only square images and square filters are meant.")
@click.option("--stride", type=int, help="The stride that the code has built in.")
@click.option(
    "--padding",
    type=_padding,
    metavar="INTEGER|same",
    help="The padding that the code has built in; same, where it is half of the filter.",
)
@click.option("--window", type=int, help="The window of pooling that the code has built in.")
@click.option(
    "--multiplier",
    type=int,
    help="How many filters each channel has, where the code has that built in (depthwise).",
)
@click.option(
    "--fixed",
    metavar="NAMES",
    default="",
    help="Parameters that always keep their defaults, such as dilation,groups.",
)
@click.option(
    "--only", metavar="RESULTS", default="", help="What is asked for: y, dx, dw, db, with commas."
)
@click.option(
    "--framework",
    type=click.Choice(["numpy", "torch", "jax"]),
    help="What its arrays are; told by what the file imports.",
)
@click.option(
    "--dtype",
    "dtypes",
    multiple=True,
    metavar="DTYPE",
    help="float64 (when left out), float32, float16, bfloat16, int64, int32. Repeatable.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, min_open=True),
    help="For code that rounds by nature: how far off a number may be, relative to the largest.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    help="How long one run may take.",
)
@click.option(
    "--sizes",
    multiple=True,
    metavar="SIZES",
    help=f"{_SIZES_HELP} Repeatable; every class of shapes when left out.",
)
@click.option(
    "--regression-test",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a pytest file, free of symconv, that reproduces each failure.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="List every single check.")
def test(
    targets: Sequence[str],
    layer: str | None,
    forward: str | None,
    backward: str | None,
    convention: str | None,
    images: str | None,
    filters: str | None,
    bias_shape: str | None,
    no_bias: bool,
    no_batch: bool,
    square: bool,
    stride: int | None,
    padding: Padding | None,
    window: int | None,
    multiplier: int | None,
    fixed: str,
    only: str,
    framework: Literal["numpy", "torch", "jax"] | None,
    dtypes: Sequence[str],
    tolerance: float | None,
    seconds: float,
    sizes: Sequence[str],
    regression_test: Path | None,
    as_json: bool,
    verbose: bool,
) -> int:
    """Run your own forward and backward pass, and compare it exactly at every class of shapes.

    This RUNS the code that it is given, in a process of its own. (`symconv check` only reads.)

    It finds the pair by its names and signatures, as in conv_forward_naive(x, w, b, conv_param)
    and conv_backward_naive(dout, cache). It is run on integers so small that nothing rounds,
    and compared by ==, over every class of shapes that can make a difference; where something
    is wrong, it says when, shows where, and names the mistake. Where the backward pass stands
    in another file, name both files.
    """
    from symconv.implementations.calling.finding import Target
    from symconv.implementations.checking import check_target
    from symconv.implementations.trying.trials import Options

    if regression_test is not None:
        from symconv.reports.files import require_own

        require_own(regression_test, "symconv test --regression-test")
    chosen = Target(
        targets[0],
        beside=tuple(targets[1:]),
        layer=layer_of_code(layer),
        forward=forward,
        backward=backward,
        convention=convention,
        images=images,
        filters=filters,
        bias_shape=bias_shape,
        bias=False if no_bias else None,
        batch=not no_batch,
        square=square,
        stride=stride,
        padding=padding,
        window=window,
        multiplier=multiplier,
        fixed=fixed,
        only=only,
        framework=framework,
    )
    options = Options(
        dtypes=tuple(dtypes) or ("float64",),
        tolerance=tolerance,
        seconds=seconds,
        sizes=tuple(sizes),
    )
    with progress_bar() as progress:
        report = check_target(chosen, options, progress)
    if as_json:
        from symconv.reports.json_view import report_json

        print_json(report_json(report) + "\n")
    else:
        from symconv.reports.code_view import code_text

        print_text(code_text(report, sys.stdout, verbose=verbose))
    if regression_test is not None:
        from symconv.implementations.reproducing.regression_tests import regression_test_text
        from symconv.reports.files import write_whole

        try:
            chosen = replace(chosen, **report.read_as)
            text = regression_test_text(chosen, report, options, place=regression_test)
        except NotSupported as error:
            tell(f"no test was written: {error}")
        else:
            if text is None:
                tell("no test was written: nothing that one could reproduce")
            else:
                write_whole(regression_test, text)
    return report.exit_code
