"""Importing a file or a module of somebody's own; what goes wrong there is located."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import linecache
import sys
import traceback
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.abc import InspectLoader
from pathlib import Path
from types import CodeType, ModuleType

from symconv.code.notebook_cells import notebook_code
from symconv.code.signatures import path_shown
from symconv.errors import UsageError
from symconv.implementations.calling.environment import environment_fault, old_source
from symconv.implementations.calling.frameworks import FRAMEWORKS
from symconv.sandbox.excerpts import named, whole_text


@dataclass(frozen=True, slots=True)
class Imported:
    """A module of somebody's own.

    Attributes:
        module: the module.
        name: what the user called it, without the function.
        shown: how its file is called, by its path: as the user wrote it.
        beside: other modules that were named with it.
    """

    module: ModuleType
    name: str
    shown: dict[str, str]
    beside: tuple[ModuleType, ...] = ()

    def joined(self, other: Imported) -> Imported:
        """Return both, as what was named together."""
        shown = {**self.shown, **other.shown}
        return Imported(
            self.module, f"{self.name}, {other.name}", shown, (*self.beside, other.module)
        )


def split(text: str) -> tuple[str, str | None]:
    """Split ``layers.py:conv_forward`` into the file or module, and the function or None."""
    place, separator, function = text.rpartition(":")
    if separator and place and all(part.isidentifier() for part in function.split(".")):
        # A method stands for its class.
        owner, _, method = function.rpartition(".")
        return place, owner if owner and method in ("forward", "backward", "__call__") else function
    return text, None


def is_file(place: str) -> bool:
    """Tell a file from the dotted name of a module."""
    return (
        place.endswith((".py", ".ipynb")) or "/" in place or "\\" in place or Path(place).exists()
    )


def import_target(place: str) -> Imported:
    """Import a file, or a module by its dotted name; nothing is written beside it.

    Raises:
        UsageError: when there is no such file or module, or it does not import.
    """
    sys.dont_write_bytecode = True
    return _import_file(place) if is_file(place) else _import_module(place)


def _import_file(place: str) -> Imported:
    path = Path(place)
    if path.is_dir():
        raise UsageError(
            f"{place} is a folder", code="no-file", help="name one file in it, or a module"
        )
    if not path.exists():
        raise UsageError(
            f"the file {place} does not exist", code="no-file", help=_similar_files(path)
        )
    if path.suffix == ".ipynb":
        return _import_notebook(place, path.resolve())
    if path.suffix != ".py":
        raise UsageError(
            f"{place} is not a Python file",
            code="no-file",
            help="name a file that ends in .py, or a module; `symconv check` reads documents",
        )
    resolved = path.resolve()
    shown = {str(resolved): place}
    name, root = _module_name(resolved, place)
    # The file's own folder comes first, as when Python runs it; files of a project also import
    # from the folder in which the project is worked on.
    sys.path[:0] = dict.fromkeys(map(str, (resolved.parent, root, Path.cwd())))
    if name != path.stem:
        module = _run(name, place, shown, None)
        if Path(module.__file__ or "").resolve() != resolved:
            raise UsageError(
                f"{place} imports from its package, but {name} means {module.__file__}",
                code="import",
                help="rename its folder",
            )
        return Imported(module, place, shown)
    if name in sys.modules:
        # A file called numpy.py or json.py must not take the place of what others import.
        name = f"{name} of {resolved.parent}"
    return Imported(_run(name, place, shown, resolved), place, shown)


def _import_notebook(place: str, path: Path) -> Imported:
    """Run the code cells of a notebook, in their order, as one module.

    Raises:
        UsageError: when it is no notebook, or one of its cells raises.
    """
    text = notebook_code(path, place)
    # Lines count within the code of all cells, which the name says.
    shown = {str(path): f"{place}#code"}
    sys.path[:0] = dict.fromkeys(map(str, (path.parent, Path.cwd())))
    linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))
    name = f"{path.stem} of {path.parent}"
    return Imported(_run(name, place, shown, path, _Cells(text, str(path))), place, shown)


@dataclass(frozen=True)
class _Cells(InspectLoader):
    """Loads the code of all cells as the code of one module."""

    text: str
    path: str

    def get_source(self, fullname: str) -> str:
        _ = fullname
        return self.text

    def get_code(self, fullname: str) -> CodeType:
        _ = fullname
        return self.source_to_code(self.text, self.path)


def _import_module(place: str) -> Imported:
    if not all(part.isidentifier() for part in place.split(".")):
        raise UsageError(
            f"{place!r} is neither a file nor the name of a module",
            code="no-module",
            help="write layers.py, package.module, or either with :function behind it",
        )
    sys.path.insert(0, str(Path.cwd()))
    shown: dict[str, str] = {}
    module = _run(place, place, shown, None)
    return Imported(module, place, shown)


def _run(
    name: str,
    place: str,
    shown: dict[str, str],
    path: Path | None,
    loader: InspectLoader | None = None,
) -> ModuleType:
    """Run a module's code; with a loader, where its file is not the code itself.

    Raises:
        UsageError: with the error of the import, and where in the user's code it is.
    """
    try:
        return importlib.import_module(name) if path is None else _executed(name, path, loader)
    except KeyboardInterrupt:
        raise
    except SyntaxError as error:
        raise UsageError(
            f"{type(error).__name__}: {error.msg}",
            code="import",
            location=_location(str(error.filename or place), error.lineno, shown, error.offset),
            help=old_source(error),
        ) from error
    except ModuleNotFoundError as error:
        if path is None and error.name and f"{name}.".startswith(f"{error.name}."):
            raise UsageError(
                f"there is no module {error.name!r}",
                code="no-module",
                help="name a file such as layers.py, or a module that this folder can import",
            ) from error
        advice = f"pip install 'symconv[{error.name}]'" if error.name in FRAMEWORKS[1:] else ""
        raise _failed(error, place, shown, advice) from error
    except SystemExit as error:
        raise _failed(error, place, shown, "guard it with if __name__ == '__main__'") from error
    except BaseException as error:
        raise _failed(error, place, shown, "") from error


def _executed(name: str, path: Path, loader: InspectLoader | None) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert specification is not None, "a file that ends in .py has a loader"
    assert specification.loader is not None, "a file that ends in .py has a loader"
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    try:
        specification.loader.exec_module(module)
    except BaseException:
        # As after any import that fails, the next one starts over.
        _ = sys.modules.pop(name, None)
        raise
    return module


def _failed(error: BaseException, place: str, shown: dict[str, str], advice: str) -> UsageError:
    """Return the error of an import, at the innermost line that is the user's own."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if _is_own(frame.filename, shown)
    ]
    location = place
    if frames:
        location = _location(frames[-1].filename, frames[-1].lineno, shown)
    fact = named(error, whole_text(error))
    advice = advice or environment_fault(error)
    return UsageError(f"importing it raises {fact}", code="import", location=location, help=advice)


