"""People's source text, read and never run: names, signatures, and what values depend on."""
