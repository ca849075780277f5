"""Benchmarks of the media work against its peers, measured in the same run."""
