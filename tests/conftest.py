"""The run that was asked for: what it leaves out, and that CI skips nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.runs import LONG, left_out

REASONS = pytest.StashKey[Counter[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and where the reasons are kept."""
    config.addinivalue_line("markers", "quick_rows(rows, why): how many rows the quick run takes")
    config.stash[REASONS] = Counter()
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        _keep_compiled_modules(config)


def _keep_compiled_modules(config: pytest.Config) -> None:
    """Keep them in a folder of this run, where none are written beside the modules.

    Tests start hundreds of interpreters, each of which would compile all of them again.
    """
    folder = tempfile.mkdtemp(prefix="symconv-compiled-")
    config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))
    os.environ["PYTHONPYCACHEPREFIX"] = folder


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the quick run leaves out, except where a test is asked for by its name."""
    if LONG or any("::" in argument for argument in config.args):
        return
    reasons = left_out(items)
    config.stash[REASONS].update(reasons.values())
    config.hook.pytest_deselected(items=list(reasons))
    items[:] = [item for item in items if item not in reasons]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node) -> None:
    """Take the reasons of a worker; all of them have the same."""
    node.config.stash[REASONS] |= Counter(getattr(node, "workeroutput", {}).get("left_out", {}))


def skipped_in_ci(reporter) -> bool:
    """Tell whether CI skipped what it could run: the post is not ours to bring along."""
    skipped = reporter.stats.get("skipped", []) if os.environ.get("CI") else []
    return any("the post is not" not in str(report.longrepr) for report in skipped)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over the reasons of a worker; in CI, fail where anything was skipped."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = dict(session.config.stash[REASONS])
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and skipped_in_ci(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Say what the quick run left out, and why."""
    reasons = config.stash[REASONS]
    if reasons:
        terminalreporter.section("left out of the quick run; SYMCONV_LONG=1 runs them")
        for why, count in sorted(reasons.items()):
            terminalreporter.write_line(f"{count:5} {why}")
    if skipped_in_ci(terminalreporter):
        terminalreporter.section("CI skips nothing: what is skipped above fails this run")


@pytest.fixture
def run_pytest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Run pytest in the folder of a test, as a user does: in a process of its own.

    The quick run stays in this process, where nothing is imported anew. What is imported
    from the folder is then forgotten, so that the next run imports it again.
    """

    def without(*plugins: str) -> list[str]:
        # Hypothesis takes long to configure.
        names = ("cacheprovider", "hypothesispytest", "xdist", *plugins)
        return ["-v", *(word for name in names for word in ("-p", f"no:{name}"))]

    def run_apart(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *without(), *arguments],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def run_here(*arguments: str) -> tuple[int, str]:
        # These two would collect the garbage of all tests.
        options = without("threadexception", "unraisableexception")
        _ = capsys.readouterr()
        with monkeypatch.context() as here:
            here.chdir(tmp_path)
            here.setattr(sys, "path", [*sys.path])
            here.syspath_prepend(tmp_path)
            here.delenv("PYTEST_ADDOPTS", raising=False)
            code = pytest.main(["--capture=sys", *options, *arguments])
        for name, module in [*sys.modules.items()]:
            if tmp_path in Path(getattr(module, "__file__", None) or "/").parents:
                del sys.modules[name]
        said = capsys.readouterr()
        return int(code), said.out + said.err

    return run_apart if LONG else run_here
