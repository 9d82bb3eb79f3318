"""Writing down as a pytest file what is wrong in people's code."""
