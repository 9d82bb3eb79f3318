"""Edits of entries: which position of which array is read."""

from __future__ import annotations

from collections.abc import Iterator

from symconv.algebra.expressions import Array, Delta, Derivative, Entry, Mul
from symconv.algebra.indices import Constant, Index, IntegerExpression
from symconv.algebra.tree import Node
from symconv.mistakes.arithmetic import plus_constant, terms, total, with_part, without
from symconv.mistakes.shifts import padding_is_zero
from symconv.mistakes.sites import Site


def swap_axes(site: Site) -> Iterator[Node]:
    """Swap the indices of two spatial axes of an entry: x[n,c,i,j] becomes x[n,c,j,i]."""
    if isinstance(site.node, Entry):
        for first, second in spatial_pairs(site, site.node.array):
            yield _swapped(site.node, first, second)


def swap_neighbours(site: Site) -> Iterator[Node]:
    """Swap two neighbouring indices of an entry that are not both spatial."""
    if isinstance(site.node, Entry):
        for first, second in other_neighbours(site, site.node.array):
            yield _swapped(site.node, first, second)


def spatial_pairs(site: Site, array: Array) -> list[tuple[int, int]]:
    """Return the places of every two spatial axes of an array."""
    places = list(site.vocabulary.spatial(array))
    return [(a, b) for number, a in enumerate(places) for b in places[number + 1 :]]


def other_neighbours(site: Site, array: Array) -> list[tuple[int, int]]:
    """Return the places of neighbouring axes of an array that are not both spatial."""
    both = spatial_pairs(site, array)
    pairs = [(place, place + 1) for place in range(len(array.shape) - 1)]
    return [pair for pair in pairs if pair not in both]


def take_other_index(site: Site) -> Iterator[Node]:
    """Take the index of the other axis: k becomes l."""
    if isinstance(site.node, Index):
        yield from site.vocabulary.twins(site.node)


def confuse_channel_and_filter(site: Site) -> Iterator[Node]:
    """Take the index of a channel for that of a filter, or the reverse."""
    if isinstance(site.node, Index):
        leading = site.vocabulary.leading
        letters = [leading[s] for s in leading if s in site.vocabulary.filters.shape]
        if site.vocabulary.letter(site.node) in letters:
            for other in letters:
                if other != site.vocabulary.letter(site.node):
                    yield Index(other + site.node.name[1:])


def drop_prime(site: Site) -> Iterator[Node]:
    """Write the index with fewer primes: c' becomes c."""
    if isinstance(site.node, Index):
        bare = site.node.name.rstrip("'")
        for primes in range(len(site.node.name) - len(bare)):
            yield from _unless_equal_here(site, Index(bare + "'" * primes))


def add_prime(site: Site) -> Iterator[Node]:
    """Write the index with more primes where such an index exists: c becomes c'."""
    if isinstance(site.node, Index):
        for index in site.indices():
            bare, primes = index.name.rstrip("'"), index.name.count("'")
            same_letter = bare == site.node.name.rstrip("'")
            if same_letter and primes > site.node.name.count("'"):
                yield from _unless_equal_here(site, index)


def move_index(site: Site) -> Iterator[Node]:
    """Read the entry one position off along one axis."""
    if isinstance(site.parent, Entry) and isinstance(site.node, IntegerExpression):
        yield plus_constant(site.node, 1)
        yield plus_constant(site.node, -1)


def flip_one_axis(site: Site) -> Iterator[Node]:
    """Read the filter backwards along one axis: w[f,c,p,q] becomes w[f,c,HH-1-p,q]."""
    entry = site.node
    if isinstance(entry, Entry) and entry.array == site.vocabulary.filters:
        for place in site.vocabulary.spatial(entry.array):
            yield _flipped(entry, (place,))


def flip_every_axis(site: Site) -> Iterator[Node]:
    """Read the filter backwards along every axis, as a convolution in the strict sense does."""
    entry = site.node
    if isinstance(entry, Entry) and entry.array == site.vocabulary.filters:
        yield _flipped(entry, tuple(site.vocabulary.spatial(entry.array)))


def fix_image(site: Site) -> Iterator[Node]:
    """Read the first image instead of each."""
    if isinstance(site.node, Index) and _is_image_place(site):
        yield Constant(0)


def free_image(site: Site) -> Iterator[Node]:
    """Undo `fix_image`."""
    if site.node == Constant(0) and _is_image_place(site):
        wanted = site.vocabulary.leading[site.vocabulary.images]
        yield from (index for index in site.indices() if site.vocabulary.letter(index) == wanted)


def take_unpadded(site: Site) -> Iterator[Node]:
    """Read the input where the padded input is due."""
    yield from _take_array(site, {b: a for a, b in site.vocabulary.padded_name.items()})


def take_padded(site: Site) -> Iterator[Node]:
    """Read the padded input where the input is due."""
    yield from _take_array(site, dict(site.vocabulary.padded_name))


def take_output(site: Site) -> Iterator[Node]:
    """Read the output where its gradient is due."""
    yield from _take_array(site, {site.vocabulary.upstream.name: site.vocabulary.output.name})


def take_upstream(site: Site) -> Iterator[Node]:
    """Undo `take_output`."""
    if not isinstance(site.parent, Derivative):
        yield from _take_array(site, {site.vocabulary.output.name: site.vocabulary.upstream.name})


def _take_array(site: Site, other_by_name: dict[str, str]) -> Iterator[Node]:
    entry = site.node
    if isinstance(entry, Entry) and entry.array.name in other_by_name:
        if entry.array.name in site.vocabulary.padded_name and padding_is_zero(site):
            return  # without padding the two arrays are the same
        other = site.vocabulary.array_by_name[other_by_name[entry.array.name]]
        # The vocabulary may be another layer's, whose array of this name has other axes.
        if len(other.shape) == len(entry.indices):
            yield Entry(other, entry.indices)


def _swapped(entry: Entry, first: int, second: int) -> Entry:
    parts = with_part(entry.indices, first, entry.indices[second])
    return Entry(entry.array, with_part(parts, second, entry.indices[first]))


def _flipped(entry: Entry, places: tuple[int, ...]) -> Entry:
    parts = entry.indices
    for place in places:
        backwards = [-term for term in terms(parts[place])]
        parts = with_part(parts, place, total([entry.array.shape[place] - 1, *backwards]))
    return Entry(entry.array, parts)


def _is_image_place(site: Site) -> bool:
    return (
        isinstance(site.parent, Entry)
        and site.parent.array.shape[site.path[-1]] == site.vocabulary.images
    )


def _unless_equal_here(site: Site, index: Index) -> Iterator[Index]:
    """Yield an index unless a delta in the same product says that it equals the one here.

    Of `delta(f, f') * x[f]` and `delta(f, f') * x[f']` neither is a mistake.
    """
    for level, ancestor in enumerate(site.ancestors):
        if isinstance(ancestor, Mul):
            others = without(ancestor.factors, site.path[level])
            sides = [{other.left, other.right} for other in others if isinstance(other, Delta)]
            if {site.node, index} in sides:
                return
    yield index
