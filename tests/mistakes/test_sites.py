"""Walking, rewriting and comparing trees of every kind of node."""

from __future__ import annotations

import pytest

from symconv.algebra.expressions import (
    Add,
    Delta,
    Iverson,
    Number,
    Statement,
    Sum,
)
from symconv.algebra.indices import (
    And,
    CeilingDivision,
    Constant,
    FloorDivision,
    Minimum,
    Or,
    Range,
    equal,
    indices,
)
from symconv.layers.convolution.post import conv2d
from symconv.layers.registry import default_vocabulary
from symconv.mistakes.sites import (
    mentions,
    replaced,
    same_tree,
    sites,
    statement_sites,
)
from tests.algebra.test_tree import EVERY_KIND, M, S, a, b, by_kind, i, j, p

WORDS = default_vocabulary()


@pytest.mark.parametrize("node", EVERY_KIND, ids=by_kind)
def test_changing_any_one_place_of_a_node_changes_it_there_only(node):
    for site in sites(node, WORDS):
        if site.node == i:
            changed = replaced(node, site.path, S)
            assert changed != node
            assert replaced(changed, site.path, i) == node
            where = [other.path for other in sites(changed, WORDS) if other.node == S]
            before = [other.path for other in sites(node, WORDS) if other.node == S]
            assert sorted(where) == sorted([*before, site.path])


@pytest.mark.parametrize(
    ("node", "new"),
    [
        (Delta(i, j), a[i, j]),
        (Add((a[i, j],)), i),
        (Iverson(equal(i, j)), i),
        (Sum(a[p, j], (p, 0, M - 1)), a[p, j]),
        (i, equal(i, j)),
    ],
    ids=lambda value: by_kind(value),
)
def test_an_edit_puts_no_node_of_another_kind(node, new):
    with pytest.raises(AssertionError, match="keeps the kind"):
        _ = replaced(node, () if node == i else (0,), new)


def test_an_index_is_mentioned_where_it_is_written():
    assert mentions(Sum(a[p, j] * Delta(p, i), (p, 0, M - 1)), i)
    assert not mentions(a[p, j], i)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (p + i * S, S * i + p),
        (M - 1 - (M - 1 - p), p),
        (2 * S, S + S),
        (1 + FloorDivision(M + 2 * S, S), 1 + FloorDivision(2 * S + M, S)),
        (a[p + i, j], a[i + p, j]),
        (Sum(a[p, j], (p, 0, M - 1)), Sum(a[p, j], (p, 0, -1 + M))),
        (Iverson(i + 1 <= M), Iverson(1 + i <= M)),
    ],
    ids=str,
)
def test_trees_that_differ_in_how_integers_are_written_are_the_same(left, right):
    assert same_tree(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (p + i * S, p * S + i),
        (Constant(1), Constant(2)),
        (M, M - 1),
        (FloorDivision(M, S), CeilingDivision(M, S)),
        (FloorDivision(M, S), FloorDivision(M + 1, S)),
        (Minimum((i, j)), Minimum((i, j, p))),
        (a[i, j], b[i, j]),
        (a[i, j], a[j, i]),
        (Sum(a[p, j], (p, 0, M)), Sum(a[i, j], (i, 0, M))),
        (Range(p, Constant(0), M), Range(i, Constant(0), M)),
        (Iverson(i <= M), Iverson(i < M)),
        (And((i <= M, j <= M)), Or((i <= M, j <= M))),
        (a[i, j], Number(M)),
        (Add((a[i, j],)), Add((a[i, j], a[i, j]))),
        (FloorDivision(M, S), a[i, j]),
    ],
    ids=str,
)
def test_trees_that_differ_in_anything_else_are_not_the_same(left, right):
    assert not same_tree(left, right)
    assert not same_tree(right, left)


def test_a_statement_has_sites_on_the_right_and_in_its_abbreviations():
    q = indices("q")[0]
    statement = Statement(a[i, j], a[p, q], where=((p, i * S), (q, j + 1)))
    changed = [put(S) for site, put in statement_sites(statement, WORDS) if site.node == i]
    assert [str(item) for item in changed] == ["a[i,j] = a[p,q] where p = S*S, q = j+1"]
    changed = [put(S) for site, put in statement_sites(statement, WORDS) if site.node == q]
    assert [str(item) for item in changed] == ["a[i,j] = a[p,S] where p = i*S, q = j+1"]


@pytest.mark.parametrize(
    ("key", "node", "where"),
    [
        ("y:strided", "k*S", "in x_pad[n,c,p+k*S,q+l*S]"),
        ("y:strided", "HH-1", "in the range p=0..HH-1"),
        ("y:strided", "b[f]", "in b[f]"),
        ("dL/dx:deltas", "i+P", "in delta(p+k*S, i+P)"),
        ("x_pad", "H+P-1", "in [P <= i'' <= H+P-1]"),
        ("output-size:floor-Hh", "S", "in 1+floor((H+2*P-HH)/S)"),
        ("y:shifted", "S*k", "in S*k"),
        ("dL/db:chain", "k", "in dL/dy[n,f,k,l]"),
        ("dL/db:contracted", "sum[n=0..N-1, k=0..Hh-1, l=0..Hw-1](dout[n,f',k,l])",
         "in the sum over n, k, l"),
    ],
)  # fmt: skip
def test_a_site_is_named_by_the_smallest_part_that_a_reader_can_point_at(key, node, where):
    (statement,) = (item for item in conv2d().statements if item.key == key)
    sites = [site for site, _ in statement_sites(statement, WORDS) if str(site.node) == node]
    assert sites[0].where() == where


def test_the_indices_around_a_site_are_the_free_ones_and_all_that_stand_in_the_tree():
    tree = Sum(a[p, j], (p, 0, M - 1))
    for site in sites(tree, WORDS, free=(Range(i, Constant(0), M - 1),)):
        assert site.indices() == (i, p, j)
