"""What will be made out of a source, decided before anything is encoded.

Not here: command lines that encode; only those that look for a place in a source.
"""
