"""What other systems are told: endpoints, events, deliveries and their history."""
