"""What one Lambda environment of the API holds: settings, clients, signers."""
