"""Checks of every output before it counts.

Not here: repairs: an output that fails is not published.
"""
