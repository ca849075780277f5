"""Answers and opaque texts on the wire: problems, responses, CORS, cursors, seals.

Not here: what an answer is about.
"""
