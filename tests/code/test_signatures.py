"""What parameters are for, and how a function is then called."""

import functools
from pathlib import Path

import numpy as np
import pytest

from symconv.code.signatures import location_of, name_of, read_signature, require
from symconv.errors import UsageError
from symconv.layers.registry import default_layer

FORWARD = ("x", "w", "b", "stride", "padding")
VALUES = {
    "x": "x*", "w": "w*", "b": "b*", "stride": 2, "padding": 1, "hyper": {"stride": 2, "pad": 1},
    "dout": "dout*", "cache": "cache*", "kernel": (3, 4), "C": 5, "F": 6, "HH": 3, "WW": 4,
    "has_bias": True,
}  # fmt: skip


def seen(**given):
    return given


def called(function, purpose="forward", order=FORWARD):
    return read_signature(function, purpose, order).call(VALUES)


def test_roles_follow_names_and_not_the_order() -> None:
    def conv(stride, weight, pad, bias, image):
        return seen(x=image, w=weight, b=bias, stride=stride, padding=pad)

    assert called(conv) == seen(x="x*", w="w*", b="b*", stride=2, padding=1)


def test_a_missing_bias_stride_or_padding_is_not_given() -> None:
    assert called(lambda x, w: (x, w)) == ("x*", "w*")


def test_unknown_names_take_the_roles_that_are_left_in_the_documented_order() -> None:
    signature = read_signature(lambda one, two, three, S, four: 0, "forward", FORWARD)
    assert [item.role for item in signature.parameters] == ["x", "w", "b", "stride", "padding"]
    assert signature.guessed == ("one", "two", "three", "four")


def test_known_names_are_not_guessed() -> None:
    assert read_signature(lambda x, w, s: 0, "forward", FORWARD).guessed == ()


def test_parameters_with_defaults_keep_them_unless_their_name_is_known() -> None:
    def conv(x, w, verbose=False, stride=1, threads=4, pad=0):
        return x, w, verbose, stride, threads, pad

    assert called(conv) == ("x*", "w*", False, 2, 4, 1)


def test_keyword_only_and_positional_only_parameters_are_given_as_they_must_be() -> None:
    def conv(x, debug=None, w="no filters", /, *, stride, padding):
        return x, debug, w, stride, padding

    assert called(conv) == ("x*", None, "w*", 2, 1)


def test_a_default_that_compares_strangely_does_no_harm() -> None:
    class Strange:
        def __eq__(self, other):
            raise TypeError("incomparable")

        __hash__ = None

    strange = Strange()

    def conv(x, w, one=strange, two=strange, stride=1):
        return stride

    assert called(conv) == 2


@pytest.mark.parametrize(
    ("default", "given"),
    [((1, 1), (2, 2)), ([1], [2]), ((1,), (2,)), (((0, 0), (0, 0)), ((2, 2), (2, 2))), (1, 2)],
)
def test_a_stride_has_the_form_of_its_default(default, given) -> None:
    def conv(x, w, stride=default):
        return stride

    assert called(conv) == given


def unpacks(x, w, stride):
    rows, columns = stride
    return rows, columns


def subscripts(x, w, stride):
    return stride[0], stride[1]


def measures(x, w, stride):
    return len(stride)


def asks(x, w, stride):
    if isinstance(stride, int):
        stride = (stride, stride)
    return stride[0], stride[1]


def annotated(x, w, stride: tuple[int, int]):
    return stride


def annotated_as_either(x, w, stride: "int | tuple[int, int]"):
    return stride


def subscripts_something_else(x, w, stride):
    return stride if x[0] == "x" else w[stride]


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (unpacks, (2, 2)),
        (subscripts, (2, 2)),
        (measures, 2),
        (asks, (2, 2)),
        (annotated, (2, 2)),
        (annotated_as_either, 2),
        (subscripts_something_else, 2),
    ],
)
def test_a_stride_is_a_pair_where_the_source_takes_it_apart(function, given) -> None:
    assert called(function) == given


def test_a_function_without_source_is_given_numbers() -> None:
    namespace = {}
    exec("def conv(x, w, stride): return stride", namespace)
    assert called(namespace["conv"]) == 2


@pytest.mark.parametrize("default", [True, False])
def test_a_flag_is_not_the_thing_that_its_name_speaks_of(default) -> None:
    def conv(x, w, bias=default):
        return bias

    assert called(conv) is default


class Counted:
    def __init__(self, in_channels, filters, kernel_size, stride=1, bias=True):
        self.given = in_channels, filters, kernel_size, stride, bias


class Sized:
    def __init__(self, in_channels, out_channels, kernel, padding=0):
        self.given = in_channels, out_channels, kernel, padding


class Paired(Sized):
    def __init__(self, in_channels, out_channels, kernel_size):
        super().__init__(in_channels, out_channels, kernel_size)
        self.height, self.width = kernel_size


class Holding:
    def __init__(self, filters, bias, stride):
        self.given = filters, bias, stride


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Counted, (5, 6, 3, 2, True)),
        (Sized, (5, 6, 3, 1)),
        (Paired, (5, 6, (3, 4), 0)),
        (Holding, ("w*", "b*", 2)),
    ],
)
def test_a_constructor_counts_filters_where_it_has_their_size(kind, given) -> None:
    assert called(kind, "constructor", ("w", "b", "stride", "padding")).given == given


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x, w, b, stride, padding, more: 0, "more is not understood"),
        (lambda x, w, axis: 0, "axis is not understood"),
        (lambda x, w, out: 0, "out is not understood"),
        (lambda one, two, three, four, five, six: 0, "one, two, three, four, five, six are not"),
        (lambda x, image, w: 0, "x and image both look like the input x"),
        (lambda x, w, kernel: 0, "w and kernel both look like the filters w"),
    ],
)
def test_a_signature_that_does_not_fit_is_refused_with_what_would_be_right(function, words) -> None:
    function.__qualname__ = "conv"
    with pytest.raises(UsageError, match=words) as caught:
        read_signature(function, "forward", FORWARD)
    assert caught.value.code == "signature"
    assert caught.value.fact.startswith("conv(")
    assert "conv(x, w, b, stride, padding)" in caught.value.help
    assert "test_signatures.py:" in caught.value.location


