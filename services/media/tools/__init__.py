"""How a media tool is described, fenced, started, read and ended.

Not here: what any tool is used for.
"""
