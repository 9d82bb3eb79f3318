"""What is known where a formula is read, and how documents extend it."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import Array, Definition
from symconv.algebra.indices import Constant, Index, Size, equal
from symconv.errors import UsageError
from symconv.latex.reading.context import Context, context_of_layer
from symconv.latex.reading.formulas import read_formula
from symconv.latex.reading.items import Equality, Unreadable
from symconv.layers.convolution.post import conv2d

n = Size("n")
LAYER = context_of_layer(conv2d())


def test_extending_a_context_leaves_it_as_it_was() -> None:
    before = Context()
    after = before.with_size("n").with_array("x", (n,)).with_index("i").with_example(n, 3)
    assert before == Context()
    assert after.array("x") == Array("x", (n,))
    assert after.examples == ((n, 3),)


@pytest.mark.parametrize(
    "declare",
    [
        lambda context: context.with_size("x"),
        lambda context: context.with_index("n"),
        lambda context: context.with_array("n", ()),
        lambda context: context.with_array("x", ()),
    ],
)
def test_a_name_means_one_thing(declare) -> None:
    context = Context().with_size("n").with_array("x", (n,))
    with pytest.raises(UsageError) as error:
        declare(context)
    assert error.value.code == "overloaded-name"


def test_a_name_that_cannot_be_spelled_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        _ = Context().with_size("n-1")


def test_declaring_the_same_again_changes_nothing() -> None:
    context = Context().with_size("n").with_array("x", (n,))
    assert context.with_size("n").with_array("x", (n,)) == context


def test_the_longest_declared_name_counts() -> None:
    context = Context().with_size("H").with_size("HH").with_size("S").with_array("L", ())
    (item,) = read_formula("L_0 = 1", context).items
    assert not isinstance(item, Equality)
    (item,) = read_formula(r"1 = HHS + H H + H\,H + {H}{H}", context).items
    assert isinstance(item, Equality)
    assert str(item.statement.rhs) == "HH*S+H*H+H*H+H*H"


def test_a_spelling_makes_a_name_known() -> None:
    latex = r"\hat{b}^{(1)}_f = b_f"
    assert isinstance(read_formula(latex, LAYER).items[0], Unreadable)
    (item,) = read_formula(latex, LAYER.with_spelling(r"\hat b^{(1)}", "b")).items
    assert isinstance(item, Equality)
    assert str(item.statement) == "b[f] = b[f]"


def test_the_latest_spelling_counts() -> None:
    context = LAYER.with_spelling("q", "w").with_spelling("q", "b")
    (item,) = read_formula("q_f = 1", context).items
    assert isinstance(item, Equality)
    assert str(item.statement) == "b[f] = 1"


def test_a_range_that_is_declared_is_used_where_arrays_say_nothing() -> None:
    latex = r"\delta_{i,j} = \delta_{j,i}"
    bounds = (Constant(0), n - 1)
    context = Context().with_size("n").with_index("i", bounds).with_index("j", bounds)
    (item,) = read_formula(latex, context).items
    assert isinstance(item, Equality)
    assert [str(free) for free in item.statement.free] == ["i=0..n-1", "j=0..n-1"]


def test_a_layer_knows_its_sizes_arrays_and_the_axes_that_texts_leave_out() -> None:
    assert [str(size) for size in LAYER.omissible] == ["N", "C", "F"]
    assert {str(item) for item in LAYER.ranges} == {
        *("n=0..N-1", "f=0..F-1", "k=0..Hh-1", "l=0..Hw-1"),
        *("c=0..C-1", "p=0..HH-1", "q=0..WW-1"),
    }
    assert LAYER.definition("y") is not None
    assert LAYER.definition("x") is None


def test_a_context_with_a_layer_becomes_that_layer_with_what_was_added() -> None:
    layer = (
        LAYER.with_size("T")
        .with_definition(Definition(Array("u", (Size("T"),))[Index("i")], LAYER.arrays[2][0]))
        .with_assumption(equal(Size("T"), 2))
        .as_layer()
    )
    assert Size("T") in layer.given
    assert "u" in layer.definition_by_name
    assert "y" in layer.definition_by_name
    assert equal(Size("T"), 2) in layer.constraints
    assert LAYER.as_layer() == conv2d()


def test_a_context_without_a_layer_becomes_one() -> None:
    x, u = Array("x", (n,)), Array("u", (n,))
    layer = (
        Context()
        .with_size("n", minimum=0)
        .with_array("x", (n,))
        .with_definition(Definition(u[Index("i")], x[Index("i")]))
        .as_layer()
    )
    assert layer.inputs == (x,)
    assert layer.minimum == {n: 0}
    assert list(layer.definition_by_name) == ["u"]
