"""What a source is: its container, its streams, and whether it can be used."""
