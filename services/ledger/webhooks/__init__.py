"""What other systems are told: endpoints, events, deliveries and their history.

Not here: signatures and calls.
"""
