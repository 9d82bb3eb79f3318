"""People's own forward and backward passes: found, run, and checked exactly."""
