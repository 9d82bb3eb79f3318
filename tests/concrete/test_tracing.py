"""Traced arrays do what NumPy's arrays do, or refuse; nothing in between.

The same small programs run on object arrays of polynomials, which NumPy handles entirely, and
on traced arrays. Results, and the errors that programs raise, must be the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from symconv.concrete.refusals import run_traced
from symconv.concrete.traced_memory import Snapshot
from symconv.concrete.tracing import TracedArray, traced_rows
from symconv.errors import NotSupported

SHAPES = {"x": (3, 4), "w": (3, 4), "s": (4,), "b": ()}
RADIX = 100


def traced_arguments() -> dict[str, TracedArray]:
    """Make a traced array per name; digit number of the code is 1 + the flat position."""
    return {
        name: TracedArray(
            (1 + np.arange(int(np.prod(shape)))).reshape(shape) * RADIX**number, 1 << number
        )
        for number, (name, shape) in enumerate(SHAPES.items())
    }


def decoded(result: Any) -> dict[tuple[int, ...], Any]:
    """Read a traced result as polynomials, entry by entry, without the zeros."""
    positions, codes, coefficients = traced_rows(result)
    found: dict[tuple[int, ...], Any] = {}
    factors = [1] * len(codes) if coefficients is None else coefficients.tolist()
    for flat, code, factor in zip(positions.tolist(), codes.tolist(), factors, strict=True):
        position = tuple(int(part) for part in np.unravel_index(flat, result.shape))
        atoms = []
        for number, (name, shape) in enumerate(SHAPES.items()):
            digit = code // RADIX**number % RADIX
            if digit:
                where = np.unravel_index(digit - 1, shape) if shape else ()
                atoms.append((name, tuple(int(part) for part in where)))
        entry = found.setdefault(position, {})
        monomial = tuple(sorted(atoms))
        entry[monomial] = entry.get(monomial, 0) + factor
    return {
        position: kept
        for position, entry in sorted(found.items())
        if (kept := {monomial: factor for monomial, factor in entry.items() if factor})
    }


Program = Callable[[Any, Any, Any, Any], Any]


def assign_then_read_through_a_view(x, w, s, b):
    out = np.zeros_like(x)
    view = out[1:, ::2]
    out[:, 2] = s[:3]
    view[0] = w[0, 1:3]
    return view


def assignment_overwrites_what_was_added(x, w, s, b):
    out = np.zeros_like(x)
    out[0] += s
    out[1] += s
    out[0, 1] = b[()]
    out[1, 1:3] = w[0, 1:3]
    return out


def assignment_overwrites_an_assignment(x, w, s, b):
    out = np.zeros_like(x)
    out[0, 0] = x[0, 0] + w[1, 1]
    out[0, 0] = x[0, 1]
    out[0, 1] = x[0, 1]
    out[0, 1] = x[0, 2] + w[1, 1]
    return out


def adding_after_an_assignment_keeps_the_assignment(x, w, s, b):
    out = np.zeros_like(x)
    out[:, :] = x
    out[1:, 1:] += w[1:, 1:]
    out[1:, 1:] -= x[1:, 1:]
    return out


def views_of_views_share_memory(x, w, s, b):
    out = np.zeros_like(x)
    inner = out[::-1][1:, ::-1][:, 1:3]
    inner += w[:2, :2]
    return out


def negative_slices_and_indices_count_from_the_end(x, w, s, b):
    out = np.zeros_like(x)
    out[-1, -4:-1] = x[-2, 1:]
    out[0:-1, -1] += s[-2:]
    return out


def a_crop_with_minus_zero_is_empty(x, w, s, b):
    return x[0:-0]


def slices_past_the_end_are_cut(x, w, s, b):
    out = np.zeros_like(x)
    out[1:99, 2:99] += w[1:99, 2:99]
    return out


def a_scalar_that_was_read_is_a_copy(x, w, s, b):
    out = np.zeros_like(x)
    out[0, 0] = x[0, 0] + s[0]
    before = out[0, 0]
    out[0, 0] += w[0, 0]
    out[1, 1] = before
    out[0, 0] = x[2, 2]
    out[2, 2] = before + b[()]
    return out


def a_scalar_of_another_entry_is_not_this_one(x, w, s, b):
    out = np.zeros_like(x)
    out[0, 0] = x[0, 0] + s[0]
    value = out[0, 0]
    value += w[0, 0]
    out[0, 1] = value
    return out


def a_scalar_read_from_a_copy_is_no_shortcut(x, w, s, b):
    out, other = np.zeros_like(x), np.zeros_like(x)
    out[0, 0] = x[0, 0] + s[0]
    other[0, 0] = s[0] + s[1]
    other[0, 0] = out[0, 0] + w[0, 0]
    return other


def a_scalar_can_be_added_to_itself(x, w, s, b):
    out = np.zeros_like(x)
    out[0, 0] = x[0, 0] + s[0]
    value = out[0, 0]
    out[1, 1] = value + value
    return out


def adding_to_a_scalar_does_not_change_the_array(x, w, s, b):
    out = np.zeros_like(x)
    out[:, :] = x
    value = out[0, 0]
    value += w[0, 0]
    out[0, 1] += w[0, 0]
    other = out[0, 1]
    other += s[0]
    return out


def overlapping_assignment_reads_first(x, w, s, b):
    out = np.zeros_like(x)
    out[:, :] = x
    out[1:] = out[:-1]
    return out


def overlapping_assignment_of_sums_reads_first(x, w, s, b):
    out = np.zeros_like(x)
    out[:, :] = x
    out += w
    out[1:] = out[:-1]
    return out


def adding_an_overlapping_view_reads_first(x, w, s, b):
    out = np.zeros_like(x)
    out += x
    out[1:] += out[:-1]
    return out


def assigning_zero_erases(x, w, s, b):
    out = np.zeros_like(x)
    out += x
    out[:, 1] = 0
    out[0, 0] = 0.0
    return out


def constants_are_polynomials(x, w, s, b):
    out = np.zeros_like(x)
    out[0, 0] = 3
    out[0, 1] = 2 * x[0, 1] - 1
    out[0, 2] = 1 - x[0, 1] * 2
    out[1] = 1
    out[2] = -s
    return out


def products_of_products(x, w, s, b):
    return (x * w)[0] * s * b[()]


def a_sum_times_an_entry(x, w, s, b):
    return np.sum(x[0]) * s[0] + w[0, 0] * np.sum(s)


def a_sum_times_a_sum(x, w, s, b):
    return np.sum(x[0]) * np.sum(s) * b[()]


def a_sum_times_an_array(x, w, s, b):
    return np.sum(x[0]) * s


def an_array_of_sums_times_an_array(x, w, s, b):
    return (x + w)[1] * s


def sums_along_axes(x, w, s, b):
    return np.sum(x * w, axis=0) + np.sum(w * x, axis=-2)


def sums_along_every_axis(x, w, s, b):
    return (x * w).sum(axis=(0, 1)) + (x * s).sum()


def sums_of_sums(x, w, s, b):
    return np.sum(np.sum(x + w, axis=1) + x[:, 0])


def broadcasting_products(x, w, s, b):
    return x * s + s * w


def broadcasting_assignment(x, w, s, b):
    out = np.zeros_like(x)
    out[:, :] = s
    out[0] = b[()]
    out[1] = s[0] + w[0, 0]
    return out


def new_axes_and_ellipses(x, w, s, b):
    out = np.zeros_like(x, shape=(2, 3, 4))
    out[1, ...] = x[None, :, :][0]
    out[..., 0] += w[:2, :3]
    return out


def arrays_without_axes(x, w, s, b):
    accumulator = np.zeros_like(x, shape=())
    accumulator += x[0, 0]
    accumulator += w[0, 0] * s[1]
    return accumulator + b


def iterating_gives_views(x, w, s, b):
    out = np.zeros_like(x)
    for row, other in zip(out, x, strict=True):
        row += other
    return out


def zeros_times_anything(x, w, s, b):
    nothing = np.zeros_like(x)
    return nothing * nothing * nothing * x + w


def a_self_assignment_changes_nothing(x, w, s, b):
    out = np.zeros_like(x)
    out[1:3, 1:3] += x[1:3, 1:3]
    out[0, 0] += x[0, 0]
    out[0, 0] += w[0, 0]
    return out


def python_sums_start_at_zero(x, w, s, b):
    return sum(value * s[0] for value in x[0])


def arrays_of_size_zero(x, w, s, b):
    out = np.zeros_like(x, shape=(2,))
    out[0] = np.sum(x[:0] * w[:0])
    return out


def negative_zero_coefficients_cancel(x, w, s, b):
    return x * w - w * x


def ufuncs_by_name(x, w, s, b):
    return np.add(np.multiply(x, w), np.negative(np.subtract(x, w)))


PROGRAMS: list[Program] = [
    assign_then_read_through_a_view,
    assignment_overwrites_what_was_added,
    assignment_overwrites_an_assignment,
    adding_after_an_assignment_keeps_the_assignment,
    views_of_views_share_memory,
    negative_slices_and_indices_count_from_the_end,
    a_crop_with_minus_zero_is_empty,
    slices_past_the_end_are_cut,
    a_scalar_that_was_read_is_a_copy,
    a_scalar_of_another_entry_is_not_this_one,
    a_scalar_read_from_a_copy_is_no_shortcut,
    a_scalar_can_be_added_to_itself,
    adding_to_a_scalar_does_not_change_the_array,
    overlapping_assignment_reads_first,
    overlapping_assignment_of_sums_reads_first,
    adding_an_overlapping_view_reads_first,
    assigning_zero_erases,
    constants_are_polynomials,
    products_of_products,
    a_sum_times_an_entry,
    a_sum_times_a_sum,
    a_sum_times_an_array,
    an_array_of_sums_times_an_array,
    sums_along_axes,
    sums_along_every_axis,
    sums_of_sums,
    broadcasting_products,
    broadcasting_assignment,
    new_axes_and_ellipses,
    arrays_without_axes,
    iterating_gives_views,
    zeros_times_anything,
    a_self_assignment_changes_nothing,
    python_sums_start_at_zero,
    arrays_of_size_zero,
    negative_zero_coefficients_cancel,
    ufuncs_by_name,
]


def both_ways(program: Program, object_array, polynomials) -> tuple[Any, Any]:
    """Run a program on NumPy's object arrays and on traced arrays: shapes and polynomials."""
    expected = program(*(object_array(name, shape) for name, shape in SHAPES.items()))
    got = program(*traced_arguments().values())
    return (
        (np.shape(expected), polynomials(expected)),
        (got.shape, decoded(got)),
    )


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_a_program_computes_what_numpy_computes(program, object_array, polynomials) -> None:
    expected, got = both_ways(program, object_array, polynomials)
    assert got == expected


