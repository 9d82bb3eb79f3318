"""The list of layers, and what is printed of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from symconv import cli
from symconv.layers.descriptions import contradictions, layer_line, size_lines, words
from symconv.layers.registry import FAMILY, NAMES, layer_by_name, words_of
from symconv.reports.layers_view import layer_latex


@pytest.fixture
def symconv(capsys: pytest.CaptureFixture[str]):
    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_every_layer_and_every_word_has_a_line(symconv) -> None:
    code, out, err = symconv("layers")
    assert (code, err) == (0, "")
    every = {word for name in NAMES for word in words_of(name)}
    assert {word.word for word in words()} == every
    for said in (*NAMES, *every):
        assert f"│ {said} " in out


def test_what_cannot_go_together_is_found_by_trying() -> None:
    assert "conv: valid cannot stand with circular or reflect or replicate" in contradictions()
    behind = {word.word: word.stems for word in words()}
    assert behind["output_padding"] == ("conv_transpose",)
    assert behind["reflect"] == ("conv",)
    assert behind["no_bias"] == ("conv", "conv_transpose", "linear")


def test_a_line_says_what_the_words_of_a_name_choose() -> None:
    assert layer_line("conv3d valid") == "convolution along three axes; no padding"
    assert layer_line("dilated") == "a layer of your own"


@pytest.mark.parametrize("name", FAMILY)
def test_every_size_of_the_family_is_explained(name: str) -> None:
    layer = layer_by_name(name)
    assert {*layer.given, *(item.size for item in layer.derived)} == {*size_lines(layer)}


def test_a_stride_of_all_axes_is_of_none_alone() -> None:
    lines = {size.name: line for size, line in size_lines(layer_by_name("conv2d sides")).items()}
    assert lines["S"] == "stride"
    assert lines["Ph0"] == "padding before along the height"


def test_a_layer_is_printed_with_all_that_is_known_of_it(symconv) -> None:
    code, out, _ = symconv("layers", "conv1d dilation groups")
    assert code == 0
    for line in (
        "conv1d dilation groups",
        "G divides C",
        "Hw = floor((W+2*P-Dw*(WW-1)-1)/S)+1",
        "x (N, C, W), w (F, Cg, WW), b (F), dout (N, F, Hw)",
        "L = sum[n=0..N-1, f=0..F-1, l=0..Hw-1](dout[n,f,l]*y[n,f,l])",
        "dL/dw[f',c',j] = sum[n=0..N-1, l=0..Hw-1](dout[n,f',l]*x_pad[n,Cg*floor(f'/Fg)+c',",
        "loop/forward, loop/dw, loop/db, loop/dx",
    ):
        assert line in out


def test_an_unknown_layer_and_latex_of_none_are_refused(symconv) -> None:
    code, out, err = symconv("layers", "conv9d")
    assert (code, out) == (2, "")
    assert "unknown layer 'conv9d'" in err
    assert symconv("layers", "--latex")[0] == 2


def test_what_is_written_of_a_layer_is_read_back_and_proved(symconv, tmp_path: Path) -> None:
    name = "linear no_bias"
    code, out, _ = symconv("layers", name, "--latex")
    assert code == 0
    assert out == layer_latex(layer_by_name(name))
    written = tmp_path / "layer.tex"
    _ = written.write_text(out)
    code, out, _ = symconv("check", str(written))
    assert code == 0, out
    before, sign, behind = layer_latex(layer_by_name(name)).rpartition("-1}")
    _ = written.write_text(before + sign.replace("1", "2") + behind)
    assert symconv("check", str(written))[0] == 1
