"""What a file's first bytes and headers say of its picture, before any tool has opened it.

Not here: what ffprobe tells, which is in `inspect`; of what kind a file is and whether it is whole, which is
in `containers`.
"""
