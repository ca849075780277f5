"""The servers local mode and the integration tests start for themselves."""
