"""The one way to run people's code: a process of its own, limits, and plain bytes back."""
