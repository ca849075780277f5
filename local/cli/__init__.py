"""The command line of local mode."""
