"""Encoding picture, audio and subtitles, of a whole source or of one window.

Not here: decisions about what to make, which `plan` has taken.
"""
