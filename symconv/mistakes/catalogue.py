"""The catalogue: every mistake that symconv knows, once, for all that use it.

Spoiled statements and loops test the checks, the closest correct form of a wrong statement
is sought by taking mistakes back, and people's code is diagnosed by making them. Names are
stable; new mistakes go where they belong by subject.
"""

from __future__ import annotations

from symconv.mistakes import bounds, code, extents, family, indexing, products, shifts
from symconv.mistakes.mistake import Mistake

BOUNDS = (
    Mistake(
        "sum-ends-one-too-late",
        "the sum, loop or slice ends one position too late",
        edit=bounds.move_bounds(upper=1),
        undo=bounds.move_bounds(upper=-1),
    ),
    Mistake(
        "sum-ends-one-too-early",
        "the sum, loop or slice ends one position too early",
        edit=bounds.move_bounds(upper=-1),
        undo=bounds.move_bounds(upper=1, spare=False),
    ),
    Mistake(
        "sum-starts-one-too-late",
        "the sum, loop or slice starts one position too late, as if indices counted from 1",
        edit=bounds.move_bounds(lower=1),
        undo=bounds.move_bounds(lower=-1, spare=False),
    ),
    Mistake(
        "sum-starts-one-too-early",
        "the sum starts one position too early",
        edit=bounds.move_bounds(lower=-1),
        undo=bounds.move_bounds(lower=1),
        in_pieces=False,  # position -1 is the last one in Python: often the same work twice
    ),
    Mistake(
        "sum-counts-from-one",
        "the sum, loop or slice runs over 1 to the size instead of 0 to the size minus 1",
        edit=bounds.move_bounds(lower=1, upper=1),
        undo=bounds.move_bounds(lower=-1, upper=-1),
    ),
    Mistake(
        "sum-omitted",
        "the sum over an index is left out",
        edit=bounds.omit_sum,
        undo=bounds.sum_unbound,
    ),
    Mistake(
        "sum-over-a-free-index",
        "the sum also runs over an index that the left-hand side keeps fixed",
        edit=bounds.sum_free,
        undo=bounds.omit_sum,
        code=code.keep_index_free,
    ),
    Mistake(
        "mean-instead-of-sum",
        "a mean is taken where a sum is due, over the images or over a window",
        edit=bounds.average_images,
        undo=bounds.sum_images,
        code=code.average,
    ),
    Mistake(
        "term-inside-the-sum",
        "a term that is due once, such as the bias, is added once per term of the sum",
        edit=bounds.move_term_into_sum,
        undo=bounds.move_term_out_of_sum,
        code=code.move_term_into_sum,
    ),
)

PADDING = (
    Mistake(
        "padding-dropped",
        "the shift by the padding is missing",
        edit=shifts.drop_padding,
        undo=shifts.restore_padding,
    ),
    Mistake(
        "padding-doubled",
        "the padding is counted twice where it is due once",
        edit=shifts.double_padding,
        undo=shifts.halve_padding,
    ),
    Mistake(
        "padding-counted-once",
        "the padding is counted once where it is due on both sides",
        edit=shifts.halve_padding,
        undo=shifts.double_padding,
    ),
    Mistake(
        "padding-with-the-wrong-sign",
        "the shift by the padding has the wrong sign",
        edit=shifts.negate_padding,
        undo=shifts.negate_padding,
    ),
    Mistake(
        "padding-on-the-wrong-side",
        "the padding stands on the wrong side of an equation between indices",
        edit=shifts.move_padding_across,
        undo=shifts.move_padding_across,
    ),
    Mistake(
        "padding-added",
        "an index is shifted by the padding where no shift is due",
        edit=shifts.add_padding,
        undo=shifts.drop_padding,
    ),
    Mistake(
        "unpadded-array",
        "the input is used where the padded input is due",
        edit=indexing.take_unpadded,
        undo=indexing.take_padded,
        code=code.skip_padding,
    ),
    Mistake(
        "padded-array",
        "the padded input is used where the input is due",
        edit=indexing.take_padded,
        undo=indexing.take_unpadded,
        in_pieces=False,  # code reads x only to pad it
    ),
    Mistake(
        "crop-at-the-origin",
        "the padded array is cropped from its corner instead of from the padding on",
        code=code.crop_at_origin,
    ),
    Mistake(
        "crop-to-minus-padding",
        "the crop ends at minus the padding, which leaves nothing where there is no padding",
        code=code.crop_to_minus_padding,
    ),
    Mistake(
        "crop-missing",
        "the padded gradient is returned without its padding cropped off",
        code=code.skip_crop,
    ),
)

