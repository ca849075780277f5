"""The state machine that processes one video, and the loader that fills it in for a stack."""
