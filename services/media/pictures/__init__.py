"""Still pictures: sources of the image profile, and watermarks.

Not here: posters and sprites, which are made of videos.
"""
