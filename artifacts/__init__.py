"""Builds what is deployed: the Lambda package and the inputs of the container image."""