RAISING: list[tuple[type[Exception], Program]] = [
    (IndexError, lambda x, w, s, b: x[3, 0]),
    (IndexError, lambda x, w, s, b: x[0, -5]),
    (IndexError, lambda x, w, s, b: x[0, 0, 0]),
    (IndexError, lambda x, w, s, b: x[0.5]),
    (IndexError, lambda x, w, s, b: np.zeros_like(x).__setitem__((3, 0), x[0, 0])),
    (ValueError, lambda x, w, s, b: x * w[:, :3]),
    (ValueError, lambda x, w, s, b: x + w[:, :3]),
    (ValueError, lambda x, w, s, b: np.zeros_like(x).__setitem__(0, s[:3])),
    (ValueError, lambda x, w, s, b: np.zeros_like(x)[0].__iadd__(s[:3])),
    (ValueError, lambda x, w, s, b: np.zeros_like(s).__iadd__(x)),
    (IndexError, lambda x, w, s, b: np.sum(x, axis=2)),
    (TypeError, lambda x, w, s, b: len(np.zeros_like(x, shape=()))),
]


@pytest.mark.parametrize(("error", "program"), RAISING)
def test_a_mistake_raises_what_numpy_raises(error, program, object_array) -> None:
    with pytest.raises(error):
        program(*(object_array(name, shape) for name, shape in SHAPES.items()))
    with pytest.raises(error):
        program(*traced_arguments().values())


