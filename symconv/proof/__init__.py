"""Statements decided for every size at once."""
