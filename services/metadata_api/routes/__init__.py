"""The routes of the API, one module for each group of paths.

Not here: what more than one group does, which is in `jobs` and `playback`.
"""
