"""Still pictures: sources of the image profile, and watermarks."""
