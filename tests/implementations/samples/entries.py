"""What the catalogue says of a sample: how it is called, and what is wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent

Sizes = Mapping[str, int]
"""Every size by name: N, C, H, W, F, HH, WW, S, P, Hh, Hw."""

Condition = Callable[[Sizes], bool]


@dataclass(frozen=True, slots=True)
class Call:
    """How a sample is called.

    Attributes:
        style: ``cs231n``: ``(x, w, b, {"stride", "pad"}) -> y, cache`` and
            ``(dout, cache) -> dx, dw, db``;
            ``plain``: ``(x, w, b, stride, padding) -> y`` and
            ``(dout, x, w, b, stride, padding) -> dx, dw, db``;
            ``plain-cache``: the same forward with ``y, cache``, and ``(dout, cache)``;
            ``class``: ``Layer(w, b, stride, padding)``;
            ``class-sizes``: ``Layer(in_channels, out_channels, kernel_size, stride, padding)``,
            whose parameters ``weight`` and ``bias`` are then set;
            ``torch-callable``: as ``plain``, on tensors, without a backward;
            ``torch-function``: a `torch.autograd.Function` of the same arguments;
            ``torch-module``: a `torch.nn.Module`, made as ``class-sizes``;
            ``jax-callable``: as ``plain``, on JAX arrays, without a backward.
        names: the forward and backward function, or the one class or callable.
        images: the order of the axes of images; without N there is no batch axis.
        filters: the order of the axes of filters: O (filter), I (channel), H, W.
        bias_shape: the shape of the bias, with None for the number of filters; no shape at all
            where it takes no bias.
        attributes: where a class leaves the gradients of w and of b.
    """

    style: str
    names: tuple[str, ...]
    images: str = "NCHW"
    filters: str = "OIHW"
    bias_shape: tuple[int | None, ...] | None = (None,)
    attributes: tuple[str, str] = ("dw", "db")


@dataclass(frozen=True, slots=True)
class Right:
    """A correct implementation.

    Attributes:
        name: the name of its file, in the folder ``right``.
        call: how it is called.
        tolerance: the largest difference that its user declares, for inputs of one digit; 0
            where it is exact.
        restriction: the sizes that it takes, in words; None where it takes all.
        takes: the same as a condition; it rejects all others on purpose.
    """

    name: str
    call: Call
    tolerance: float = 0.0
    restriction: str | None = None
    takes: Condition = lambda _: True

    @property
    def text(self) -> str:
        """The source of the module."""
        return (FOLDER / "right" / f"{self.name}.py").read_text()


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a module, and how what it holds is called."""

    call: Call
    text: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """An implementation with one mistake.

    Attributes:
        name: what is wrong, in a few words.
        source: its text, most often an edit of a right one, and how it is called.
        results: the results that are wrong; at sizes where it fails at least one of them is, and
            all others are right, or not there where the pass did not end.
        codes: what is found of these results; one of several where it depends on the sizes.
        when: the sizes at which it is wrong, in words.
        fails: the same as a condition: it is wrong at these sizes and right at all others.
        diagnosis: a regular expression for what a good diagnosis says: the name of the mistake
            in the catalogue of mistakes, or words; None where none can be expected.
        needs: what else it takes to see the mistake: ``large`` numbers (products of more than
            24 bits), ``fractions`` (inputs that are not whole), ``second-call`` (another call
            in the same process, on other numbers), ``repeat`` (another call, on the same
            numbers), ``not-contiguous`` (images with another order in memory).
        harmless: whether it can be run in the process of the tests, and gives the same at every
            run.
    """

    name: str
    source: Source
    results: tuple[str, ...]
    codes: tuple[str, ...]
    when: str
    fails: Condition
    diagnosis: str | None = None
    needs: str | None = None
    harmless: bool = True

    @property
    def call(self) -> Call:
        """How it is called: as the right one whose edit it is."""
        return self.source.call

    @property
    def text(self) -> str:
        """The source of the module."""
        return self.source.text
