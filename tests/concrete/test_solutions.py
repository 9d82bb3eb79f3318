"""Boxes that sides share: the same steps are solved once, and what a range is stays its own."""

from symconv.algebra.expressions import Array, Sum
from symconv.algebra.indices import Index, Range, Size, as_integer
from symconv.concrete.affine import Affine
from symconv.concrete.solutions import Boxes
from symconv.concrete.terms import Sides

H, W = Size("H"), Size("W")
i, j, k = Index("i"), Index("j"), Index("k")
x, w = Array("x", (H,)), Array("w", (W,))
AT = {H: 5, W: 3}


def test_the_same_steps_are_solved_once() -> None:
    summed = Sum(x[i] * w[k], Range(k, as_integer(0), W - 1))
    side = Sides({}).side(summed, (Range(i, as_integer(0), H - 1),))
    (product,) = side.products
    read = [check.before for check in side.checks if check.node in product.entries]
    boxes = Boxes(AT)
    assert len({id(boxes.of(steps)) for steps in (*read, product.steps)}) == 1
    assert boxes.of(side.free) is not boxes.of(product.steps)
    assert boxes.of(side.free).lengths == {i: 5}
    assert boxes.of(product.steps).lengths == {i: 5, k: 3}


def test_a_range_that_moves_is_bound_anew_where_its_index_is_another() -> None:
    moving = Range(k, i, i + 1)
    boxes = Boxes(AT)
    for lower in (0, 2, 4):
        alone = Range(i, as_integer(lower), as_integer(lower))
        assert boxes.of((alone, moving)).spans[k] == (lower, lower + 1)
    wide = boxes.of((Range(i, as_integer(0), H - 1), moving))
    assert wide.spans[k] == (0, 5)
    assert (wide.at[k].start, wide.at[k].steps) == (0, {i: 1, k: 1})


def test_a_range_between_numbers_is_the_same_in_every_box_of_the_sizes() -> None:
    fixed = Range(k, W - 1, H - 1)
    boxes = Boxes(AT)
    first = boxes.of((fixed,))
    second = boxes.of((Range(j, as_integer(0), H - 1), fixed))
    assert first.spans[k] == second.spans[k] == (2, 4)
    assert first.at[k] is second.at[k]
    assert isinstance(first.at[k], Affine)
    assert Boxes({H: 3, W: 3}).of((fixed,)).lengths == {}
    assert Boxes({H: 1, W: 3}).of((fixed,)).empty
