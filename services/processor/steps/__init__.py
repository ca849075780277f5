"""The steps of the workflow that a task runs: prepare, encode a chunk, assemble.

Not here: transfers and clients.
"""
