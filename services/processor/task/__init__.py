"""The life of one attempt: settings, token, heartbeats, stop signal, ledger session, progress, logs.

Not here: files and objects.
"""
