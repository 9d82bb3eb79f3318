"""Sizes, selection of statements, and lookups of a layer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symconv.algebra.expressions import Array, Definition, Statement
from symconv.algebra.indices import (
    Condition,
    IntegerExpression,
    Size,
    divides,
    indices,
    sizes,
)
from symconv.errors import IllFormed, SizesError, UnknownStatement, UsageError
from symconv.layers.convolution.post import DEFAULT_SIZES, conv2d
from symconv.layers.layer import DerivedSize, Layer, Loop, Sizes
from symconv.layers.registry import layer_by_name

LAYER = conv2d()
GOOD = "N=2,C=3,H=8,W=8,F=4,HH=3,WW=3,S=1,P=1"


def test_sizes_are_given_by_name_in_any_order_and_derive_the_rest() -> None:
    sizes = LAYER.sizes(GOOD)
    assert sizes == LAYER.sizes(P=1, S=1, WW=3, HH=3, F=4, W=8, H=8, C=3, N=2)
    assert sizes == LAYER.sizes(" N = 2 , C=3,H=8,W=8,F=4,", HH=3, WW=3, S=1, P=1)
    assert (sizes["Hh"], sizes["Hw"]) == (8, 8)
    assert str(sizes) == GOOD
    assert repr(sizes) == f"Sizes({GOOD})"
    assert list(sizes)[-2:] == ["Hh", "Hw"]
    assert len(sizes) == 11
    assert len({sizes, LAYER.sizes(GOOD)}) == 1


def test_sizes_are_ordered_by_their_sum_first() -> None:
    small = LAYER.sizes("N=1,C=1,H=1,W=2,F=1,HH=1,WW=1,S=1,P=0")
    large = LAYER.sizes("N=1,C=1,H=2,W=2,F=1,HH=1,WW=1,S=1,P=0")
    other = LAYER.sizes("N=2,C=1,H=1,W=1,F=1,HH=1,WW=1,S=1,P=0")
    assert sorted([large, other, small], key=Sizes.order) == [small, other, large]


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "no value for N, C, H, W, F, HH, WW, S, P"),
        (GOOD.replace("C=3,", ""), "no value for C"),
        (GOOD + ",Q=1", "unknown size Q"),
        (GOOD + ",Hh=8", "Hh is derived: Hh = floor((H+2*P-HH)/S)+1"),
        (GOOD + ",N=3", "N is given twice"),
        (GOOD.replace("N=2", "N=0"), "N must be at least 1, got 0"),
        (GOOD.replace("S=1", "S=0"), "S must be at least 1, got 0"),
        (GOOD.replace("P=1", "P=-1"), "P must be at least 0, got -1"),
        (GOOD.replace("N=2", "N=2.5"), "N must be an integer, got '2.5'"),
        (GOOD.replace("N=2", "N=two"), "N must be an integer, got 'two'"),
        (GOOD.replace("N=2", "N=²"), "N must be an integer, got '²'"),
        (GOOD.replace("N=2", "N="), "N must be an integer, got ''"),
        (GOOD.replace("N=2", "N=--2"), "N must be an integer, got '--2'"),
        (GOOD.replace("N=2", "N"), "cannot read 'N' as a size"),
        (GOOD.replace("N=2", "=2"), "cannot read '=2' as a size"),
        ("2,3,8,8,4,3,3,1,1", "cannot read '2' as a size"),
        (GOOD.replace("HH=3", "HH=11"), "leaves no output position"),
        (GOOD.replace("WW=3", "WW=11"), "leaves no output position"),
    ],
)
def test_bad_sizes_are_refused_with_what_would_be_right(text: str, fact: str) -> None:
    with pytest.raises(SizesError) as caught:
        _ = LAYER.sizes(text)
    assert fact in caught.value.fact
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("value", [2.0, "2", True, None])
def test_sizes_by_keyword_must_be_integers(value: object) -> None:
    with pytest.raises(SizesError, match="N must be an integer"):
        _ = LAYER.sizes(GOOD.replace("N=2,", ""), N=value)


def test_a_bare_name_selects_all_forms_and_shows_the_contracted_one() -> None:
    keys = [item.key for item in LAYER.select(["dL/dx"]) if isinstance(item, Statement)]
    assert keys == ["dL/dx:chain", "dL/dx:deltas", "dL/dx:contracted"]
    assert LAYER.statement("dL/dx").key == "dL/dx:contracted"
    assert LAYER.statement("dL/dx:deltas").key == "dL/dx:deltas"
    assert LAYER.statement("y").key == "y:strided"
    assert LAYER.statement("x_pad").key == "x_pad"


def test_every_name_of_the_issue_exists() -> None:
    keys = {item.key for item in LAYER.statements} | {loop.name for loop in LAYER.loops}
    expected = """
        y:patch y:shifted y:strided y:example
        dL/dw:chain dL/dw:deltas dL/dw:contracted dy/dw:deltas dy/dw:contracted
        dL/db:chain dL/db:deltas dL/db:contracted dy/db:deltas dy/db:contracted
        x_pad dx_pad/dx dy/dx:chain dy/dx:deltas dL/dx:chain dL/dx:deltas dL/dx:contracted
        loop/forward loop/dw loop/db loop/dx loop/dx:scatter
    """
    for name in expected.split():
        assert name in keys
    assert LAYER.select(["dy/dx_pad"])
    assert LAYER.select(["output-size"])
    assert all(statement.source for statement in LAYER.statements)
    assert all(loop.source for loop in LAYER.loops)
    assert len(keys) == len(LAYER.statements) + len(LAYER.loops)


def test_loops_are_selected_by_name_or_all_together() -> None:
    assert [item.name for item in LAYER.select(["loop/dx:scatter"]) if isinstance(item, Loop)] == [
        "loop/dx:scatter"
    ]
    assert len(LAYER.select(["loop"])) == 5
    assert len(LAYER.select(["loop/dw", "loop"])) == 5
    assert len(LAYER.select([])) == len(LAYER.statements) + len(LAYER.loops)


@pytest.mark.parametrize(
    ("key", "help"),
    [
        ("dL/dz", "did you mean"),
        ("dL/dx:contrated", "dL/dx:contracted"),
        ("nonsense", "conv2d has output-size"),
        ("", "conv2d has output-size"),
    ],
)
def test_unknown_statements_are_refused_with_the_closest_names(key: str, help: str) -> None:
    with pytest.raises(UnknownStatement) as caught:
        _ = LAYER.select([key])
    assert help in caught.value.help


def test_a_loop_is_no_statement() -> None:
    with pytest.raises(UnknownStatement, match="is a loop"):
        _ = LAYER.statement("loop/dx")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("y", ("n", "f", "k", "l")),
        ("dL/dx", ("n'", "c'", "i", "j")),
        ("dL/db", ("f'",)),
        ("x_pad", ("n''", "c''", "i''", "j''")),
        ("L", ()),
    ],
)
def test_entries_are_reported_under_the_statements_own_indices(
    name: str, expected: tuple[str, ...]
) -> None:
    assert LAYER.index_names(name) == expected


def test_an_entry_of_a_jacobian_takes_both_positions() -> None:
    assert str(LAYER.named_entry("y", (0, 1, 2, 3))) == "y[0,1,2,3]"
    assert str(LAYER.named_entry("dy/db", (0, 1, 2, 3, 4))) == "dy[0,1,2,3]/db[4]"


@pytest.mark.parametrize(
    ("name", "body", "by"),
    [
        ("y", "y", None),
        ("x_pad", "x_pad", None),
        ("dout", "dout", None),
        ("dL/dx", "L", "x"),
        ("dy/dx_pad", "y", "x_pad"),
        ("dx_pad/dx", "x_pad", "x"),
        ("dL/ddout", "L", "dout"),
        ("ddout/dx", "dout", "x"),
    ],
)
def test_arrays_and_derivatives_are_found_by_name(name: str, body: str, by: str | None) -> None:
    arrays = LAYER.array_by_name
    assert LAYER.named_arrays(name) == (arrays[body], by and arrays[by])


@pytest.mark.parametrize(
    ("name", "fact", "help"),
    [
        ("", "neither an array of conv2d nor a gradient", "write an array (x, w, b, dout"),
        ("q", "neither an array of conv2d nor a gradient", "such as dL/dx"),
        ("xpad", "neither an array of conv2d nor a gradient", "did you mean x_pad?"),
        ("L/x", "neither an array of conv2d nor a gradient", "such as dL/dx"),
        ("d/dx", "neither an array of conv2d nor a gradient", "such as dL/dx"),
        ("dL/d", "neither an array of conv2d nor a gradient", "such as dL/dx"),
        ("dL/dx ", "has no array x ", "the arrays are x, w, b"),
        ("dL/dX", "has no array X", "the arrays are x, w, b"),
        ("dl/dX", "has no array l and no array X", "the arrays are x, w, b"),
        ("dq/dq", "has no array q", "the arrays are x, w, b"),
        ("dL/dx/dy", "has no array", "the arrays are x, w, b"),
        ("dL/dx\n", "neither an array", "such as dL/dx"),
    ],
)
def test_other_names_are_refused_with_what_would_be_right(name, fact: str, help: str) -> None:
    with pytest.raises(UnknownStatement) as caught:
        _ = LAYER.named_arrays(name)
    assert fact in caught.value.fact
    assert help in caught.value.help


def test_the_default_sizes_cover_what_can_make_a_difference() -> None:
    sizes = [LAYER.sizes(text) for text in DEFAULT_SIZES]
    assert {one["S"] for one in sizes} >= {1, 2, 3}
    assert {one["P"] for one in sizes} >= {0, 1, 2}
    for property_ in (
        lambda z: z["H"] != z["W"],
        lambda z: z["HH"] != z["WW"],
        lambda z: z["N"] > 1 and z["C"] > 1 and z["F"] > 1,
        lambda z: (z["H"] + 2 * z["P"] - z["HH"]) % z["S"] != 0,
        lambda z: (z["W"] + 2 * z["P"] - z["WW"]) % z["S"] != 0,
        lambda z: z["S"] > z["HH"],
        lambda z: z["HH"] == z["WW"] == 1,
        lambda z: z["HH"] == z["H"] + 2 * z["P"] and z["WW"] == z["W"] + 2 * z["P"],
        lambda z: z["P"] >= z["HH"] and z["P"] > 0,
    ):
        assert any(property_(one) for one in sizes)


def test_the_layer_states_its_constraints() -> None:
    text = [str(condition) for condition in LAYER.size_constraints]
    assert "N >= 1" in text
    assert "P >= 0" in text
    assert "H+2*P >= HH" in text
    assert "S*(Hh-1) <= H+2*P-HH" in text
    assert "H+2*P-HH < S*Hh" in text


def test_a_derived_size_may_be_0_where_the_layer_says_so() -> None:
    text = [str(condition) for condition in layer_by_name("conv1d same").size_constraints]
    assert "Pw0 >= 0" in text
    assert "Pw0 >= 1" not in text
    assert "Hw >= 1" in text


A, D, E = sizes("A D E")


def small_layer(value: IntegerExpression, *constraints: Condition) -> Layer:
    """A layer of one given size A, a derived size D, and E = D + 1."""
    return Layer(
        name="small",
        given=(A,),
        inputs=(Array("u", (A,)),),
        derived=(DerivedSize(D, value, ()), DerivedSize(E, D + 1, ())),
        constraints=constraints,
    )


def test_a_constraint_on_derived_sizes_is_checked_when_they_have_values() -> None:
    layer = small_layer(A // 2, D >= 2, E <= 4)
    assert dict(layer.sizes("A=4")) == {"A": 4, "D": 2, "E": 3}
    assert dict(layer.sizes("A=7")) == {"A": 7, "D": 3, "E": 4}
    for text, fact, help in (
        ("A=2", "A=2 makes D=1,E=2", "make D >= 2"),
        ("A=8", "A=8 makes D=4,E=5", "make E <= 4"),
        ("A=1", "A=1 makes D = 0", "D = floor(A/2) must be an integer, at least 1"),
    ):
        with pytest.raises(SizesError) as caught:
            _ = layer.sizes(text)
        assert (caught.value.fact, caught.value.help) == (fact, help)


def test_a_constraint_on_given_sizes_is_checked_before_derived_sizes() -> None:
    layer = small_layer((A + 4) // (A - 2), A > 2)
    assert layer.sizes("A=3")["D"] == 7
    with pytest.raises(SizesError) as caught:
        _ = layer.sizes("A=2")
    assert caught.value.help == "make A > 2"


@pytest.mark.parametrize(
    ("layer", "fact"),
    [
        (
            small_layer((A + 4) // (A - 2)),
            "A=2 gives D = floor((A+4)/(A-2)) no value: division by A-2, which is 0",
        ),
        (
            small_layer(A, divides(A - 2, A)),
            "A=2 gives (A-2) divides A no value: division by A-2, which is 0",
        ),
        (
            small_layer(A, divides(D - 2, A)),
            "A=2 gives (D-2) divides A no value: division by D-2, which is 0",
        ),
    ],
    ids=["derived", "constraint", "constraint on derived"],
)
def test_sizes_at_which_something_divides_by_zero_are_not_admissible(
    layer: Layer, fact: str
) -> None:
    with pytest.raises(SizesError) as caught:
        _ = layer.sizes("A=2")
    assert caught.value.fact == fact
    assert layer.sizes("A=3")["A"] == 3


def test_a_size_that_the_layer_does_not_have_is_a_mistake_in_the_layer() -> None:
    (unknown,) = sizes("Q")
    for layer in (small_layer(A, unknown >= 1), small_layer(unknown)):
        with pytest.raises(IllFormed, match="Q has no value"):
            _ = layer.sizes("A=2")


@pytest.mark.parametrize("digits", [61, 4_301, 6_000])
def test_sizes_have_as_many_digits_as_can_be_counted_with(digits: int) -> None:
    layer = Layer(name="line", given=(Size("N"),), inputs=())
    with pytest.raises(SizesError, match=r"N has about [0-9,]+ digits, more than 60"):
        _ = layer.sizes(f"N={'9' * digits}")
    with pytest.raises(SizesError, match="digits"):
        _ = layer.sizes(N=10**digits)
    assert layer.sizes("N=100000000000000000000000")["N"] == 10**23


def test_a_layer_says_one_thing_of_a_name() -> None:
    (n,) = indices("n")
    x, y = Array("x", (A,)), Array("y", (A,))
    once, twice = Definition(y[n], x[n] + 0), Definition(y[n], 2 * x[n])
    said: list[dict] = [
        {"given": (A,), "inputs": (x,), "definitions": (once, twice)},
        {"given": (A,), "inputs": (x, y), "definitions": (once,)},
        {"given": (A,), "inputs": (x, Array("x", (A, A)))},
        {"given": (A, A), "inputs": (x,)},
        {"given": (A,), "inputs": (x,), "derived": (DerivedSize(A, A + 1, ()),)},
        {"given": (A,), "inputs": (x,), "derived": (DerivedSize(D, A + 1, ()),) * 2},
    ]
    for parts in said:
        with pytest.raises(UsageError, match="double says twice what") as caught:
            _ = Layer(name="double", **parts)
        assert caught.value.code == "said-twice"
    layer = Layer(name="single", given=(A,), inputs=(x, x), definitions=(once,))
    assert layer.array_by_name == {"x": x, "y": y}


def test_what_a_name_stands_for_is_a_matter_of_each_layer() -> None:
    x, y = Array("x", (A,)), Array("y", (A,))
    (n,) = indices("n")
    known = Layer(name="known", given=(A,), inputs=(x,), definitions=(Definition(y[n], 2 * x[n]),))
    for _ in range(2):
        assert known.named_arrays("dy/dx") == (y, x)
        with pytest.raises(UnknownStatement):
            _ = known.named_arrays("dy/dz")
    for unlike in (replace(known, inputs=()), replace(known, definitions=())):
        with pytest.raises(UnknownStatement):
            _ = unlike.named_arrays("dy/dx")
