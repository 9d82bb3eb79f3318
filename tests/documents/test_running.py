"""Listings: accounted for when they are not run, judged when they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from symconv.documents.checking import check_document
from symconv.documents.declarations import layer_by_name
from symconv.documents.loading import parse_text
from symconv.documents.outline import declared_by
from symconv.verdicts import Result, Verdict

LISTING = "```python\n{}\n```\n"


def _results(
    *listings: str, run: bool = True, layer: str | None = "conv2d", prefix: str = ""
) -> tuple[Result, ...]:
    text = prefix + "\n".join(LISTING.format(code) for code in listings)
    known = declared_by(None if layer is None else layer_by_name(layer))
    return check_document(parse_text("a.md", text), known, run_listings=run)


def test_nothing_runs_unless_it_is_asked_for(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    [result] = _results(f"import pathlib\npathlib.Path({str(witness)!r}).mkdir()", run=False)
    assert (result.kind, result.verdict, result.code) == ("code", None, "not-run")
    assert not witness.exists()


def test_a_listing_that_is_not_python_is_located_without_running() -> None:
    [result] = _results("x = 1\ny = (2,\nz = ", run=False)
    assert result.code == "not-python"
    assert result.location == "a.md:3:5"


def test_what_is_not_called_python_is_not_judged() -> None:
    text = "```bash\nls (\n```\n"
    [result] = check_document(parse_text("a.md", text), declared_by(None))
    assert (result.code, result.verdict) == ("not-run", None)


def test_a_right_listing_is_verified_at_the_default_sizes() -> None:
    out, db = _results(
        """out = np.zeros((N, F, Hh, Hw))
for k in range(Hh):
    for l in range(Hw):
        window = x_pad[:, None, :, k*S:k*S+HH, l*S:l*S+WW]
        out[:, :, k, l] = np.sum(window * w, axis=(2, 3, 4)) + b""",
        "db = dout.sum(axis=(0, 2, 3))",
    )
    for result in (out, db):
        assert result.verdict is Verdict.VERIFIED
        assert result.method == "numbers"
        assert "10 sizes" in result.detail
    assert "out" in out.detail
    assert "db" in db.detail


def test_a_wrong_value_is_refuted_with_the_entry() -> None:
    [result] = _results("db = dout.sum(axis=(0, 2, 3))\ndb[0] += 1")
    assert (result.verdict, result.code) == (Verdict.REFUTED, "wrong-value")
    assert result.counterexample is not None
    assert result.sizes is not None
    assert int(result.counterexample.right or "") == int(result.counterexample.left or "") + 1


def test_a_wrong_shape_is_refuted() -> None:
    [result] = _results("db = dout.sum(axis=(0, 1, 2))")
    assert (result.verdict, result.code) == (Verdict.REFUTED, "wrong-shape")


def test_a_listing_wrong_at_one_size_alone_is_refuted() -> None:
    # Right wherever there is no padding.
    [result] = _results(
        """dx_pad = np.zeros((N, C, H + 2*P, W + 2*P))
for k in range(Hh):
    for l in range(Hw):
        dx_pad[:, :, k*S:k*S+HH, l*S:l*S+WW] += np.einsum("nf,fcpq->ncpq", dout[:, :, k, l], w)
dx = dx_pad[:, :, :H, :W]"""
    )
    assert (result.verdict, result.code) == (Verdict.REFUTED, "wrong-value")
    assert result.sizes is not None
    assert result.sizes["P"] > 0


def test_an_error_is_located_at_its_line() -> None:
    [result] = _results("y1 = 1\ndb = nothing_of_that_name + y1")
    assert (result.verdict, result.code) == (Verdict.UNDECIDED, "raised")
    assert "nothing_of_that_name" in result.detail
    assert result.location == "a.md:3:1"


def test_an_endless_listing_is_stopped_and_the_next_one_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("symconv.documents.running.SECONDS", 0.2)
    endless, right = _results("while True:\n    pass", "db = dout.sum(axis=(0, 2, 3))")
    assert (endless.verdict, endless.code) == (Verdict.UNDECIDED, "timeout")
    assert right.verdict is Verdict.VERIFIED


def test_a_listing_cannot_take_all_memory() -> None:
    [result] = _results("db = np.zeros(10**10)")
    assert result.code == "raised"
    assert "Memory" in result.detail


def test_a_listing_that_ends_its_process_is_undecided() -> None:
    [result] = _results("import os\nos._exit(0)")
    assert (result.verdict, result.code) == (Verdict.UNDECIDED, "timeout")


def test_what_a_listing_prints_is_not_taken_for_its_answer() -> None:
    [result] = _results(
        'print(\'{"listing": 0, "site": 0, "arrays": {}}\')\ndb = dout.sum(axis=(0, 2, 3)) + 1'
    )
    assert result.verdict is Verdict.REFUTED


def test_a_listing_does_not_write_files(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    [result] = _results(f"with open({str(witness)!r}, 'w') as file:\n    file.write('x')")
    assert result.code == "raised"
    assert not witness.exists() or witness.read_text() == ""


def test_later_listings_use_what_earlier_ones_define_but_not_their_results() -> None:
    first, second = _results(
        "def total(a):\n    return a.sum(axis=(0, 2, 3))\ndb = total(dout) + 1", "y0 = total(dout)"
    )
    assert first.verdict is Verdict.REFUTED
    assert (second.verdict, second.code) == (None, "computes-nothing")


def test_listings_know_the_names_that_the_code_declares() -> None:
    _, second = _results(
        "F, C, R, Q = w.shape\nt = conv_param['stride']",
        "out = np.zeros((N, F, Hh, Hw))\nfor k in range(Hh):\n    for l in range(Hw):\n"
        "        out[:, :, k, l] = np.einsum('ncpq,fcpq->nf', x_pad[:, :, k*t:k*t+R,"
        " l*t:l*t+Q], w) + b",
    )
    assert second.verdict is Verdict.VERIFIED


def test_without_a_layer_there_is_nothing_to_compare_with() -> None:
    [result] = _results("db = 1", layer=None)
    assert (result.verdict, result.code) == (None, "not-run")
