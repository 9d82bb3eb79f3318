"""Rejections on purpose, told from accidents by what the failing condition depends on."""

import importlib.util
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.implementations.calling.rejections import origin

X = np.arange(120.0).reshape(2, 3, 5, 4)
W = np.arange(54.0).reshape(2, 3, 3, 3)
PARAMETERS = {"stride": 2, "pad": 1}

# Code of users, as text. What it raises is what is tested; nothing here is left to be written.
ON_PURPOSE = {
    "assert on a stride that does not divide": """
        def run(x, w, conv_param):
            N, C, H, width = x.shape
            HH, WW = w.shape[2:]
            stride, pad = conv_param["stride"], conv_param["pad"]
            assert (width + 2 * pad - WW) % stride == 0, "width does not work"
        """,
    "raise under an if": """
        def run(x, w, conv_param):
            H = x.shape[2]
            if (H - 4) % conv_param["stride"] != 0:
                raise ValueError("stride must divide")
        """,
    "square inputs only": """
        def run(x, w, conv_param):
            if x.shape[2] != x.shape[3]:
                raise NotImplementedError("only square inputs")
        """,
    "an else branch": """
        def run(x, w, conv_param):
            if conv_param["stride"] == 1:
                step = 1
            else:
                raise NotImplementedError
        """,
    "a remainder with a name": """
        def run(x, w, conv_param):
            stride = conv_param.get("stride", 1)
            remainder = (x.shape[2] - w.shape[2] + 1) % stride
            assert not remainder
        """,
    "a float output size": """
        def run(x, w, conv_param):
            Hw = (x.shape[3] + 2 * conv_param["pad"] - 3) / conv_param["stride"] + 1
            if not float(Hw).is_integer():
                raise ValueError(f"output size {Hw} is no integer")
        """,
    "numpy arithmetic on sizes": """
        import numpy as np
        def run(x, w, conv_param):
            assert np.mod(x.shape[3] - 1, conv_param["stride"]) == 0
        """,
    "a cache that holds the inputs": """
        def run(x, w, conv_param):
            return back((x, w, conv_param))
        def back(cache):
            x, w, conv_param = cache
            assert x.shape[-1] == x.shape[-2], "square"
        """,
    "items of a cache by number": """
        def run(x, w, conv_param):
            return back((x, w, conv_param))
        def back(cache):
            stride = cache[2]["stride"]
            if stride > 1:
                raise NotImplementedError("stride")
        """,
    "attributes of an object": """
        class Layer:
            def __init__(self, conv_param):
                self.stride = conv_param["stride"]
            def forward(self, x):
                self.x = x
                return self.backward()
            def backward(self):
                N, C, H, W = self.x.shape
                assert H % self.stride == 0, "H"
        def run(x, w, conv_param):
            return Layer(conv_param).forward(x)
        """,
    "a helper that checks": """
        def require(condition, message):
            if not condition:
                raise ValueError(message)
        def run(x, w, conv_param):
            require(x.shape[2] % conv_param["stride"] == 0, "stride must divide")
        """,
    "a helper that works out the output size": """
        def output_size(x, w, stride):
            return (x.shape[2] - w.shape[2]) / stride, x.shape[3]
        def sizes(x, w, stride):
            return x.shape[2] - w.shape[2] + 1, x.shape[3]
        def run(x, w, conv_param):
            Hh, Hw = sizes(x, w, conv_param["stride"])
            assert Hh % conv_param["stride"] == 0
        """,
    "the converted input": """
        import numpy as np
        def run(x, w, conv_param):
            x = np.ascontiguousarray(x.astype(np.float64))
            assert x.shape[2] == x.shape[3]
        """,
    "its transpose": """
        def run(x, w, conv_param):
            x = x.transpose(0, 2, 3, 1)
            assert x.shape[1] == x.shape[2]
        """,
    "len of an input": """
        def run(x, w, conv_param):
            assert len(x) == 1, "one image only"
        """,
    "a chain of comparisons": """
        def run(x, w, conv_param):
            HH, WW = w.shape[2], w.shape[3]
            assert 0 <= conv_param["pad"] < HH - 2
        """,
    "a loop over sizes": """
        def run(x, w, conv_param):
            for size in x.shape[2:]:
                if size % 2:
                    raise ValueError(f"odd size {size}")
        """,
    "all over a generator": """
        def run(x, w, conv_param):
            assert all(size % 2 == 0 for size in x.shape)
        """,
    "assert False under an if": """
        def run(x, w, conv_param):
            if conv_param["pad"] != 0:
                assert False, "padding"
        """,
    "a match": """
        def run(x, w, conv_param):
            match conv_param["stride"]:
                case 1:
                    return x
                case _:
                    raise NotImplementedError("stride")
        """,
    "several lines": """
        def run(x, w, conv_param):
            assert (
                x.shape[2]
                == x.shape[3]
            ), (
                "square"
            )
        """,
    "a closure": """
        def run(x, w, conv_param):
            H = x.shape[2]
            def check():
                assert H % 2 == 0
            check()
        """,
    "inside with": """
        import warnings
        def run(x, w, conv_param):
            with warnings.catch_warnings():
                assert x.shape[2] == 4
        """,
    "computed arrays elsewhere": """
        import numpy as np
        def run(x, w, conv_param):
            out = np.zeros((2, 3)) + x.sum()
            assert x.shape[2] == 4
        """,
    "no dilation": """
        def run(x, w, conv_param, **options):
            if conv_param["stride"] != 1 and x is not None:
                raise ValueError("no")
        """,
}  # fmt: skip

