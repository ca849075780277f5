"""Lambda handlers: the HTTP API and the event functions around the workflow."""
