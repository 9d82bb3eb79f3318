"""The wrong implementations whose mistake is one of the padding."""

from samples.calls import (
    DW,
    DX,
    GRADIENTS,
    RAISED,
    SHAPE,
    VALUE,
    Y,
)
from samples.conditions import (
    HEIGHT,
    along,
    moved,
    output_sizes_differ,
    padded,
    sees_padding,
    unpadded,
    without_padding,
)
from samples.entries import Wrong
from samples.sources import edited


def _padding_across(s, k, p):
    return k * s["S"] + p + s["P"]


def _rows_padded_only(s):
    width = (s["W"] - s["WW"]) // s["S"] + 1
    return s["P"] > 0 and (width != s["Hw"] or bool(along(s, HEIGHT)))


WRONG_PADDING = (
    Wrong(
        "padding_returned",
        edited("cs231n_slices", ("dx_pad[:, :, P : P + H, P : P + W]", "dx_pad")),
        DX,
        SHAPE,
        "there is padding",
        padded,
        "crop-missing|not cropped",
    ),
    Wrong(
        "cropped_twice",
        edited(
            "einsum_windows",
            (
                "    return dx, dw, db",
                (
                    "    if padding:\n"
                    "        dx = dx[:, :, padding:-padding, padding:-padding]\n"
                    "    return dx, dw, db"
                ),
            ),
        ),
        DX,
        SHAPE,
        "there is padding",
        padded,
        "cropped twice",
    ),
    Wrong(
        "crop_to_minus_padding",
        edited("cs231n_slices", ("dx_pad[:, :, P : P + H, P : P + W]", "dx_pad[:, :, P:-P, P:-P]")),
        DX,
        SHAPE,
        "the padding is 0",
        unpadded,
        "crop-to-minus-padding|minus the padding",
    ),
    Wrong(
        "minus_padding_in_the_course",
        edited("course_nhwc", ("pad : pad + n_H_prev, pad : pad + n_W_prev", "pad:-pad, pad:-pad")),
        GRADIENTS,
        RAISED,
        "the padding is 0",
        unpadded,
        "crop-to-minus-padding|minus the padding|P:-P",
    ),
    Wrong(
        "crop_at_the_origin",
        edited(
            "layer_class", ("dx[:, :, P : P + height, P : P + width]", "dx[:, :, :height, :width]")
        ),
        DX,
        VALUE,
        "there is padding",
        moved(without_padding, without_padding),
        "crop-at-the-origin|from its corner|padding-dropped|shift by the padding",
    ),
    Wrong(
        "rows_cropped_only",
        edited("layer_class", ("P : P + height, P : P + width]", "P : P + height]")),
        DX,
        SHAPE,
        "there is padding",
        padded,
        "crop",
    ),
    Wrong(
        "image_in_the_corner",
        edited(
            "without_bias",
            (
                "    xp[:, :, padding : padding + H, padding : padding + W] = x\n    Hh",
                "    xp[:, :, :H, :W] = x\n    Hh",
            ),
        ),
        Y,
        VALUE,
        "there is padding",
        moved(without_padding, without_padding),
        "padding-dropped|shift by the padding",
    ),
    Wrong(
        "padding_of_ones",
        edited(
            "cs231n_slices",
            ('mode="constant")\n    H_out', 'mode="constant", constant_values=1)\n    H_out'),
        ),
        Y,
        VALUE,
        "a window reaches into the padding",
        sees_padding,
        "padd(ed|ing).* ones|ones.* padd(ed|ing)",
    ),
    Wrong(
        "edge_padding",
        edited("with_helpers", ("(pad, pad)))", '(pad, pad)), mode="edge")')),
        (*Y, *DW),
        VALUE,
        "a window reaches into the padding",
        sees_padding,
        "padding.* edge|edge.* padding|padded with",
    ),
    Wrong(
        "dw_without_the_shift",
        edited(
            "cs231n_slices",
            (
                '(P, P), (P, P)), mode="constant")\n    dx_pad',
                '(0, 2 * P), (0, 2 * P)), mode="constant")\n    dx_pad',
            ),
        ),
        DW,
        VALUE,
        "there is padding",
        moved(without_padding, without_padding),
        "padding-dropped|shift by the padding|unpadded-array",
    ),
    Wrong(
        "unpadded_in_backward",
        edited("cs231n_slices", ("* x_pad[", "* x[")),
        DW,
        ("raised", "wrong-value"),
        "there is padding",
        padded,
        "unpadded-array|padding-dropped|padded input",
    ),
    Wrong(
        "rows_padded_only",
        edited(
            "sliding_tensordot",
            (
                "    out = np.tensordot(_view(x, w, stride, padding)",
                (
                    "    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (0, 0)])\n"
                    "    out = np.tensordot(_view(x, w, stride, 0)"
                ),
            ),
        ),
        Y,
        ("wrong-shape", "wrong-value", "raised"),
        "there is padding",
        _rows_padded_only,
        "padding",
    ),
    Wrong(
        "padding_counted_once",
        edited(
            "cs231n_slices",
            ("(H + 2 * P - HH)", "(H + P - HH)"),
            ("(W + 2 * P - WW)", "(W + P - WW)"),
        ),
        Y,
        ("wrong-shape", "raised"),
        "there is padding that makes another position",
        output_sizes_differ(lambda s, room: (room - s["P"]) // s["S"] + 1),
        "padding-counted-once|counted once",
    ),
    Wrong(
        "frame_at_zero",
        edited(
            "without_bias",
            (
                "    xp[:, :, padding : padding + H, padding : padding + W] = x\n    Hh",
                "    xp[:, :, padding:-padding, padding:-padding] = x\n    Hh",
            ),
        ),
        Y,
        ("raised", "wrong-value"),
        "the padding is 0",
        unpadded,
        "minus the padding|crop-to-minus-padding|P:-P",
    ),
    Wrong(
        "padding_on_the_other_side",
        edited(
            "delta_conditions",
            ("k * S == i + P and q + l * S == j + P", "k * S + P == i and q + l * S + P == j"),
        ),
        DX,
        VALUE,
        "there is padding",
        moved(_padding_across, _padding_across),
        "padding-on-the-wrong-side|padding-with-the-wrong-sign|wrong sign|wrong side",
    ),
    Wrong(
        "torch_padding_forgotten",
        edited(
            "torch_function",
            (
                "x_pad = F.pad(x, (padding, padding, padding, padding))",
                "x_pad = F.pad(x, (0, 2 * padding, 0, 2 * padding))",
            ),
        ),
        DW,
        VALUE,
        "there is padding",
        moved(without_padding, without_padding),
        "padding-dropped|shift by the padding",
    ),
    Wrong(
        "jax_without_crop_shift",
        edited(
            "jax_custom_vjp",
            (
                "dx[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]",
                "dx[:, :, : x.shape[2], : x.shape[3]]",
            ),
        ),
        DX,
        VALUE,
        "there is padding",
        moved(without_padding, without_padding),
        "crop-at-the-origin|from its corner|padding-dropped|shift by the padding",
    ),
)
