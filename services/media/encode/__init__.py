"""Encoding picture, audio and subtitles, in one process or in chunks."""
