"""The command `symconv layers`: which layers there are, and what is known of one."""

from __future__ import annotations

import sys

import click

from symconv.reports.console import print_text


@click.command()
@click.argument("name", required=False, metavar="[LAYER]")
@click.option("--latex", "as_latex", is_flag=True, help="Write the layer as LaTeX.")
def layers(name: str | None, as_latex: bool) -> int:
    """List the layers, or print what is known of one.

    LAYER is a name with words behind it, "conv2d dilation groups", or one of your own,
    FILE.py:NAME, whose file is imported. Printed are its sizes, constraints, definitions and
    statements.
    """
    from symconv.reports.layers_view import layer_latex, layer_text, layers_text

    if name is None:
        if as_latex:
            raise click.UsageError("--latex goes with the name of a layer")
        print_text(layers_text(sys.stdout))
        return 0
    from symconv.own_layers import layer_from

    layer = layer_from(name)
    print_text(layer_latex(layer) if as_latex else layer_text(layer, sys.stdout))
    return 0
