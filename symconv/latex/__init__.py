"""LaTeX of statements and of closed forms; what is written here can be read back.

`spellings` holds every spelling and every rule on parentheses, as data that `writing` and
`reading` share.
"""
