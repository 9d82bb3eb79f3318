"""Trying people's code at shape after shape, and what that comes to for each result."""