REFUSED: list[tuple[str, Program]] = [
    ("a product in which one array occurs twice", lambda x, w, s, b: x * x),
    ("a product in which one array occurs twice", lambda x, w, s, b: x[0, 0] * x[1, 1]),
    ("a product in which one array occurs twice", lambda x, w, s, b: x[0, 0] * (x * w)),
    ("a product of two arrays of sums", lambda x, w, s, b: (x + 1) * (w + 1)),
    ("broadcasting an array of sums", lambda x, w, s, b: x * (s + 1)),
    ("broadcasting an array of sums", lambda x, w, s, b: x + (s + 1)),
    ("in place", lambda x, w, s, b: np.zeros_like(x).__iadd__(s)),
    ("in place", lambda x, w, s, b: np.zeros_like(x).__iadd__(b[()])),
    ("assigning sums", lambda x, w, s, b: np.zeros_like(x).__setitem__(slice(2), s + 1)),
    ("indexing with list", lambda x, w, s, b: x[[0, 1]]),
    ("indexing with ndarray", lambda x, w, s, b: x[np.array([0, 1])]),
    ("indexing with bool", lambda x, w, s, b: x[True]),
    ("indexing with tuple", lambda x, w, s, b: x[(0, 1), 0]),
    ("indexing with list", lambda x, w, s, b: x.__setitem__(([0, 1], 0), 0)),
    ("indexing a scalar", lambda x, w, s, b: x[0, 0][()]),
    ("*=", lambda x, w, s, b: x.__imul__(2)),
    ("float beside entries", lambda x, w, s, b: x * 0.5),
    ("float beside entries", lambda x, w, s, b: x + float("nan")),
    ("float beside entries", lambda x, w, s, b: x + float("inf")),
    ("bool beside entries", lambda x, w, s, b: x * True),
    ("ndarray beside entries", lambda x, w, s, b: x * np.ones((3, 4))),
    ("ndarray beside entries", lambda x, w, s, b: np.ones((3, 4)) * x),
    ("str beside entries", lambda x, w, s, b: x[0, 0] + "1"),
    ("np.pad", lambda x, w, s, b: np.pad(x, 1)),
    ("np.einsum", lambda x, w, s, b: np.einsum("ij,ij->", x, w)),
    ("np.exp", lambda x, w, s, b: np.exp(x)),
    ("np.add with out", lambda x, w, s, b: np.add(x, w, out=np.zeros_like(x))),
    ("np.add", lambda x, w, s, b: np.add.outer(x, w)),
    ("np.sum with keepdims", lambda x, w, s, b: np.sum(x, keepdims=True)),
    ("np.sum with a dtype", lambda x, w, s, b: np.sum(x, 0, float)),
    ("np.sum of a scalar along", lambda x, w, s, b: x[0, 0].sum(axis=0)),
    ("np.zeros_like with dtype", lambda x, w, s, b: np.zeros_like(x, dtype=float)),
    ("np.zeros_like with a dtype", lambda x, w, s, b: np.zeros_like(x, float)),
    ("'T'", lambda x, w, s, b: x.T),
    ("'reshape'", lambda x, w, s, b: x.reshape(-1)),
    ("'item'", lambda x, w, s, b: x[0, 0].item()),
    ("comparing", lambda x, w, s, b: x[0, 0] == 0),
    ("comparing", lambda x, w, s, b: bool(x[0, 0])),
    ("comparing", lambda x, w, s, b: x > w),
    ("dividing", lambda x, w, s, b: x / 2),
    ("dividing", lambda x, w, s, b: x // 1),
    ("powers", lambda x, w, s, b: x**2),
    ("powers", lambda x, w, s, b: x @ w),
    ("plain numbers", lambda x, w, s, b: float(x[0, 0])),
    ("plain numbers", lambda x, w, s, b: np.asarray(x)),
    ("plain numbers", lambda x, w, s, b: np.zeros(4).__setitem__(0, x[0, 0])),
    ("plain numbers", lambda x, w, s, b: x[: s[0]]),
]


@pytest.mark.parametrize(("reason", "program"), REFUSED)
def test_what_is_not_handled_is_refused_by_name(reason, program) -> None:
    with pytest.raises(NotSupported) as caught:
        _ = run_traced(program, *traced_arguments().values())
    assert reason in caught.value.fact


@pytest.mark.parametrize("result", [None, 0, np.zeros(3), (1, 2), "x"])
def test_a_result_that_is_not_traced_is_refused(result) -> None:
    with pytest.raises(NotSupported, match="a result of type"):
        traced_rows(result)


def test_an_attribute_that_numpy_does_not_have_is_an_attribute_error() -> None:
    x = traced_arguments()["x"]
    for name in ("hape", "__array_interface__", "torch"):
        with pytest.raises(AttributeError, match=name):
            getattr(x, name)


def test_shapes_are_numpys() -> None:
    x = traced_arguments()["x"]
    assert (x.shape, x.ndim, x.size, len(x)) == ((3, 4), 2, 12, 3)
    assert (x[0].shape, x[0, 0].shape, x[0, 0].ndim, x[0, 0].size) == ((4,), (), 0, 1)
    with pytest.raises(TypeError):
        hash(x)


def test_adding_to_an_entry_that_was_just_read_does_not_search_the_log(monkeypatch) -> None:
    def never(self):
        raise AssertionError("the log was searched")

    monkeypatch.setattr(Snapshot, "parts", never)
    x, w, *_ = traced_arguments().values()
    out = np.zeros_like(x)
    for column in range(4):
        out[1, 1] += x[0, column] * w[1, column]
    assert len(decoded(out)[1, 1]) == 4


def test_coefficients_beyond_int64_stay_exact() -> None:
    x = traced_arguments()["x"]
    big = (1 << 59) * ((1 << 59) * x[0, 0])
    assert decoded(big + big)[()] == {(("x", (0, 0)),): 1 << 119}
