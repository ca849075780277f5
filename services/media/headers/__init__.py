"""What a file's first bytes and headers say of its picture, before any tool has opened it.

Not here: what ffprobe tells (`media.inspect`), and whether a file is whole (`media.inspect.containers`).
"""
