"""Checks of every output before it counts."""
