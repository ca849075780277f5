"""Replaces secrets of a running stack without interrupting it: database login, Redis token, signing key.

Not here: the master password, which RDS rotates itself, and the secrets of webhooks, which have an API.
"""
