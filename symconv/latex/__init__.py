"""LaTeX of statements and of closed forms; what is written here can be read back.

`spellings` holds every spelling and every rule on parentheses, as data that writing and
reading share; `options` what a user may choose. `joining` puts parts together with the
signs, spaces and parentheses that they need, and `writer` turns expressions and statements
into formulas with it. `entries` and `matrices` write arrays and gradients at given sizes.
`layout` breaks long formulas into lines by the widths that `widths` estimates, and
`documents` makes whole documents that compile.
"""
