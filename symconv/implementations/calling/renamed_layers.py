"""A layer of one's own under the names that code is called with.

Code has an input x, weights w, a bias b, an output y, and dout, the gradient that comes back. A
layer of one's own may name its arrays otherwise, and say of none what it is for: its inputs are
x, w and b in their order of declaration, and what its loss multiplies tells the output and dout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from symconv.algebra.expressions import Array, Definition, Derivative, Entry, Expression, claim
from symconv.algebra.indices import Index, Size
from symconv.algebra.scoping import arrays
from symconv.algebra.tree import map_parts
from symconv.code.names import has_own_names
from symconv.errors import UsageError
from symconv.layers.layer import Layer
from symconv.verdicts import Verdict

INPUTS = ("x", "w", "b")
"""What the inputs of a layer of one's own are called, in the order of declaration."""
LAYERS_KEPT = 16


@lru_cache(LAYERS_KEPT)
def renamed(layer: Layer) -> Layer:
    """Return a layer of one's own with the names and the roles of arrays that code is given.

    `Layer.words` then says which parameter is which: by its name in the layer.

    Raises:
        UsageError: when it cannot be told what its arrays are for, or it has too many inputs.
    """
    # The solver takes a while to load, and only a layer of one's own has use for it.
    from symconv.proof.equality import prove

    loss, output, upstream = _told(layer)
    at = tuple(Index(f"{output.name}_{axis}") for axis in range(len(output.shape)))
    given = prove(claim(Derivative(loss[()], output[at]), upstream[at]), layer)
    if given.verdict is not Verdict.PROVED:
        raise _refused(
            layer,
            f"the gradient of {loss.name} by {output.name} is not known to be {upstream.name}",
            f"define {loss.name} as the sum of {upstream.name} times {output.name}",
        )
    inputs = [one for one in layer.inputs if one != upstream]
    if not 1 <= len(inputs) <= len(INPUTS):
        names = ", ".join(one.name for one in inputs) or "none"
        raise _refused(layer, f"its inputs are {names}", "declare one to three inputs")
    name_by_old = dict(zip((one.name for one in inputs), INPUTS, strict=False))
    name_by_old |= {output.name: "y", upstream.name: "dout", loss.name: "L"}
    for definition in layer.definitions:
        # What else it defines keeps apart from these names.
        _ = name_by_old.setdefault(definition.array.name, f"{definition.array.name}_of_the_layer")

    def new(array: Array) -> Array:
        return Array(name_by_old.get(array.name, array.name), array.shape)

    def changed(node: Expression) -> Expression:
        # An index is no expression of entries, so that nothing is left in it.
        inside = map_parts(node, changed, only=Expression)
        return Entry(new(inside.array), inside.indices) if isinstance(inside, Entry) else inside

    x, w, b = (*map(new, inputs), None, None)[: len(INPUTS)]
    words = {new_name: old for old, new_name in name_by_old.items()}
    return replace(
        layer,
        inputs=tuple(map(new, layer.inputs)),
        presumed=tuple(map(new, layer.presumed)),
        definitions=tuple(
            Definition(new(one.array)[one.target.indices], changed(one.body))
            for one in layer.definitions
        ),
        output=new(output),
        upstream=new(upstream),
        loss=new(loss),
        input=x,
        weights=w,
        bias=b,
        padded=None,
        statements=(),
        loops=(),
        words=words | {size.name: size.name for size in layer.given},
    )


def stands_for(layer: Layer) -> str:
    """Say what the arrays of a renamed layer are called in it; empty where nothing changed."""
    known = ((new, layer.words.get(new, new)) for new in (*INPUTS, "y", "dout"))
    changed = [f"{new} is its {old}" for new, old in known if new != old]
    return ", ".join(changed) if has_own_names(layer) else ""


def told_by_shapes(layer: Layer) -> set[Size]:
    """Return the sizes that code can read off the shapes of what it is given."""
    return {extent for array in layer.inputs for extent in array.shape if isinstance(extent, Size)}


def _told(layer: Layer) -> tuple[Array, Array, Array]:
    """Return the loss, the output and the upstream gradient."""
    if layer.loss and layer.output and layer.upstream:
        return layer.loss, layer.output, layer.upstream
    defined: Mapping[str, Definition] = layer.definition_by_name
    for definition in reversed(layer.definitions):
        read = list(dict.fromkeys(arrays(definition.body)))
        outputs = [one for one in read if one.name in defined]
        given = [one for one in read if one in layer.inputs]
        is_loss = not definition.array.shape and len(outputs) == len(given) == 1
        if is_loss and outputs[0].shape == given[0].shape:
            return definition.array, outputs[0], given[0]
    raise _refused(
        layer,
        "no loss adds up an upstream gradient times the output",
        "define the loss L as the sum of dout times y, or say output, upstream and loss",
    )


def _refused(layer: Layer, why: str, advice: str) -> UsageError:
    fact = f"code for {layer.name} cannot be compared: {why}"
    return UsageError(fact, code="unsupported-layer", help=advice)
