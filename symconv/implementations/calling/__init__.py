"""Calling people's code: found, imported, and run in a process of its own by its own convention."""
