"""What can be said of somebody's code: the convention that it follows, and what it leaves out.

A convention says what parameters are for where their names do not, under which keys stride and
padding stand in a dictionary, and in which order the axes are. Everything else is read from
the signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from symconv.code.names import CACHE, HYPER, KERNEL, PADDING, STRIDE, has_own_names
from symconv.errors import UsageError
from symconv.implementations.calling.frameworks import FRAMEWORKS
from symconv.implementations.calling.layouts import BIAS, SAME, Axes, Padding, own_order
from symconv.implementations.calling.renamed_layers import renamed
from symconv.implementations.model import RESULTS, Framework
from symconv.layers.layer import Layer
from symconv.layers.registry import default_layer, layer_by_name


@dataclass(frozen=True, slots=True)
class Convention:
    """One way to write a forward and a backward pass.

    Attributes:
        name: what `--convention` calls it.
        description: what it is, in one sentence.
        forward: the roles of the forward pass's parameters, in order.
        backward: the roles of the backward pass's parameters, in order.
        keys: the keys of stride and padding in a dictionary of hyperparameters.
        channels_last: whether the channels are the last axis, and the bias has as many axes.
    """

    name: str
    description: str
    forward: tuple[str, ...] = ("x", "w", "b", STRIDE, PADDING)
    backward: tuple[str, ...] = ("dout", "x", "w", "b", STRIDE, PADDING)
    keys: tuple[str, str] = ("stride", "pad")
    channels_last: bool = False

    def axes(self, layer: Layer) -> Axes:
        """Return the usual order of the axes of a layer."""
        if not self.channels_last:
            return Axes(layer=layer)
        own = own_order(layer)
        bias = ",".join(["1"] * (len(own.images) - 1) + [BIAS])
        return Axes(own.images_last, own.filters_last, bias, layer)


_CACHED = {"forward": ("x", "w", "b", HYPER), "backward": ("dout", CACHE)}
CONVENTION_BY_NAME = {
    convention.name: convention
    for convention in (
        Convention(
            "cs231n",
            "Functions conv_forward(x, w, b, conv_param) -> out, cache and "
            "conv_backward(dout, cache) -> dx, dw, db; conv_param holds stride and pad.",
            **_CACHED,
        ),
        Convention(
            "course",
            "Functions conv_forward(A_prev, W, b, hparameters) -> Z, cache and conv_backward(dZ, "
            "cache) -> dA_prev, dW, db; NHWC images, HWIO filters, a bias of shape (1, 1, 1, F).",
            **_CACHED,
            channels_last=True,
        ),
        Convention(
            "functions",
            "Functions (x, w, b, stride, padding) and (dout, x, w, b, stride, padding) or "
            "(dout, cache); parameters by name, in any order; one backward function per "
            "gradient is read too.",
        ),
        Convention(
            "class",
            "A class with forward(x) and backward(dout), constructed from (w, b, stride, padding) "
            "or (in_channels, out_channels, kernel_size, stride, padding); gradients returned or "
            "left in attributes such as dw and db.",
        ),
        Convention(
            "torch",
            "PyTorch: a function (x, w, b, stride, padding) on tensors, an nn.Module or an "
            "autograd.Function; gradients by autograd.",
        ),
        Convention(
            "jax",
            "JAX: a function (x, w, b, stride, padding), with or without a custom_vjp; gradients "
            "by jax.vjp.",
        ),
    )
}
CONVENTIONS: Mapping[str, str] = {
    name: convention.description for name, convention in CONVENTION_BY_NAME.items()
}
"""What each convention is, by the name that `--convention` takes."""


_RESULT_BY_NAME = {
    **{name.casefold(): name for name in RESULTS},
    **{name.replace("L/d", "").casefold(): name for name in RESULTS},
}


def _several(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return names that were given in one text with commas, or in several."""
    texts = [given] if isinstance(given, str) else given
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOptions:
    """What a user says of code that its signature does not say.

    Attributes:
        layer: the layer that the code is checked against, or its name; None for the usual one.
        convention: a name of `CONVENTIONS`, or None to detect it.
        images: the axes of images (NCHW, NHWC, CHW, HWC), or None for the convention's.
        filters: the axes of filters (OIHW, HWIO), or None for the convention's.
        bias_shape: the axes of the bias, such as ``1,1,1,F``, or None for the convention's.
        bias: whether there is a bias; None to tell by the signature.
        batch: whether images have a batch axis.
        square: whether only square images and filters are taken.
        stride: the only stride that the code has, or None.
        padding: the only padding that the code has, ``"same"`` where it is half of a filter of
            odd size, so that stride 1 keeps the size of an image; or None.
        window: the only size of the window that pooling has along each axis, or None.
        multiplier: the only number of filters that each channel of a depthwise layer has, or None.
        framework: what its arrays are, or None to detect it.
        fixed: the names of parameters that always stay as they are, in one text or several.
        only: the results that are asked for, in one text or several; none for all.
    """

    layer: str | Layer | None = None
    convention: str | None = None
    images: str | None = None
    filters: str | None = None
    bias_shape: str | None = None
    bias: bool | None = None
    batch: bool = True
    square: bool = False
    stride: int | None = None
    padding: Padding | None = None
    window: int | None = None
    multiplier: int | None = None
    framework: Framework | None = None
    fixed: str | tuple[str, ...] = ()
    only: str | tuple[str, ...] = ()

    @property
    def meant(self) -> Layer:
        """The layer that the code is checked against.

        Raises:
            UsageError: when there is none of its name, or none that code can be compared with.
        """
        if self.layer is None:
            return default_layer()
        layer = layer_by_name(self.layer) if isinstance(self.layer, str) else self.layer
        return layer if layer.shapes.classes or has_own_names(layer) else renamed(layer)

    def in_order(self, convention: Convention) -> Convention:
        """Return a convention with the parameters of the layer in their order.

        A layer of one's own has its arrays and sizes, in the order of declaration; one without
        weights has the size of its window in their place.
        """
        layer = self.meant
        inputs = [one.name for one in (layer.input, layer.weights, layer.bias) if one is not None]
        if has_own_names(layer):
            taken = (*inputs, *(size.name for size in layer.given))
            return replace(convention, forward=taken, backward=("dout", *taken))
        if layer.weights is not None:
            return convention

        def fitting(roles: tuple[str, ...]) -> tuple[str, ...]:
            window = () if HYPER in roles else (KERNEL,)
            found = ((role,) if role not in ("w", "b") else () for role in roles)
            first = tuple(role for one in found for role in one)
            at = first.index("x") + 1 if "x" in first else len(first)
            return (*first[:at], *(window if "x" in first else ()), *first[at:])

        forward, backward = fitting(convention.forward), fitting(convention.backward)
        return replace(convention, forward=forward, backward=backward)

    @property
    def fixed_names(self) -> tuple[str, ...]:
        """The names of parameters that always stay as they are."""
        return _several(self.fixed)

    @property
    def results(self) -> tuple[str, ...]:
        """The results that are asked for, in the layer's order; all of them where none is named.

        Raises:
            UsageError: for a name that is no result.
        """
        named = _several(self.only)
        found = {_RESULT_BY_NAME.get(name.casefold(), name) for name in named}
        unknown = sorted(found - {*RESULTS})
        if unknown:
            raise UsageError(
                f"there is no result {', '.join(unknown)}", help=f"results: {', '.join(RESULTS)}"
            )
        of_layer = tuple(name for name in RESULTS if name in self.meant.results)
        return tuple(name for name in of_layer if name in found) or of_layer

    def refuse(self, others: tuple[str, ...], fact: str) -> None:
        """Refuse a convention that was asked for where the code is of another kind.

        Raises:
            UsageError: when the convention is among the others.
        """
        if self.convention in others:
            raise UsageError(
                f"{fact}, which the {self.convention} convention does not take",
                help=f"that convention is: {CONVENTIONS[self.convention or '']}",
            )

    def has_bias(self, signature_has: bool, name: str) -> bool:
        """Return whether a bias is given.

        Raises:
            UsageError: when one is asked for that the code does not take.
        """
        if self.meant.bias is None:
            return False
        if self.bias and not signature_has:
            raise UsageError(f"{name} takes no bias", help="leave out the option for a bias")
        return signature_has if self.bias is None else self.bias

    def check(self) -> None:
        """Make sure that every option is one that exists.

        Raises:
            UsageError: for an unknown convention or framework, or a stride or padding out of
                range.
        """
        _ = self.results
        said = (self.images, self.filters, self.bias_shape, self.stride, self.padding, self.window)
        if has_own_names(self.meant) and (any(said) or self.square or not self.batch):
            raise UsageError(
                f"{self.meant.name} is a layer of your own, with axes and settings of its own",
                help="leave out the order of axes, the stride and the padding",
            )
        for what, value, known in (
            ("convention", self.convention, tuple(CONVENTIONS)),
            ("framework", self.framework, FRAMEWORKS),
        ):
            if value is not None and value not in known:
                raise UsageError(f"unknown {what} {value!r}", help=f"one of {', '.join(known)}")
        padding = 0 if self.padding == SAME else self.padding
        for what, value, least in (
            ("stride", self.stride, 1),
            ("padding", padding, 0),
            ("window", self.window, 1),
            ("multiplier", self.multiplier, 1),
        ):
            if isinstance(value, str) or (value is not None and value < least):
                raise UsageError(
                    f"the {what} must be at least {least}, got {value}",
                    help=f"leave it out where the code takes a {what}",
                )

    def axes(self, usual: Axes) -> Axes:
        """Return the order of axes: what was asked for, and else what is usual."""
        own = usual.own
        filters, images = self.filters or usual.filters, self.images
        last = (own.images_last, own.images_last.replace("N", ""))
        if images is None:
            # Filters with their channels last go with images of that kind, and the other way.
            images = own.images_last if filters == own.filters_last else usual.images
        elif self.filters is None and usual.filters == own.filters and images in last:
            filters = own.filters_last
        if not self.batch:
            images = images.replace("N", "")
        return Axes(images, filters, self.bias_shape or usual.bias, usual.layer)
