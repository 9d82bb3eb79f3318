"""Statements and loops at given sizes, exactly: by SymPy, by tables of monomials, by numbers."""
