"""Documents and convolutions as pytest items.

`pytest --symconv PATH` checks every equality in documents.

Each equality is an item, named by its line and its text, and fails with what is wrong and
what would be right. Two lines of configuration keep a project's derivations checked::

    [tool.pytest.ini_options]
    addopts = ["--symconv=docs", "--symconv-layer=conv2d"]

A test with the marker `symconv` runs once for every class of shapes and every result of the
forward and backward pass that the marker names, with items such as
``test_conv[dL/dx-padding 0]`` (`symconv.testing` says more)::

    @pytest.mark.symconv(forward=conv_forward, backward=conv_backward)
    def test_conv(symconv_check):
        symconv_check()

Loading this module costs nothing; the rest is imported when a document or a marked test is
collected.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from symconv.documents.accounting import DocumentTask
    from symconv.layers.layer import Layer
    from symconv.testing import ShapeCheck
    from symconv.verdicts import Result

MARKER = "symconv"
FIXTURE = "symconv_check"

DOCUMENT_ENDINGS = frozenset([".md", ".markdown", ".tex", ".ipynb"])
"""Which files of a folder are documents; a file that is named itself always is one."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that select documents."""
    group = parser.getgroup("symconv", "formulas in documents")
    group.addoption(
        "--symconv",
        action="append",
        default=[],
        metavar="PATH",
        help="check the formulas of this document, or of the documents in this folder; repeatable",
    )
    group.addoption(
        "--symconv-layer",
        metavar="LAYER",
        help='the layer that they are about, such as "conv2d dilation", or FILE.py:NAME',
    )
    group.addoption("--symconv-context", metavar="FILE", help="a file of declarations for them")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and let pytest visit the documents, wherever they are.

    Raises:
        pytest.UsageError: for a path that does not exist.
    """
    config.addinivalue_line(
        "markers",
        f"{MARKER}(forward, backward, **options): check this forward and backward pass of a "
        f"convolution, one item per class of shapes and result; the test calls {FIXTURE}",
    )
    for path in _paths(config):
        if not path.exists():
            raise pytest.UsageError(f"--symconv: there is no file or folder {path}")
        visited = [Path(argument.partition("::")[0]).absolute() for argument in config.args]
        if not any(path == place or place in path.parents for place in visited):
            config.args.append(str(path))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> DocumentFile | None:
    """Collect a document that was asked for."""
    for path in _paths(parent.config):
        inside = path in file_path.parents and file_path.suffix.lower() in DOCUMENT_ENDINGS
        if file_path == path or inside:
            return DocumentFile.from_parent(parent, path=file_path)
    return None


class DocumentFile(pytest.File):
    """A document; its items are the equalities in it, and what could not be read."""

    def collect(self) -> Iterator[EqualityItem]:
        """Read the document.

        Raises:
            CollectError: when it cannot be read, or a declaration is wrong.
        """
        from symconv.documents.accounting import tasks
        from symconv.documents.judging import Judge
        from symconv.documents.loading import load, read_lines
        from symconv.documents.outline import declared_by, outline
        from symconv.errors import UsageError
        from symconv.verdicts import where_text

        layer = self.config.getoption("--symconv-layer")
        context = self.config.getoption("--symconv-context")
        try:
            lines = "" if context is None else read_lines(Path(context))
            about = None if layer is None else _layer(self.config, layer)
            known = declared_by(about, lines, str(context))
            read = outline(load(self.path), known)
        except UsageError as error:
            raise self.CollectError(str(error)) from error
        judge = Judge()
        for task in tasks(read, judge):
            if task.claims:
                _, line, column = task.location.rsplit(":", 2)
                name = f"{line}:{column} {task.statement} {where_text(task.assumptions)}".rstrip()
                yield EqualityItem.from_parent(self, name=name, task=task, line=int(line))


class EqualityItem(pytest.Item):
    """One equality; it passes when it is proved."""

    def __init__(self, *, task: DocumentTask, line: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._task = task
        self._line = line

    def runtest(self) -> None:
        """Judge the equality.

        Raises:
            NotProved: unless it is true.
        """
        (result,) = self._task.run()
        self.user_properties += [("assumption", said) for said in result.assumptions]
        if result.verdict is None or not result.verdict.is_true:
            raise NotProved(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Say what is wrong, where, and what would be right."""
        if isinstance(excinfo.value, NotProved):
            return excinfo.value.message()
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the equality stands."""
        return self.path, self._line - 1, self.name


class NotProved(Exception):
    """An equality of a document is not true; the result is a field."""

    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result = result

    def message(self) -> str:
        """Return the message of a failing item."""
        result = self.result
        word = "not judged" if result.verdict is None else result.verdict.value
        code = f"[{result.code}]" if result.code else ""
        word = f"{word} {result.supposition}".rstrip()
        lines = [f"{result.location}: {word}{code}: {result.statement}", f"    {result.detail}"]
        if result.counterexample is not None:
            sizes = ",".join(f"{n}={v}" for n, v in result.counterexample.sizes.items())
            lines.append(f"    at {sizes}")
        return "\n".join([*lines, *(f"    {note}" for note in result.notes)])


def _layer(config: pytest.Config, name: str) -> Layer:
    """Return the layer of a name; a file is imported where the command line itself names it."""
    from symconv.layers.registry import layer_by_name
    from symconv.own_layers import layer_from

    said = config.invocation_params.args
    return (layer_from if {name, f"--symconv-layer={name}"} & {*said} else layer_by_name)(name)


def _paths(config: pytest.Config) -> list[Path]:
    root = config.invocation_params.dir
    return [(root / path).absolute() for path in config.getoption("--symconv") or ()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make an item for every class of shapes and every result of a marked test.

    Raises:
        CollectError: when the marker's arguments are not understood.
    """
    marker = metafunc.definition.get_closest_marker(MARKER)
    if marker is None or FIXTURE not in metafunc.fixturenames:
        return
    from symconv.errors import UsageError
    from symconv.testing import Kernel, ShapeCheck

    said = f"{metafunc.definition.nodeid}: @pytest.mark.{MARKER}"
    if marker.args:
        raise pytest.Collector.CollectError(
            f"{said}: name its arguments: @pytest.mark.{MARKER}(forward=..., backward=...)"
        )
    try:
        kernel = Kernel(**marker.kwargs)
    except UsageError as error:
        raise pytest.Collector.CollectError(f"{said}: {error}") from error
    metafunc.parametrize(
        FIXTURE,
        [
            pytest.param(ShapeCheck(kernel, result, one), id=f"{result}-{one.name}")
            for one in kernel.classes
            for result in kernel.results
        ]
        + [
            # An item of its own, since no class of shapes would tell.
            pytest.param(ShapeCheck(kernel, result, kernel.classes[0]), id=result)
            for result in kernel.unjudged
        ],
        indirect=True,
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a marker that would check nothing.

    Raises:
        pytest.UsageError: for a marked test that does not take the fixture.
    """
    for item in items:
        if item.get_closest_marker(MARKER) and FIXTURE not in getattr(item, "fixturenames", ()):
            raise pytest.UsageError(
                f"{item.nodeid} has the marker {MARKER} but does not take {FIXTURE}: "
                f"write def test(..., {FIXTURE}), and call it"
            )


@pytest.fixture
def symconv_check(request: pytest.FixtureRequest) -> ShapeCheck:
    """One result of the marked code in one class of shapes; call it to have it checked."""
    if not hasattr(request, "param"):
        pytest.fail(
            f"{FIXTURE} needs a marker: @pytest.mark.{MARKER}(forward=..., backward=...)",
            pytrace=False,
        )
    return request.param


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a test that passed without having called the check that it took."""
    done = yield
    check: Any = pyfuncitem.funcargs.get(FIXTURE)
    if check is not None and not check.called:
        pytest.fail(f"{FIXTURE} was never called, so nothing was checked", pytrace=False)
    return done
