"""Playlists and subtitles as players read them.

Not here: the making of playlists, which is media work.
"""
