"""The records of videos, their subtitles and playback, and their deletion."""
