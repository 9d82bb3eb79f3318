"""Whole derivations of gradients, every line proved before it is written."""
