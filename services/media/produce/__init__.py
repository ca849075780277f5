"""The whole work of each kind of profile, from a source to verified files.

Not here: the work of a single step, which has a package of its own.
"""
