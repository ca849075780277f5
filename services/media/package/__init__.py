"""What players load: segments' files, manifests, the download and the poster."""
