"""The way into the database: settings, connections, roles, health.

Not here: any table of ours.
"""
