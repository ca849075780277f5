"""What an operation of the API is, how a call finds it, and its description.

Not here: the operations, which are in `routes`.
"""
