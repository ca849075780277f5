"""Which job begins next, and what it waits for: a slot, its source out of the archive, room for its task.

Not here: the states of a job, executions, S3.
"""