BY_ACCIDENT = {
    "an index out of range": """
        def run(x, w, conv_param):
            return x[0, 0, 9, 9]
        """,
    "shapes that do not broadcast": """
        def run(x, w, conv_param):
            return x + w
        """,
    "the shape of the output": """
        import numpy as np
        def run(x, w, conv_param):
            out = np.zeros((2, 2, 2, 2))
            assert out.shape == (x.shape[0], 2, 3, 2)
        """,
    "the values of the output": """
        import numpy as np
        def run(x, w, conv_param):
            out = x * 2
            assert np.allclose(out, x)
        """,
    "a check with a name": """
        import numpy as np
        def run(x, w, conv_param):
            ok = np.allclose(x * 2, x)
            assert ok, "wrong"
        """,
    "NaN in the output": """
        import numpy as np
        def run(x, w, conv_param):
            out = np.full_like(x, np.nan)
            assert not np.isnan(out).any()
        """,
    "entries of the input": """
        def run(x, w, conv_param):
            if x.max() > 1:
                raise ValueError("not normalised")
        """,
    "a stub": """
        def run(x, w, conv_param):
            raise NotImplementedError
        """,
    "a stub that says so": """
        def run(x, w, conv_param):
            stride = conv_param["stride"]
            raise NotImplementedError(f"stride {stride}")
        """,
    "an assert that is false": """
        def run(x, w, conv_param):
            assert False, "unreachable"
        """,
    "a constant of the module": """
        STRICT = True
        def run(x, w, conv_param):
            if STRICT:
                raise ValueError("strict")
        """,
    "an accident that is renamed": """
        def run(x, w, conv_param):
            try:
                return x[0, 0, 9, 9]
            except IndexError as error:
                if conv_param["stride"] == 2:
                    raise ValueError("sizes") from error
        """,
    "an accident that is raised again": """
        def run(x, w, conv_param):
            try:
                return x + w
            except ValueError:
                if conv_param["stride"] == 2:
                    raise
        """,
    "a missing key": """
        def run(x, w, conv_param):
            if x.shape[2] == 5:
                raise ValueError(conv_param["padding"])
        """,
    "the shape of a patch": """
        def run(x, w, conv_param):
            patch = x[:, :, 3:6, 0:3]
            assert patch.shape[2:] == w.shape[2:]
        """,
    "the shape of padded input": """
        import numpy as np
        def run(x, w, conv_param):
            padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
            assert padded.shape[2] == x.shape[2]
        """,
    "columns kept by an object": """
        class Layer:
            def forward(self, x):
                self.columns = x.reshape(2, -1)
                return self.backward(x)
            def backward(self, x):
                assert self.columns.shape[0] == x.shape[1]
        def run(x, w, conv_param):
            return Layer().forward(x)
        """,
    "columns in a cache": """
        def run(x, w, conv_param):
            return back((x, x.reshape(2, -1), conv_param))
        def back(cache):
            x, columns, conv_param = cache
            assert columns.shape[0] == x.shape[1]
        """,
    "a helper that compares": """
        import numpy as np
        def require(condition, message):
            if not condition:
                raise ValueError(message)
        def run(x, w, conv_param):
            require(np.array_equal(x, x * 2), "wrong")
        """,
    "a helper that is given an output": """
        def check(out, expected):
            assert out.shape == expected, out.shape
        def run(x, w, conv_param):
            out = x.reshape(2, 3, 20)
            check(out, x.shape)
        """,
    "a reassigned input": """
        def run(x, w, conv_param):
            x = x[:, :, ::2]
            assert x.shape[2] == x.shape[3] + 1
        """,
    "assigned in one branch": """
        def run(x, w, conv_param):
            rows = x.shape[2]
            if conv_param["stride"] == 2:
                rows = (x > 3).sum()
            assert rows == 5
        """,
    "computed, unless one branch is taken": """
        def run(x, w, conv_param):
            rows = (x > 3).sum()
            if conv_param["stride"] == 1:
                rows = x.shape[2]
            assert rows == 5
        """,
    "carried from turn to turn of a loop": """
        def run(x, w, conv_param):
            first = second = 0
            for turn in range(3):
                assert first == 0
                first = second
                second = x.sum()
        """,
    "an accident in a thread": """
        from concurrent.futures import ThreadPoolExecutor
        import numpy as np
        def run(x, w, conv_param):
            with ThreadPoolExecutor(1) as pool:
                future = pool.submit(np.reshape, x, 7)
            error = future.exception()
            if conv_param["stride"] == 2:
                raise error
        """,
    "counted in a loop": """
        def run(x, w, conv_param):
            count = 0
            for image in x:
                if image.sum() > 0:
                    count += image[0, 0, 0]
                assert count == 0
        """,
    "assigned at the end of a loop": """
        def run(x, w, conv_param):
            total = 0
            for turn in range(2):
                assert total == 0
                total = x.sum()
        """,
    "collected in a list": """
        def run(x, w, conv_param):
            found = []
            found.append(x.sum())
            assert len(found) == sum(found)
        """,
    "an exit": """
        import sys
        def run(x, w, conv_param):
            if conv_param["stride"] == 2:
                sys.exit("stride")
        """,
    "an assertion of NumPy": """
        import numpy as np
        def run(x, w, conv_param):
            if conv_param["stride"] == 2:
                np.testing.assert_equal(x.shape, w.shape)
        """,
    "an unknown construct": """
        def run(x, w, conv_param):
            assert (lambda size: size % 2 == 0)(x.shape[2])
        """,
}  # fmt: skip


