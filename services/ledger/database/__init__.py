"""The way into the database: settings, connections, roles, health."""
