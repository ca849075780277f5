"""What people are told about settled jobs, and the outbox that delivers it."""