STRIDE = (
    Mistake(
        "stride-dropped",
        "the factor or the step S is missing",
        edit=shifts.drop_stride,
        undo=shifts.restore_stride,
        code=code.drop_step,
    ),
    Mistake(
        "stride-applied-twice",
        "the stride is multiplied twice",
        edit=shifts.repeat_stride,
        undo=shifts.drop_stride,
    ),
    Mistake(
        "stride-added",
        "the stride is added instead of multiplied",
        edit=shifts.add_stride,
        undo=shifts.multiply_stride,
    ),
    Mistake(
        "stride-on-the-wrong-index",
        "the stride multiplies the other index of the shift",
        edit=shifts.exchange_stride,
        undo=shifts.exchange_stride,
    ),
    Mistake(
        "stride-on-both-indices",
        "the stride multiplies the position within the filter as well",
        edit=shifts.spread_stride,
        undo=shifts.drop_stride,
    ),
    Mistake(
        "window-moves-backwards",
        "the offset of the window has the wrong sign",
        edit=shifts.negate_offset,
        undo=shifts.negate_offset,
    ),
    Mistake(
        "window-offset-dropped",
        "the offset of the window is missing",
        edit=shifts.drop_offset,
        undo=shifts.restore_offset,
    ),
    Mistake(
        "stride-division-dropped",
        "the division by the stride is missing",
        edit=shifts.drop_division,
        undo=shifts.restore_division,
    ),
)

EXTENTS = (
    Mistake(
        "size-of-the-other-axis",
        "height and width are swapped: the size belongs to the other axis",
        edit=extents.take_other_axis,
        undo=extents.take_other_axis,
    ),
    Mistake(
        "input-size-for-output-size",
        "the bound is the size of the input where that of the output is due",
        edit=extents.take_role("input", "output"),
        undo=extents.take_role("output", "input"),
    ),
    Mistake(
        "output-size-for-input-size",
        "the bound is the size of the output where that of the input is due",
        edit=extents.take_role("output", "input"),
        undo=extents.take_role("input", "output"),
    ),
    Mistake(
        "input-size-for-filter-size",
        "the bound is the size of the input where that of the filter is due",
        edit=extents.take_role("input", "filter"),
        undo=extents.take_role("filter", "input"),
    ),
    Mistake(
        "filter-and-output-size-confused",
        "the size of the filter and that of the output are confused",
        edit=extents.confuse_roles("filter", "output"),
        undo=extents.confuse_roles("filter", "output"),
    ),
    Mistake(
        "division-rounded-up",
        "the number of steps is rounded up instead of down",
        edit=extents.round_up,
        undo=extents.round_down,
    ),
    Mistake(
        "division-not-rounded",
        "the number of steps is not rounded down",
        edit=extents.drop_rounding,
        undo=extents.restore_rounding,
    ),
    Mistake(
        "plus-one-dropped",
        "the 1 is missing from the output size: there is one more position than steps",
        edit=extents.drop_plus_one,
        undo=extents.restore_plus_one,
    ),
    Mistake(
        "plus-one-divided",
        "the 1 of the output size is divided by the stride as well",
        edit=extents.divide_plus_one,
        undo=extents.undivide_plus_one,
    ),
    Mistake(
        "filter-size-not-subtracted",
        "the size of the filter is not subtracted from the padded input",
        edit=extents.drop_filter_size,
        undo=extents.restore_filter_size,
    ),
    Mistake(
        "remainder-rows-dropped",
        "the rows that the stride leaves over are dropped",
        edit=extents.end_at_last_window,
        undo=extents.end_at_last_row,
        code=code.allocate_windows_only,
    ),
    Mistake(
        "sizes-unpacked-in-the-wrong-order",
        "two sizes are swapped where a shape is taken apart",
        code=code.unpack_in_wrong_order,
    ),
)

FAMILY = (
    Mistake(
        "dilation-dropped",
        "the factor of the dilation is missing",
        edit=family.drop_dilation,
        undo=family.restore_dilation,
    ),
    Mistake(
        "dilation-and-stride-confused",
        "the stride stands where the dilation is due, or the dilation where the stride is",
        edit=family.confuse_with_stride,
        undo=family.confuse_with_stride,
    ),
    Mistake(
        "dilated-filter-without-its-last-entry",
        "the reach of a dilated filter is D*(K-1), without the 1 for its last entry",
        edit=family.drop_last_entry,
        undo=family.restore_last_entry,
    ),
    Mistake(
        "dilation-times-the-filter-size",
        "the dilation multiplies the size of the filter instead of that minus 1",
        edit=family.count_entries_for_steps,
        undo=family.count_steps_for_entries,
    ),
    Mistake(
        "group-offset-dropped",
        "the first channel or filter of the group is not added",
        edit=family.drop_group_offset,
    ),
    Mistake(
        "group-sizes-confused",
        "the channels of a group and its filters are confused in number",
        edit=family.confuse_group_sizes,
        undo=family.confuse_group_sizes,
    ),
)