def _is_own(file: str, shown: dict[str, str]) -> bool:
    """Tell the user's files from libraries: the named one, and those in folders of theirs."""
    if file.startswith("<") or Path(__file__).parent.parent in Path(file).parents:
        return False
    resolved = str(Path(file).resolve())
    if resolved in shown:
        return True
    foreign = (sys.base_prefix, sys.prefix)
    return not any(resolved.startswith(f"{Path(prefix).resolve()}/") for prefix in foreign)


def _location(file: str, line: int | None, shown: dict[str, str], column: int | None = None) -> str:
    numbers = [str(number) for number in (line, column) if number]
    return ":".join([path_shown(file, shown), *numbers])


def _module_name(path: Path, place: str) -> tuple[str, Path]:
    """Return the name to import a file by, and the folder from which.

    A file that imports from its own package (``from . import``) is imported as part of it.
    """
    levels = _relative_levels(path)
    root, name = path.parent, path.stem
    while levels > 0 or (name != path.stem and (root / "__init__.py").exists()):
        name, root, levels = f"{root.name}.{name}", root.parent, levels - 1
    if name != path.stem and not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(
            f"{place} imports from its package, but {name} is no name of a module",
            code="import",
            help="rename the folder or the file",
        )
    return name, root


def _relative_levels(path: Path) -> int:
    """Return how many folders up a file's imports go; 0 without relative ones."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        # Importing it will say what is wrong, and where.
        return 0
    return max(
        (node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0
    )


def _similar_files(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent} either"
    files = sorted(item.name for item in path.parent.glob("*.py"))
    close = get_close_matches(path.name, files, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(str(path.parent / item) for item in close)}?"
    return "name a Python file that exists"
