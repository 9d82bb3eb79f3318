"""Views of one report: the terminal, JSON."""
