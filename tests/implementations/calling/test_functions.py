"""What plain functions are called with."""

import pytest

from symconv.implementations.calling.functions import HyperParameters


def test_stride_and_padding_are_attributes_too() -> None:
    given = HyperParameters(stride=2, pad=1)
    assert (given["stride"], given["pad"]) == (given.stride, given.pad) == (2, 1)
    with pytest.raises(AttributeError, match="no attribute 'padding': there are stride and pad"):
        _ = given.padding
    with pytest.raises(KeyError, match="no key 'padding': the dictionary holds stride and pad"):
        _ = given["padding"]
