"""`symconv check`: its reports, its exit codes, and what it refuses."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from symconv import cli

SAMPLES = Path(__file__).with_name("samples")
RIGHT = str(SAMPLES / "right" / "no_batch.md")
WRONG = str(SAMPLES / "wrong" / "mean.md")
UNDECIDED = "<!-- symconv: layer conv2d -->\n$$b_f = z$$\n"
PLAIN = r"$\frac{\partial y_{n,f,k,l}}{\partial b_g} = \delta_{f,g}$"


@pytest.fixture
def symconv(capsys: pytest.CaptureFixture[str]):
    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(["check", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_a_right_document_passes_with_a_line_per_equality(symconv) -> None:
    code, out, err = symconv(RIGHT)
    assert (code, err) == (0, "")
    [line] = [line for line in out.splitlines() if line.startswith(f"{RIGHT}:")]
    place, verdict, statement = line.split(None, 2)
    assert (place, verdict) == (f"{RIGHT}:4:3", "proved")
    assert statement.startswith("y_{f,k,l} = b_f")
    assert "N = 1" in out
    assert out.count("1 items: 1 proved") == 1


def test_a_wrong_one_says_what_is_wrong_and_what_would_be_right(symconv) -> None:
    code, out, _ = symconv(WRONG)
    assert code == 1
    assert f"{WRONG}:4:3  refuted" in out
    assert "[different]" in out
    assert "smallest counterexample: N=2," in out
    assert "would be right: \\frac{\\partial L}" in out
    assert "refuted: false" in out


def test_several_files_make_one_report_and_the_worst_decides(symconv, tmp_path: Path) -> None:
    undecided = tmp_path / "a.md"
    undecided.write_text(UNDECIDED)
    assert symconv(RIGHT, str(undecided))[0] == 3
    code, out, _ = symconv(RIGHT, WRONG, str(undecided))
    assert code == 1
    assert "3 items: 1 proved, 1 refuted, 1 undecided" in out
    order = [out.index(name) for name in (RIGHT, WRONG, str(undecided))]
    assert order == sorted(order)


NOTHING = "Words alone.\n"


@pytest.mark.parametrize(
    ("kinds", "code"),
    [
        (("right", "nothing"), 0),
        (("nothing", "undecided"), 3),
        (("undecided", "right", "nothing"), 3),
        (("undecided", "wrong", "nothing", "right"), 1),
        (("nothing", "nothing too"), 2),
        (("wrong", "missing"), 2),
        (("missing", "undecided"), 2),
        (("wrong", "binary"), 2),
    ],
)
def test_the_exit_code_of_mixed_files_is_the_first_that_applies(
    symconv, tmp_path: Path, kinds: tuple[str, ...], code: int
) -> None:
    texts = {"undecided": UNDECIDED, "nothing": NOTHING, "nothing too": NOTHING, "binary": "\x00"}
    for kind, text in texts.items():
        _ = (tmp_path / kind).write_text(text)
    paths = {"right": RIGHT, "wrong": WRONG}
    for order in (kinds, kinds[::-1]):
        found, out, _ = symconv(*(paths.get(kind, str(tmp_path / kind)) for kind in order))
        assert found == code
        # What cannot be read ends the run before anything is judged.
        assert bool(out) != bool({"missing", "binary"} & set(kinds))


def test_a_file_named_twice_is_checked_once(symconv) -> None:
    assert "1 items" in symconv(RIGHT, RIGHT)[1]


def test_the_report_as_json_is_complete(symconv) -> None:
    code, out, _ = symconv("--json", RIGHT, WRONG)
    report = json.loads(out)
    assert report["exit_code"] == code == 1
    assert report["layer"] == "conv2d"
    assert sum(report["summary"].values()) - report["summary"]["total"] == 2
    right, wrong = report["results"]
    assert right["location"] == f"{RIGHT}:4:3"
    assert (right["verdict"], wrong["verdict"]) == ("proved", "refuted")
    assert wrong["counterexample"]["sizes"]["N"] == 2
    (offered,) = [note["text"] for note in wrong["notes"] if note["kind"] == "closest"]
    assert offered.startswith("would be right: ")


def test_the_summary_adds_up_to_every_formula(symconv, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(
        "<!-- symconv: layer conv2d -->\n$x$ and $p_0 = Sk$ and $H = 3$\n\n"
        f"$b_f = z$ and $y_{{n,f}} = 1$ and {PLAIN}\n```python\nx\n```\n"
    )
    _, out, _ = symconv("--json", str(path))
    summary = json.loads(out)["summary"]
    assert summary["total"] == 7
    assert sum(count for name, count in summary.items() if name != "total") == 7
    assert (summary["definition"], summary["no-statement"], summary["not-judged"]) == (2, 1, 1)


def test_verbose_also_lists_what_claims_nothing(symconv, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"<!-- symconv: layer conv2d -->\n$x$ {PLAIN}\n```python\nx = 1\n```\n")
    brief = symconv(str(path))[1]
    long = symconv("-v", str(path))[1]
    assert "no statement" not in brief
    assert "no statement" in long
    assert "not run" in long


def test_the_layer_and_the_context_come_from_the_command(symconv, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(PLAIN)
    assert symconv(str(path))[0] == 3
    assert symconv("--layer", "conv2d", str(path))[0] == 0
    context = tmp_path / "context.txt"
    context.write_text("# what the text is about\nlayer conv2d\n")
    assert symconv("--context", str(context), str(path))[0] == 0


def test_standard_input_is_read(symconv, monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(PLAIN.encode())

    monkeypatch.setattr("sys.stdin", Input)
    code, out, _ = symconv("--layer", "conv2d", "-")
    assert code == 0
    assert "<stdin>:1:2" in out


def test_the_format_can_be_said(symconv, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("% $b_f = 1$\n" + PLAIN)
    assert symconv("--layer", "conv2d", "--format", "tex", str(path))[0] == 0
    assert symconv("--layer", "conv2d", str(path))[0] != 0


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("binary.md", b"\x00\x01", "binary"),
        ("broken.ipynb", b"{", "broken.ipynb:1:2"),
    ],
)
def test_unreadable_input_ends_before_anything_runs(
    symconv, tmp_path: Path, name: str, data: bytes, word: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    code, out, err = symconv(RIGHT, str(path))
    assert (code, out) == (2, "")
    assert word in err
    assert "help:" in err


def test_bad_usage_ends_with_two(symconv, tmp_path: Path) -> None:
    assert symconv()[0] == 2
    assert symconv("--layer", "conv9d", RIGHT)[0] == 2
    assert symconv(str(tmp_path / "none.md"))[0] == 2
    assert symconv("--context", str(tmp_path / "none"), RIGHT)[0] == 2
    context = tmp_path / "context.txt"
    context.write_text("sise K\n")
    code, _, err = symconv("--context", str(context), RIGHT)
    assert code == 2
    assert f"{context}:1:1" in err


@pytest.mark.parametrize("text", ["", "words alone", "a $x$ and $(N, C)$", "```python\nx\n```"])
def test_a_document_without_an_equality_is_nothing_to_check(
    symconv, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "a.md"
    path.write_text(text)
    code, _, err = symconv("--layer", "conv2d", str(path))
    assert code == 2
    assert "nothing to check" in err


def test_listings_run_on_request_alone(symconv, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"{PLAIN}\n```python\ndb = dout.sum(axis=(0, 2)) \n```\n")
    assert symconv("--layer", "conv2d", str(path))[0] == 0
    code, out, _ = symconv("--layer", "conv2d", "--run-code", str(path))
    assert code == 1
    assert "wrong-shape" in out


def test_the_command_says_the_same_twice(symconv) -> None:
    def told() -> str:
        report = json.loads(symconv("--json", WRONG)[1])
        for result in report["results"]:
            del result["seconds"]
        return json.dumps(report)

    assert told() == told()
