"""Stands in for CloudFront: the deployed function before the emulator's media bucket, with a cache."""
