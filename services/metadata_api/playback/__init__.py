"""Playlists and subtitles as players read them."""
