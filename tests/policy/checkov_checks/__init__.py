"""Checks that checkov loads from this directory."""
