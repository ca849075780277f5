"""The chunks of long jobs, and which jobs still need the files that chunks share.

Not here: the files.
"""
