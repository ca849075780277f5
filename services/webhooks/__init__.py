"""Tells other systems about jobs by signed HTTP calls (Standard Webhooks)."""
