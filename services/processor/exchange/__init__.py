"""What comes from S3 and the shared file system, and what goes there.

Not here: what the files mean.
"""
