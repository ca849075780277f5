"""What players load: segments, manifests, the download and the poster.

Not here: the check of any of it.
"""
