"""Code that is meant for square filters and does not say so."""

from symconv.implementations.checking import SQUARE_HELPS, check_implementation
from tests.implementations.mathematics import compute_y

SIZES = (
    "N=1,C=2,H=5,W=5,F=3,HH=2,WW=2,S=1,P=1",
    "N=1,C=2,H=5,W=5,F=3,HH=3,WW=2,S=1,P=0",
)


def of_one_side(x, w, b, stride, padding):
    _, _, f, f = w.shape
    return compute_y(x, w.reshape(*w.shape[:2], f, f), b, stride, padding)


def wrong_everywhere_but_here(x, w, b, stride, padding):
    y = compute_y(x, w, b, stride, padding)
    return 2 * y if stride > 1 or w.shape[2] != w.shape[3] else y


def test_code_that_raises_off_squares_alone_is_told_of_the_option() -> None:
    report = check_implementation(of_one_side, sizes=SIZES, isolate=False, only="y")
    assert report.exit_code == 1
    assert SQUARE_HELPS in report.notes


def test_code_that_is_wrong_at_squares_too_is_not() -> None:
    report = check_implementation(wrong_everywhere_but_here, sizes=SIZES, isolate=False, only="y")
    assert report.exit_code == 1
    assert SQUARE_HELPS not in report.notes