INDICES = (
    Mistake(
        "axes-swapped",
        "the two spatial axes of an array are swapped",
        edit=indexing.swap_axes,
        undo=indexing.swap_axes,
        code=code.swap_axes,
    ),
    Mistake(
        "neighbouring-indices-swapped",
        "two neighbouring indices of an array are swapped",
        edit=indexing.swap_neighbours,
        undo=indexing.swap_neighbours,
        code=code.swap_neighbours,
    ),
    Mistake(
        "index-of-the-other-axis",
        "the index belongs to the other axis",
        edit=indexing.take_other_index,
        undo=indexing.take_other_index,
    ),
    Mistake(
        "channel-and-filter-confused",
        "the index of a channel and that of a filter are confused",
        edit=indexing.confuse_channel_and_filter,
        undo=indexing.confuse_channel_and_filter,
    ),
    Mistake(
        "prime-dropped",
        "the index should be the primed one",
        edit=indexing.drop_prime,
        undo=indexing.add_prime,
    ),
    Mistake(
        "prime-added",
        "the index has a prime too many",
        edit=indexing.add_prime,
        undo=indexing.drop_prime,
    ),
    Mistake(
        "index-off-by-one",
        "the index is off by one",
        edit=indexing.move_index,
        undo=indexing.move_index,
    ),
    Mistake(
        "kernel-flipped-on-one-axis",
        "the filter is read backwards along one axis",
        edit=indexing.flip_one_axis,
        undo=indexing.flip_one_axis,
        code=code.flip_one_axis,
    ),
    Mistake(
        "kernel-flipped",
        "the filter is read backwards along both axes, as in a convolution in the strict sense",
        edit=indexing.flip_every_axis,
        undo=indexing.flip_every_axis,
        code=code.flip_every_axis,
    ),
    Mistake(
        "first-image-only",
        "only the first image is used",
        edit=indexing.fix_image,
        undo=indexing.free_image,
        code=code.fix_image,
    ),
)

CONDITIONS = (
    Mistake(
        "delta-dropped",
        "an equation between indices is left out",
        edit=products.drop_delta,
        code=code.drop_condition,
    ),
    Mistake(
        "delta-off-by-one",
        "an equation between indices is off by one",
        edit=products.move_delta,
        undo=products.move_delta,
    ),
    Mistake(
        "indicator-dropped",
        "the bracket that keeps the index within the array is left out",
        edit=products.drop_bracket,
    ),
    Mistake(
        "indicator-too-wide",
        "the bracket holds at one position too many",
        edit=products.widen_bracket,
        undo=products.narrow_bracket,
    ),
    Mistake(
        "indicator-too-narrow",
        "the bracket holds at one position too few",
        edit=products.narrow_bracket,
        undo=products.widen_bracket,
    ),
    Mistake(
        "indicator-not-shifted",
        "the bracket ends at the size minus the padding instead of being shifted by the padding",
        edit=products.unshift_bracket,
        undo=products.shift_bracket,
    ),
    Mistake(
        "or-instead-of-and",
        "one of several conditions is enough where all of them are due",
        edit=products.loosen_and,
        undo=products.tighten_or,
        code=code.loosen_and,
    ),
)

FACTORS = (
    Mistake(
        "upstream-gradient-dropped",
        "the upstream gradient is missing from a product",
        edit=products.drop_upstream,
        code=code.drop_upstream,
    ),
    Mistake(
        "output-instead-of-its-gradient",
        "the output is used where its gradient is due",
        edit=indexing.take_output,
        undo=indexing.take_upstream,
        in_pieces=False,  # the loops of a gradient do not have the output at hand
    ),
    Mistake(
        "factor-dropped",
        "a factor is missing from a product",
        edit=products.drop_other_entry,
        code=code.drop_other_factor,
    ),
    Mistake(
        "term-dropped",
        "a term, such as the bias, is left out",
        edit=products.drop_term,
        code=code.drop_term,
    ),
    Mistake(
        "sign-flipped",
        "the sign is wrong",
        edit=products.negate_term,
        undo=products.negate_term,
        code=code.negate,
    ),
    Mistake(
        "counted-twice",
        "a term is counted twice",
        edit=products.double_term,
        undo=products.halve_term,
        code=code.double,
    ),
)

ACCUMULATION = (
    Mistake(
        "contributions-overwritten",
        "each contribution overwrites the one before instead of being added to it",
        code=code.overwrite,
    ),
    Mistake(
        "addition-not-in-place",
        "the sum is bound to a name and never reaches the array",
        code=code.rebind,
    ),
    Mistake(
        "accumulation-from-ones",
        "the accumulation starts from ones instead of zeros",
        code=code.start_from_ones,
    ),
    Mistake(
        "return-inside-the-loop",
        "the function returns after the first turn of its outermost loop",
        code=code.return_inside_loop,
    ),
)

CATALOGUE: tuple[Mistake, ...] = (
    *BOUNDS,
    *PADDING,
    *STRIDE,
    *EXTENTS,
    *FAMILY,
    *INDICES,
    *CONDITIONS,
    *FACTORS,
    *ACCUMULATION,
)
