"""The video processor: turns one source video into verified, streamable renditions."""
