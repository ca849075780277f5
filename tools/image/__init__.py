"""Builds the processor's image without a Docker engine, runs the tests in it, and lists what it holds."""