def test_what_every_such_function_takes_is_required() -> None:
    signature = read_signature(lambda x, stride=1: 0, "forward", FORWARD)
    with pytest.raises(UsageError, match="no parameter for the filters w"):
        require(signature, ("x", "w"), FORWARD, default_layer())


def test_a_function_of_anything_takes_nothing_by_name() -> None:
    signature = read_signature(lambda *args, **kwargs: 0, "forward", FORWARD)
    assert signature.roles == frozenset()
    assert signature.text.endswith("(*args, **kwargs)")


def test_a_function_without_a_signature_is_asked_for_in_python() -> None:
    class Compiled:
        __signature__ = "lost"

        def __call__(self, x, w):
            return x, w

    with pytest.raises(UsageError, match="no signature that can be read") as caught:
        read_signature(Compiled(), "forward", FORWARD)
    assert "wrap it in a Python function" in caught.value.help


def test_the_text_of_a_signature_holds_no_address() -> None:
    thing = object()

    def conv(x, w, stride=1, like=thing, name="n" * 50):
        return 0

    text = read_signature(conv, "forward", FORWARD).text
    assert text.endswith("conv(x, w, stride=1, like=..., name=...)")


def decorated(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args)

    return inner


@decorated
@decorated
def wrapped(x, w):
    return x, w


class Holder:
    def method(self, x, w):
        return x, w


def line_of(text):
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(text))


def test_the_place_of_a_decorated_function_is_its_definition() -> None:
    assert location_of(wrapped).endswith(f"test_signatures.py:{line_of('def wrapped')}:1")


def test_the_place_of_a_method_has_its_column() -> None:
    assert location_of(Holder.method).endswith(f":{line_of('    def method')}:5")
    assert location_of(Holder().method) == location_of(Holder.method)


def test_the_place_of_a_class_and_of_a_partial_are_those_of_what_they_hold() -> None:
    assert location_of(Holder).endswith(f":{line_of('class Holder')}:1")
    assert location_of(functools.partial(unpacks, 1)) == location_of(unpacks)


def test_a_function_is_called_by_its_own_name() -> None:
    assert name_of(functools.partial(unpacks, 1)) == "unpacks"
    assert name_of(Holder.method) == "Holder.method"
    assert name_of(Holder()) == "Holder"


def test_what_has_no_source_has_no_place() -> None:
    assert location_of(len) == ""


def test_files_are_called_as_people_call_them(monkeypatch, tmp_path) -> None:
    here = Path(__file__).resolve()
    assert location_of(unpacks, {str(here): "mine.py"}).startswith("mine.py:")
    monkeypatch.chdir(here.parent)
    assert location_of(unpacks).startswith("test_signatures.py:")
    monkeypatch.chdir(tmp_path)
    assert location_of(unpacks).startswith(str(here))


def test_a_file_that_is_no_python_is_no_source(tmp_path) -> None:
    """What was compiled from a part of a document has the document as its file."""
    document = tmp_path / "notes.md"
    _ = document.write_text("# It's (\n\n    x = '''\n")
    names: dict[str, object] = {}
    exec(compile("def conv(x, w, b, stride, padding):\n    return x", str(document), "exec"), names)
    signature = read_signature(names["conv"], "forward", FORWARD)
    assert signature.guessed == ()


class Unpacks:
    def __init__(self, in_channels, out_channels, kernel_size):
        self.weight = [0.0, *kernel_size]


class Multiplies:
    def __init__(self, in_channels, out_channels, kernel_size):
        self.count = np.prod(kernel_size)


class Squares:
    def __init__(self, in_channels, out_channels, kernel_size):
        self.count = kernel_size * kernel_size


@pytest.mark.parametrize(
    ("kind", "form"), [(Unpacks, "pair"), (Multiplies, "pair"), (Squares, "number")]
)
def test_a_kernel_that_is_taken_apart_is_a_pair(kind, form) -> None:
    signature = read_signature(kind, "constructor", ("w",))
    parameter = signature.parameter("kernel")
    assert parameter is not None
    assert parameter.pairs == form


def test_a_stride_or_shape_is_never_taken_for_an_array_by_its_place():
    def layer(stride_shape, filter_dims):
        return stride_shape, filter_dims

    with pytest.raises(UsageError, match="not understood"):
        read_signature(layer, "constructor", ("w", "b"))


def test_other_unknown_names_still_take_their_roles_by_order():
    def layer(theta, offset):
        return theta, offset

    signature = read_signature(layer, "constructor", ("w", "b"))
    assert signature.guessed == ("theta", "offset")


def reads_its_cache(dout, cache):
    return dout * cache["stride"]


def reads_its_settings(x, w, p):
    return x * w * p["stride"]


def test_what_a_stride_is_read_from_is_a_dictionary_unless_it_is_a_cache() -> None:
    forward = read_signature(reads_its_settings, "forward", ("x", "w", "b"))
    backward = read_signature(reads_its_cache, "backward", ("dout", "cache"))
    assert forward.roles == {"x", "w", "hyper"}
    assert backward.roles == {"dout", "cache"}
