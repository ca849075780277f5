"""What a source is: its container, its streams, and whether it can be used.

Not here: what is made of it.
"""
