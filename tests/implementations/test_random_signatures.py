"""Random signatures with parameters that are never varied, against what was written into them."""

import importlib.util
import random

import pytest

from symconv.implementations.calling.conventions import wrap

NAMES = ("zoom", "split", "mode", "gain", "axis", "flag", "padding_mode", "extra", "shift")
DEFAULTS = ("1", "None", "'zeros'", "(1, 1)", "0.5", "False")
QUIET = ("name", "verbose", "seed", "device", "dtype")
READS = ("y = y + bool({})", "y = helper(y, {})", "if {} is None: y = -y")
DOES_NOT_READ = ("assert {} is not y", "print({})", "del {}", "if {} == 3: raise ValueError({})")


def written(source: random.Random) -> tuple[str, dict[str, bool]]:
    """Return a function, and whether a result may depend on each parameter that stays."""
    lines, expected = ["y = x * 1"], {}
    before, after, keywords = ["x", "w"], ["stride=1", "padding=0"], []
    for name in source.sample(NAMES, source.randint(0, 4)):
        default = source.choice(DEFAULTS)
        place = source.choice(("position", "keyword", "star", "dictionary"))
        reads = place in ("star", "dictionary") or source.random() < 0.5
        if place == "star":
            lines.append(f"y = helper(y, options.get('{name}', {default}))")
        elif place == "dictionary":
            lines.append(f"y = helper(y, conv_param.get('{name}', {default}))")
        else:
            (after if place == "position" else keywords).append(f"{name}={default}")
            if reads:
                lines.append(source.choice(READS).format(name))
            elif source.random() < 0.7:
                lines.append(source.choice(DOES_NOT_READ).format(name, name))
        expected[name] = reads
    for name in source.sample(QUIET, source.randint(0, 2)):
        keywords.append(f"{name}=None")
        lines.append(f"y = helper(y, {name})")
    source.shuffle(after)
    if any("conv_param" in line for line in lines):
        before.append("conv_param")
    star = [*(["*"] if keywords else []), *keywords, "**options"]
    head = f"def conv_forward({', '.join([*before, *after, *star])}):"
    body = "\n    ".join([*lines, "return y"])
    return f"def helper(y, value):\n    return y\n\n\n{head}\n    {body}\n", expected


@pytest.mark.parametrize("seed", range(60))
def test_what_stays_is_what_was_written_to_stay(seed, tmp_path) -> None:
    text, expected = written(random.Random(seed))
    file = tmp_path / f"signatures_{seed}.py"
    _ = file.write_text(text)
    specification = importlib.util.spec_from_file_location(file.stem, file)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    description = wrap(module.conv_forward).description
    found = {item.name: item.reaches for item in description.unvaried}
    assert found == expected, text
