"""The options that choose a layer, and what they choose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from symconv.layers.layer import Layer

layer_option = click.option(
    "--layer",
    "layer_name",
    metavar="LAYER",
    help='The layer: its name, as `symconv layers` lists them, such as "conv2d dilation groups", '
    "or one of your own, FILE.py:NAME, whose file is imported.",
)
context_option = click.option(
    "--context",
    "context_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file of declarations, one per line, such as: size K",
)


def named_layer(name: str | None) -> Layer:
    """Return the layer that is named, or the one that is meant where none is."""
    if name is None:
        from symconv.layers.registry import default_layer

        return default_layer()
    from symconv.own_layers import layer_from

    return layer_from(name)


def layer_of_code(name: str | None) -> Layer | str | None:
    """Return what code is compared with: a layer of one's own, and else its name.

    With a name, code runs in a new interpreter, which makes the layer itself.
    """
    if name is None or (":" not in name and not name.endswith(".py")):
        return name
    return named_layer(name)


def declared_layer(name: str | None, context_file: Path | None) -> Layer:
    """Return a layer with what a file declares, or the one that the file declares alone."""
    if context_file is None:
        return named_layer(name)
    from symconv.documents.loading import read_lines
    from symconv.documents.outline import declared_by

    about = None if name is None else named_layer(name)
    return declared_by(about, read_lines(context_file), str(context_file)).context.as_layer()
