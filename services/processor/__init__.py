"""The Fargate task: one attempt at one step of a job, around the media work.

Not here: SQL, which the ledger holds, and command lines, which `media` writes.
"""
