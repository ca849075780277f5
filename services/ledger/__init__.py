"""The record of videos and jobs: all SQL and every transition of a job.

Not here: HTTP, S3, Step Functions, ffmpeg.
"""
