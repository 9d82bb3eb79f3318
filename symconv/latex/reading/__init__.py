"""From LaTeX to statements: atoms, tokens, syntax, claims, meaning."""
