"""Identities between layers: each with its conditions, and false without them."""
