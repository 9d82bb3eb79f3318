"""What the syntax of a claim means: its sides, what restricts it, and what it says with both."""
