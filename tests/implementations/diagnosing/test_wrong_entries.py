"""Maps of wrong entries: where they are, in few lines."""

import numpy as np

from symconv.implementations.diagnosing.wrong_entries import wrong_entries_map


def zeros_with(shape, *ones):
    array = np.zeros(shape)
    for place in ones:
        array[place] = 1
    return array


def test_a_map_shows_the_first_plane_with_a_wrong_entry():
    right = np.zeros((2, 3, 2, 4))
    wrong = zeros_with(right.shape, (0, 1, 0, 1), (0, 1, 1, 3), (1, 2, 0, 0))
    assert wrong_entries_map(right, wrong).splitlines() == [
        "[0, 1, :, :]: 2 of 8 entries are wrong",
        "  0123",
        "0 .x..",
        "1 ...x",
        "and in 1 of 5 others",
    ]


def test_nothing_is_drawn_where_every_entry_is_right():
    right = np.arange(4).reshape(1, 1, 2, 2)
    assert wrong_entries_map(right, right.astype(np.float32)) == ""


def test_not_a_number_is_wrong():
    assert "1 of 2 entries are wrong" in wrong_entries_map(np.zeros(2), np.array([np.nan, 0.0]))


def test_a_vector_is_one_row():
    assert wrong_entries_map(np.zeros(3), zeros_with((3,), 1)).splitlines() == [
        "[:]: 1 of 3 entries are wrong",
        "012",
        ".x.",
    ]


def test_both_shapes_are_said_where_they_differ():
    said = wrong_entries_map(np.zeros((2, 3)), np.zeros(6))
    assert said == "shape (6,) instead of (2, 3)"
    assert wrong_entries_map(np.zeros(2), np.zeros(())) == "shape () instead of (2,)"


def test_large_planes_are_cut_and_the_cut_is_said():
    lines = wrong_entries_map(np.zeros((1, 1, 30, 50)), np.ones((1, 1, 30, 50))).splitlines()
    assert len(lines) < 30
    assert max(map(len, lines)) < 60
    assert lines[-1] == "   ... 10 other rows"
    assert lines[3] == " 0 " + "x" * 40 + " ..."
    assert lines[1] == "    " + "".join(f"{' ' * 9}{tens}" for tens in (1, 2, 3))


def test_a_wrong_entry_beyond_the_cut_is_still_seen():
    wrong = zeros_with((1, 1, 30, 50), (0, 0, 29, 49))
    said = wrong_entries_map(np.zeros(wrong.shape), wrong)
    assert "1 of 1500 entries are wrong" in said
    assert "29 .........x" in said
    assert said.splitlines()[1] == "   4"
