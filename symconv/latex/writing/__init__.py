"""From expressions to LaTeX, in the author's order.

`choices` is what a user may choose. `joining` puts parts together with the signs, spaces and
parentheses that they need, and `writer` turns expressions and statements into formulas with it.
`entry_lists` and `matrices` write arrays and gradients at given sizes. `layout` breaks long
formulas into lines by the widths that `widths` estimates, and `standalone` makes whole
documents that compile.
"""
