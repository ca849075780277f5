"""The record of videos and jobs: all SQL and every job-state transition live in this package."""
