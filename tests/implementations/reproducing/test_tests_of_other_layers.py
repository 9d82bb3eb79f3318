"""Tests that are written for code of other layers: they fail where it is wrong and pass mended."""

import pytest

from symconv.implementations.calling.finding import Target
from symconv.implementations.checking import check_target
from symconv.implementations.reproducing.regression_tests import regression_test_text
from symconv.implementations.trying.trials import Options
from tests.runs import quick_rows

POOLING = """
import numpy as np

def avg_pool_forward(x, HH, WW, S, P):
    x_pad = np.pad(x, ((0, 0), (0, 0), (P, P), (P, P)))
    windows = np.lib.stride_tricks.sliding_window_view(x_pad, (HH, WW), (2, 3))
    return windows[:, :, ::S, ::S].sum((4, 5)) / (HH * {taps})
"""
MODULE = """
from torch import nn

class Pool(nn.Module):
    def __init__(self, kernel_size, stride, padding):
        super().__init__()
        self.pool = nn.AvgPool2d(kernel_size, stride, padding)

    def forward(self, x):
        return {taps} * self.pool(x)
"""
CONV1D = """
import numpy as np

def conv1d_forward(x, w, b, stride, padding):
    x_pad = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2], 2)
    return np.einsum("ncwp,fcp->nfw", windows[:, :, ::stride], w) + {taps} * b[:, None]
"""


@quick_rows(1, "each layer is checked and run by other tests; only the arrays differ")
@pytest.mark.parametrize(
    ("source", "right", "wrong", "sizes"),
    [
        (CONV1D, "1", "2", "N=1,C=2,W=4,F=3,WW=2,S=1,P=0"),
        (POOLING, "WW", "HH", "N=1,C=2,H=3,W=4,HH=1,WW=2,S=1,P=0"),
        (MODULE, "1", "2", "N=1,C=2,H=3,W=4,HH=1,WW=2,Sh=1,Sw=1,Ph=0,Pw=0"),
    ],
    ids=["one axis", "pooling", "pooling in PyTorch"],
)
def test_what_is_written_fails_and_passes_mended(source, right, wrong, sizes, tmp_path) -> None:
    if "torch" in source:
        _ = pytest.importorskip("torch", reason="PyTorch is not installed")
    code, place = tmp_path / "layers.py", tmp_path / "test_layers.py"
    code.write_text(source.format(taps=wrong))
    target, options = Target(str(code), only="y"), Options(sizes=(sizes,))
    text = regression_test_text(target, check_target(target, options), options, place=place)
    assert text is not None
    (test,) = written_tests(text, place)
    with pytest.raises(AssertionError, match=r"y\[.*\] is .*, and should be"):
        test()
    code.write_text(source.format(taps=right))
    (test,) = written_tests(text, place)
    test()


def written_tests(text, place):
    """Run a file of tests, up to its tests."""
    found = {"__file__": str(place)}
    exec(compile(text, str(place), "exec"), found)
    return [value for name, value in found.items() if name.startswith("test_y")]