def raised(tmp_path: Path, source: str) -> tuple[BaseException, list[Any], str]:
    path = tmp_path / "theirs.py"
    _ = path.write_text(textwrap.dedent(source))
    spec = importlib.util.spec_from_file_location("theirs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    inputs = [X.copy(), W.copy()]
    try:
        module.run(*inputs, dict(PARAMETERS))
    except BaseException as error:
        return error, inputs, str(path)
    raise AssertionError("the sample raises nothing")


@pytest.mark.parametrize("source", ON_PURPOSE.values(), ids=ON_PURPOSE.keys())
def test_a_condition_on_sizes_and_parameters_is_a_rejection(tmp_path: Path, source: str) -> None:
    error, inputs, path = raised(tmp_path, source)
    found = origin(error, inputs)
    assert found.on_purpose
    assert found.raised_here
    assert found.location is not None
    assert found.location.startswith(f"{path}:")


@pytest.mark.parametrize("source", BY_ACCIDENT.values(), ids=BY_ACCIDENT.keys())
def test_anything_else_is_an_accident(tmp_path: Path, source: str) -> None:
    error, inputs, path = raised(tmp_path, source)
    found = origin(error, inputs)
    assert not found.on_purpose
    assert found.location is not None
    assert found.location.startswith(f"{path}:")


def test_the_location_is_the_last_line_of_the_users_own_code(tmp_path: Path) -> None:
    source = """
        import numpy as np
        def run(x, w, conv_param):
            columns = x.reshape(2, -1)
            return np.concatenate([columns, w.ravel()])
        """
    error, inputs, path = raised(tmp_path, source)
    assert origin(error, inputs).location == f"{path}:5"


def test_what_an_assert_requires_is_told(tmp_path: Path) -> None:
    error, inputs, _ = raised(tmp_path, ON_PURPOSE["its transpose"])
    assert origin(error, inputs).condition == "x.shape[1] == x.shape[2]"


def test_without_source_an_assert_is_an_accident() -> None:
    names: dict[str, Any] = {}
    source = "def run(x):\n    assert x.shape[2] == 77\n"
    exec(compile(source, "<nowhere>", "exec"), names)
    with pytest.raises(AssertionError) as caught:
        names["run"](X)
    found = origin(caught.value, [X])
    assert (found.location, found.raised_here, found.on_purpose) == ("<nowhere>:2", True, False)


def test_code_of_libraries_is_nobodys_own() -> None:
    with pytest.raises(ValueError, match="reshape") as caught:
        _ = X.reshape(7)
    found = origin(caught.value.with_traceback(None), [])
    assert found.location is None
    assert not found.on_purpose
