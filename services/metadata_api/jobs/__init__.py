"""Jobs through the API: creating, uploading, starting, stopping and showing them.

Not here: paths and methods, which are in `routes`.
"""
