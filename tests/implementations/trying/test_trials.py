"""What is said of wrong code rests on enough shapes, beyond those of the check if need be."""

import numpy as np

from symconv import conv2d
from symconv.implementations.checking import check_implementation
from symconv.implementations.trying.reference import reference_at
from symconv.verdicts import Verdict
from tests.implementations.mathematics import compute_gradients, compute_y
from tests.runs import quick_rows

LAYER = conv2d()


@quick_rows(0, "each of them is named alone in the quick run")
def test_two_mistakes_in_one_result_are_both_named() -> None:
    def both(dout, x, w, b, stride, padding):
        dx, dw, db = compute_gradients(dout, x, w, stride, padding)
        return (-dx if padding else dx[:, :, :0, :0]), dw, db

    def plain(x, w, b, stride, padding):
        return compute_y(x, w, b, stride, padding)

    report = check_implementation(plain, both, isolate=False)
    (wrong,) = [one for one in report.conclusions if one.verdict is Verdict.REFUTED]
    assert "where its shape is wrong, your dx equals" in wrong.diagnosis
    assert "where its values are wrong, your dx equals the correct one with the wrong sign" in (
        wrong.diagnosis
    )
    assert [region.clause for region in wrong.where["wrong-shape"]] == ["when padding is 0"]


def test_one_shape_alone_gives_no_diagnosis_that_shapes_beside_it_contradict() -> None:
    """A padding of 1 for any padding looks like a shift by the stride at one shape."""

    def padded_by_one(x, w, b, stride, padding):
        if padding == 0:
            return compute_y(x, w, b, stride, 0)
        grown = np.pad(x, ((0, 0), (0, 0), (1, 2 * padding - 1), (1, 2 * padding - 1)))
        return compute_y(grown, w, b, stride, 0)

    sizes = "N=1,C=1,H=1,W=1,F=1,HH=1,WW=1,S=1,P=2"
    report = check_implementation(padded_by_one, sizes=[sizes], only="y", isolate=False)
    assert [str(place.sizes) for place in report.classes] == [sizes]
    (wrong,) = [one for one in report.conclusions if one.verdict is Verdict.REFUTED]
    assert "stride" not in wrong.diagnosis


def test_a_tolerance_that_is_too_coarse_for_a_fresh_shape_ends_no_check() -> None:
    """Sums of larger shapes are longer; the shapes that were asked for are judged all the same."""

    def doubled(x, w, b, stride, padding):
        return 2 * compute_y(x, w, b, stride, padding)

    sizes = "N=1,C=1,H=1,W=1,F=1,HH=1,WW=1,S=1,P=0"
    report = check_implementation(doubled, sizes=[sizes], only="y", tolerance=0.05, isolate=False)
    assert report.exit_code == 1


@quick_rows(0, "tolerances and the search are tested apart in the quick run")
def test_a_tolerance_does_not_end_the_search_for_shapes_that_code_takes() -> None:
    def only_3x3(x, w, b, stride, padding):
        if w.shape[2:] != (3, 3):
            raise ValueError("3x3 filters only")
        return compute_y(x, w, b, stride, padding) * (1 + 1e-7)

    report = check_implementation(only_3x3, only="y", tolerance=1e-3, isolate=False)
    assert report.exit_code == 0


def test_the_next_shape_is_made_ready_while_the_code_runs() -> None:
    seen: list[tuple[str, bool]] = []
    reference_at.cache_clear()

    def forward(x, w, b, stride, padding):
        seen.append((str(x.shape), "longest_sum" in vars(reference_at(LAYER, second))))
        return compute_y(x, w, b, stride, padding)

    first, second = (LAYER.sizes(f"N=1,C=1,H={H},W=2,F=1,HH=1,WW=1,S=1,P=0") for H in (3, 4))
    report = check_implementation(forward, sizes=[first, second], only="y", isolate=False)
    assert report.exit_code == 0
    ready = {shape: [one for at, one in seen if at == shape] for shape in dict(seen)}
    assert ready["(1, 1, 3, 2)"][0] is False
    assert ready["(1, 1, 3, 2)"][-1] is True
    assert all(ready["(1, 1, 4, 2)"])
