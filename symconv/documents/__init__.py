"""Documents: where formulas, listings and declarations stand in a text, and their verdicts."""
