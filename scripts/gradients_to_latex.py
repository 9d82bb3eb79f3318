"""Write a convolution's output and every gradient of it as LaTeX.

    python scripts/gradients_to_latex.py -o gradients.tex
    python scripts/gradients_to_latex.py --derivative d --fragment
    python scripts/gradients_to_latex.py --sizes N=1,C=1,H=5,W=5,F=1,HH=3,WW=3,S=2,P=0 -o y.tex

Without --sizes each is the index formula that holds for every size; with --sizes each is
the closed form of every entry at these sizes, as a list and where it fits as a matrix. The
result is a document that pdflatex compiles, or with --fragment only what stands between
its beginning and its end.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from symconv import SymconvError, conv2d, entries_latex
from symconv.latex.writing.choices import LatexOptions
from symconv.latex.writing.layout import statement_display
from symconv.latex.writing.standalone import section, standalone
from symconv.reports.files import write_whole

NAMES = ("y", "dL/dw", "dL/db", "dL/dx")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--sizes", help="Sizes by name, such as N=1,C=1,H=5,W=5,F=1,HH=3,WW=3,S=2,P=0.")
@click.option("--derivative", type=click.Choice(["partial", "d"]), default="partial")
@click.option("--fragment", is_flag=True, help="Write no document around it.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file.")
def main(sizes: str | None, derivative: str, fragment: bool, output: Path | None) -> None:
    """Write a convolution's output and every gradient of it as LaTeX.

    Without --sizes as formulas for every size, with --sizes entry by entry.
    """
    layer = conv2d()
    options = LatexOptions(derivative="d" if derivative == "d" else "partial")
    try:
        if sizes is None:
            displays = [statement_display(layer.statement(name), options) for name in NAMES]
        else:
            given = layer.sizes(sizes)
            displays = [entries_latex(layer, name, given, options) for name in NAMES]
        text = "\n".join(map(section, NAMES, displays))
        if not fragment:
            text = standalone(text, title=f"conv2d at {sizes}" if sizes else "conv2d")
        if output is None:
            click.echo(text.rstrip("\n"))
        else:
            write_whole(output, text)
    except SymconvError as error:
        click.echo(error, err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
