"""What one Lambda environment of the API holds: clients, signers, the progress board.

Not here: any one call.
"""
