"""The structure of container files as their bytes tell it: their kind, whether whole, whether protected.

Not here: what a tool says of them, which is in `inspect`.
"""
