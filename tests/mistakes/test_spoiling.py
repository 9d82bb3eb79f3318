"""What single mistakes make of statements, and that taking them back reaches the original."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import Array, Delta, Derivative, Entry, Iverson, Statement, Sum
from symconv.algebra.indices import between, ceiling, equal, floor, indices, sizes
from symconv.layers.axis import Axis
from symconv.layers.convolution.post import conv2d
from symconv.layers.layer import Layer, Vocabulary
from symconv.layers.registry import layer_by_name
from symconv.mistakes.catalogue import CATALOGUE, FAMILY
from symconv.mistakes.spoiling import mend, same_statement, spoil

LAYER = conv2d()
MISTAKE_BY_NAME = {mistake.name: mistake for mistake in CATALOGUE}


def statement_of(key: str) -> Statement:
    (statement,) = (item for item in LAYER.statements if item.key == key)
    return statement


def right_sides(name: str, key: str) -> list[str]:
    edited = spoil(statement_of(key), [MISTAKE_BY_NAME[name]])
    return [str(item.statement).partition(" = ")[2] for item in edited]


MADE = [
    ("sum-ends-one-too-late", "y:strided", "p=0..HH, q=0..WW-1"),
    ("sum-ends-one-too-late", "y:patch", "p=k*S..k*S+HH,"),
    ("sum-ends-one-too-early", "y:strided", "p=0..HH-2,"),
    ("sum-starts-one-too-late", "y:strided", "p=1..HH-1,"),
    ("sum-starts-one-too-early", "y:patch", "p=k*S-1..k*S+HH-1,"),
    ("sum-counts-from-one", "y:strided", "p=1..HH,"),
    ("sum-omitted", "dL/db:contracted", "sum[k=0..Hh-1, l=0..Hw-1](dout[n,f',k,l])"),
    ("sum-over-a-free-index", "dL/db:contracted", "sum[f'=0..F-1](sum[n=0..N-1"),
    ("mean-instead-of-sum", "dL/db:contracted", "1/N*sum[n=0..N-1"),
    ("term-inside-the-sum", "y:strided", "+b[f])"),
    ("padding-dropped", "dL/dx:deltas", "delta(p+k*S, i)"),
    ("padding-dropped", "x_pad", "[0 <= i'' <= H+P-1]"),
    ("padding-doubled", "dL/dx:deltas", "delta(p+k*S, i+2*P)"),
    ("padding-counted-once", "output-size:floor-Hh", "1+floor((H+P-HH)/S)"),
    ("padding-with-the-wrong-sign", "dL/dx:deltas", "delta(p+k*S, i-P)"),
    ("padding-on-the-wrong-side", "dL/dx:deltas", "delta(p+k*S+P, i)"),
    ("padding-added", "y:strided", "x_pad[n,c,p+k*S+P,q+l*S]"),
    ("unpadded-array", "y:strided", "x[n,c,p+k*S,q+l*S]"),
    ("padded-array", "x_pad", "x_pad[n'',c'',i''-P,j''-P]"),
    ("stride-dropped", "y:strided", "x_pad[n,c,p+k,q+l*S]"),
    ("stride-dropped", "y:shifted", "where p_0 = S*k, q_0 = l"),
    ("stride-applied-twice", "y:strided", "p+k*S*S"),
    ("stride-added", "y:strided", "x_pad[n,c,p+k+S,q+l*S]"),
    ("stride-on-the-wrong-index", "y:strided", "x_pad[n,c,p*S+k,q+l*S]"),
    ("stride-on-the-wrong-index", "dL/dx:contracted", "w[f,c',i*S+P-k,j+P-l*S]"),
    ("stride-on-both-indices", "y:strided", "x_pad[n,c,p*S+k*S,q+l*S]"),
    ("window-moves-backwards", "y:strided", "x_pad[n,c,p-k*S,q+l*S]"),
    ("window-offset-dropped", "y:patch", "w[f,c,p,q-l*S]"),
    ("stride-division-dropped", "output-size:floor-Hh", "1+H+2*P-HH"),
    ("size-of-the-other-axis", "y:strided", "p=0..WW-1, q=0..WW-1"),
    ("input-size-for-output-size", "dL/db:contracted", "k=0..H-1, l=0..Hw-1"),
    ("output-size-for-input-size", "x_pad", "[P <= i'' <= Hh+P-1]"),
    ("input-size-for-filter-size", "y:strided", "p=0..H-1, q=0..WW-1"),
    ("filter-and-output-size-confused", "dL/db:contracted", "k=0..HH-1, l=0..Hw-1"),
    ("filter-and-output-size-confused", "y:strided", "p=0..Hh-1, q=0..WW-1"),
    ("division-rounded-up", "output-size:floor-Hh", "1+ceil((H+2*P-HH)/S)"),
    ("division-not-rounded", "output-size:floor-Hh", "1+(H+2*P-HH)/S"),
    ("plus-one-dropped", "output-size:floor-Hh", " = floor((H+2*P-HH)/S)"),
    ("plus-one-divided", "output-size:floor-Hh", "floor((H+2*P-HH+1)/S)"),
    ("filter-size-not-subtracted", "output-size:floor-Hh", "1+floor((H+2*P)/S)"),
    ("remainder-rows-dropped", "x_pad", "[P <= i'' <= S*(Hh-1)+HH-1]"),
    ("axes-swapped", "dL/db:contracted", "dout[n,f',l,k]"),
    ("neighbouring-indices-swapped", "y:strided", "w[c,f,p,q]"),
    ("index-of-the-other-axis", "dL/db:contracted", "dout[n,f',l,l]"),
    ("channel-and-filter-confused", "y:strided", "+b[c]"),
    ("prime-dropped", "dL/dw:contracted", "dout[n,f,k,l]*x_pad[n,c',"),
    ("prime-added", "dy/dx:deltas", "delta(n', n')"),
    ("index-off-by-one", "y:strided", "w[f,c,p+1,q]"),
    ("index-off-by-one", "y:strided", "w[f,c,p-1,q]"),
    ("kernel-flipped-on-one-axis", "y:strided", "w[f,c,HH-1-p,q]"),
    ("kernel-flipped", "y:strided", "w[f,c,HH-1-p,WW-1-q]"),
    ("first-image-only", "dL/db:contracted", "dout[0,f',k,l]"),
    ("delta-dropped", "dL/db:deltas", "(dout[n,f,k,l])"),
    ("delta-dropped", "dy/db:contracted", " = 1"),
    ("delta-off-by-one", "dL/db:deltas", "delta(f, f'+1)"),
    ("indicator-dropped", "x_pad", "x[n'',c'',i''-P,j''-P]*[P <= j'' <= W+P-1]"),
    ("indicator-too-wide", "x_pad", "[P-1 <= i'' <= H+P-1]"),
    ("indicator-too-wide", "x_pad", "[P <= i'' <= H+P]"),
    ("indicator-too-narrow", "x_pad", "[P+1 <= i'' <= H+P-1]"),
    ("indicator-not-shifted", "x_pad", "[P <= i'' <= H-P]"),
    ("or-instead-of-and", "x_pad", "[P <= i'' or i'' <= H+P-1]"),
    ("upstream-gradient-dropped", "dL/dw:contracted", "(x_pad[n,c',i+S*k,j+S*l])"),
    ("output-instead-of-its-gradient", "dL/db:contracted", "(y[n,f',k,l])"),
    ("factor-dropped", "dL/dw:contracted", "(dout[n,f',k,l])"),
    ("term-dropped", "y:strided", " = b[f]"),
    ("sign-flipped", "y:strided", "-b[f]"),
    ("counted-twice", "y:strided", "+2*b[f]"),
]


@pytest.mark.parametrize(("name", "key", "part"), MADE)
def test_a_mistake_is_made_as_people_make_it(name, key, part):
    assert any(part in f" = {side}" for side in right_sides(name, key))
    assert part not in str(statement_of(key))


def test_the_table_of_mistakes_made_covers_every_mistake_of_statements():
    # What the post's layer lacks is shown in test_family.
    shown = {name for name, _, _ in MADE} | {mistake.name for mistake in FAMILY}
    assert shown == {mistake.name for mistake in CATALOGUE if mistake.edit is not None}


@pytest.mark.parametrize(
    ("name", "key", "why"),
    [
        ("padding-dropped", "y:strided", "there is no padding in it"),
        ("padding-added", "y:example", "P = 0 is assumed"),
        ("padded-array", "y:example", "P = 0 is assumed, so both arrays are the same"),
        ("padding-counted-once", "dL/dx:deltas", "the padding is not counted twice"),
        ("padding-on-the-wrong-side", "dL/dx:contracted", "it has no deltas"),
        ("stride-dropped", "dL/db:contracted", "there is no stride in it"),
        ("stride-on-the-wrong-index", "y:shifted", "the stride stands alone with its index"),
        ("mean-instead-of-sum", "y:strided", "it does not sum over images"),
        ("term-inside-the-sum", "dL/dx:contracted", "nothing stands beside the sum"),
        ("sum-over-a-free-index", "y:example", "it has no free indices"),
        ("sum-ends-one-too-late", "dy/db:deltas", "a delta picks one term of the sum"),
        ("sum-starts-one-too-early", "dy/db:deltas", "a delta picks one term of the sum"),
        ("kernel-flipped", "dL/dw:contracted", "it does not read the filters"),
        ("axes-swapped", "dL/db:chain", None),
        ("axes-swapped", "dy/db:contracted", "no array in it has two spatial axes"),
        ("index-of-the-other-axis", "dy/db:contracted", "no index in it is spatial"),
        ("first-image-only", "y:example", "the image is given"),
        ("prime-added", "y:strided", "there are no primed indices"),
        ("delta-dropped", "dL/db:contracted", "it has no deltas"),
        ("indicator-dropped", "dL/dx:deltas", "it has no brackets"),
        ("indicator-not-shifted", "dL/dx:contracted", "its brackets end at the filter"),
        ("term-dropped", "dL/db:contracted", "it has one term"),
        ("sign-flipped", "output-size:floor-Hh", "a size is never negative"),
        ("plus-one-divided", "y:strided", "nothing is divided"),
        ("crop-missing", "dL/dx:contracted", "it is a mistake of code"),
    ],
)
def test_a_mistake_is_not_made_where_there_is_no_room_for_it(name, key, why):
    assert bool(right_sides(name, key)) == (why is None)


def test_a_delta_in_the_same_product_makes_one_of_two_indices_no_mistake():
    # dout[n,f',k,l]*delta(f, f') is dout[n,f,k,l]*delta(f, f'): nobody is wrong there.
    assert not any("dout[n,f',k,l]" in side for side in right_sides("prime-added", "dL/dw:deltas"))
    assert any("delta(f', f')" in side for side in right_sides("prime-added", "dL/dw:deltas"))


def test_a_statement_rewritten_only_in_its_integers_is_the_same():
    n, p = indices("n p")
    (length,) = sizes("M")
    a = Array("a", (length,))

    def sum_to(upper, position) -> Statement:
        return Statement(a[n], Sum(a[position], (p, 0, upper)))

    assert same_statement(sum_to(length - 1, n + p), sum_to(-1 + length, p + n))
    assert not same_statement(sum_to(length - 1, n + p), sum_to(length, n + p))
    assert not same_statement(sum_to(length - 1, n + p), sum_to(length - 1, n - p))
    right = sum_to(length - 1, n + p)
    abbreviated = Statement(right.lhs, right.rhs, where=((p, n + 0),))
    assert not same_statement(right, abbreviated)
    assert same_statement(abbreviated, Statement(right.lhs, right.rhs, where=((p, n),)))
    assert not same_statement(abbreviated, Statement(right.lhs, right.rhs, where=((n, p),)))


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (("sum-ends-one-too-late", "sum-ends-one-too-late"), "y:strided"),
        (("sum-ends-one-too-late", "sum-ends-one-too-late"), "dL/dx:deltas"),
        (("indicator-not-shifted", "indicator-not-shifted"), "x_pad"),
        (("indicator-too-wide", "indicator-too-wide"), "dL/dx:contracted"),
        (("padding-dropped", "padding-dropped"), "dy/dx:deltas"),
        (("stride-dropped", "stride-dropped"), "dL/dw:contracted"),
        (("window-offset-dropped", "window-offset-dropped"), "y:patch"),
        (("axes-swapped", "sum-ends-one-too-late"), "dL/dw:contracted"),
        (("sum-omitted", "prime-dropped"), "dL/db:contracted"),
    ],
)
def test_two_mistakes_in_one_statement_are_taken_back_one_after_the_other(names, key):
    first, second = (MISTAKE_BY_NAME[name] for name in names)
    statement = statement_of(key)
    wrong_once = next(iter(spoil(statement, [first]))).statement
    wrong_twice = list(spoil(wrong_once, [second]))[-1].statement
    found = [
        mended
        for half in mend(wrong_twice, [second])
        for mended in mend(half.statement, [first])
        if same_statement(mended.statement, statement)
    ]
    assert found
    assert not any(same_statement(half.statement, statement) for half in mend(wrong_twice))


def test_what_is_wrong_is_said_with_where_it_stands():
    edited = next(iter(spoil(statement_of("y:strided"), [MISTAKE_BY_NAME["stride-dropped"]])))
    assert edited.mistake.sentence == "the factor or the step S is missing"
    assert edited.where == "in x_pad[n,c,p+k*S,q+l*S]"
    assert (str(edited.before), str(edited.after)) == ("k*S", "k")


@pytest.mark.parametrize("number", range(0, 30, 3))
def test_taking_back_anything_from_a_wrong_statement_gives_statements(number):
    statement = LAYER.statements[number]
    for edited in list(spoil(statement))[::25]:
        for mended in mend(edited.statement):
            assert not same_statement(mended.statement, edited.statement)


def one_axis() -> tuple[Vocabulary, Statement]:
    """Return the words and the gradient of a 1-D convolution with a stride written as 2."""
    M, K, O, Q = sizes("M K O Q")
    i, k, p = indices("i k p")
    axis = Axis(M, K, O, M // M * 2, Q, Q)
    x, w, y, dout = (
        Array(name, (size,)) for name, size in (("x", M), ("w", K), ("y", O), ("dout", O))
    )
    padded = Array("x_pad", (M + 2 * Q,))
    layer = Layer(
        name="one axis",
        given=sizes("M K O Q N"),
        inputs=(x, w, y, dout, padded),
        input=x,
        weights=w,
        padded=padded,
        output=y,
        upstream=dout,
        axes=(axis,),
        letters={M: "i", K: "p", O: "k"},
        images=sizes("N")[0],
    )
    statement = Statement(
        Derivative(Array("L")[()], x[i]),
        Sum(dout[k] * Delta(p + 2 * k, i + Q) * w[p], (k, 0, O - 1), (p, 0, K - 1)),
        free=(*Sum(x[i], (i, 0, M - 1)).ranges,),
    )
    assert layer.vocabulary is not None
    return layer.vocabulary, statement


def test_another_layer_is_spoiled_in_its_own_words():
    vocabulary, statement = one_axis()
    sides = [str(item.statement.rhs) for item in spoil(statement, vocabulary=vocabulary)]
    assert any("delta(p+2*k, i)" in side for side in sides)
    assert any("delta(p+2*k, i-Q)" in side for side in sides)
    assert any("w[K-1-p]" in side for side in sides)
    names = {item.mistake.name for item in spoil(statement, vocabulary=vocabulary)}
    assert not names & {"axes-swapped", "size-of-the-other-axis", "index-of-the-other-axis"}
    for edited in spoil(statement, vocabulary=vocabulary):
        if edited.mistake.undo is not None:
            back = mend(edited.statement, [edited.mistake], vocabulary)
            assert any(same_statement(item.statement, statement) for item in back)


def test_a_sum_is_offered_for_an_unbound_index_only_over_ranges_that_fit():
    M, K = sizes("M K")
    i, p = indices("i p")
    x, w = Array("x", (M,)), Array("w", (K,))
    free = Sum(x[i], (i, 0, M - K)).ranges
    unbound = Statement(x[i], x[i + p] * w[p], free)
    offered = [str(item.statement.rhs) for item in mend(unbound, [MISTAKE_BY_NAME["sum-omitted"]])]
    assert offered == ["sum[p=-i..M-i-1](x[i+p]*w[p])", "sum[p=0..K-1](x[i+p]*w[p])"]
    bound = Statement(x[i], Sum(x[i + p] * w[p], (p, 0, K - 1)), free)
    assert list(mend(bound, [MISTAKE_BY_NAME["sum-omitted"]])) == []


def test_an_unbound_index_of_a_derivative_is_summed_outside_it():
    M = sizes("M")[0]
    i, j = indices("i j")
    x, y = Array("x", (M,)), Array("y", (M,))
    unbound = Statement(x[i], Derivative(y[j], x[i]), Sum(x[i], (i, 0, M - 1)).ranges)
    offered = [str(item.statement.rhs) for item in mend(unbound, [MISTAKE_BY_NAME["sum-omitted"]])]
    assert offered == ["sum[j=0..M-1](dy[j]/dx[i])"]


def test_a_mistake_that_gives_the_same_statement_at_two_sites_is_made_once():
    M = sizes("M")[0]
    (i,) = indices("i")
    x = Array("x", (M,))
    square = Statement(x[i], x[i] * x[i], Sum(x[i], (i, 0, M - 1)).ranges)
    (edited,) = spoil(square, [MISTAKE_BY_NAME["factor-dropped"]])
    assert str(edited.statement.rhs) == "x[i]"


def test_a_term_with_the_index_of_a_sum_is_not_moved_into_it():
    M = sizes("M")[0]
    (i,) = indices("i")
    x, y = Array("x", (M,)), Array("y", (M,))
    mistake = [MISTAKE_BY_NAME["term-inside-the-sum"]]
    free = Sum(x[i], (i, 0, M - 1)).ranges
    beside = Statement(x[i], Sum(x[i], (i, 0, M - 1)) + y[i], free)
    assert list(spoil(beside, mistake)) == []
    apart = Statement(x[i], Sum(x[i], (i, 0, M - 1)) + y[0], free)
    assert [str(item.statement.rhs) for item in spoil(apart, mistake)] == [
        "sum[i=0..M-1](x[i]+y[0])"
    ]


def test_a_bracket_that_is_no_chain_of_two_ends_is_not_moved():
    M = sizes("M")[0]
    i, j = indices("i j")
    x = Array("x", (M,))
    free = Sum(x[i], (i, 0, M - 1)).ranges
    wide = [MISTAKE_BY_NAME["indicator-too-wide"]]
    for condition in (equal(i, j), (i <= M) & (j <= M), (i > 0) & (i < M)):
        assert list(spoil(Statement(x[i], x[i] * Iverson(condition), free), wide)) == []
    chain = Statement(x[i], x[i] * Iverson(between(1, i, M - 2)), free)
    assert len(list(spoil(chain, wide))) == 2


def test_rounding_is_changed_only_where_something_is_rounded():
    H, S = sizes("H S")
    (i,) = indices("i")
    x = Array("x", (H,))
    up = [MISTAKE_BY_NAME["division-rounded-up"]]

    def read_at(position) -> Statement:
        return Statement(x[i], x[position], Sum(x[i], (i, 0, H - 1)).ranges)

    assert [str(e.statement.rhs) for e in spoil(read_at(floor(i / S)), up)] == ["x[ceil(i/S)]"]
    assert list(spoil(read_at(i / S), up)) == []
    assert list(spoil(read_at(ceiling(i / S)), up)) == []
    assert [str(e.statement.rhs) for e in mend(read_at(ceiling(i / S)), up)] == ["x[floor(i/S)]"]


def test_an_entry_is_not_confused_with_an_array_of_the_same_shape():
    statement = statement_of("dL/db:contracted")
    (edited,) = spoil(statement, [MISTAKE_BY_NAME["output-instead-of-its-gradient"]])
    assert isinstance(edited.before, Entry)
    assert isinstance(edited.after, Entry)
    assert edited.before.indices == edited.after.indices
    assert (edited.before.array.name, edited.after.array.name) == ("dout", "y")


@pytest.mark.parametrize("name", ["avg_pool1d", "linear"])
@pytest.mark.parametrize("edit", [spoil, mend])
def test_an_array_is_not_put_where_its_axes_do_not_fit(name, edit):
    """Without a vocabulary of its own a layer is read with the default one's arrays."""
    layer = layer_by_name(name)
    assert layer.vocabulary is None
    for statement in layer.statements:
        for _ in edit(statement, vocabulary=layer.vocabulary):
            pass
