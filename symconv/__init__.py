"""Verify hand-derived gradients of convolutions, exactly."""
