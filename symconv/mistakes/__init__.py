"""The catalogue of mistakes: named edits of statements and loops, each with a sentence."""
