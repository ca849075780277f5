"""The HTTP API and nothing else.

Not here: the other functions, SQL, media work.
"""
