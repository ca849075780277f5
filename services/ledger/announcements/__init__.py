"""What people are told about settled jobs, and the outbox that owes it.

Not here: who sends it.
"""
