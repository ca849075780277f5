"""The records of videos, their subtitles, their playback and their deletion.

Not here: jobs, except where a record points at one.
"""
