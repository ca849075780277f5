"""The whole work of each kind of profile, from the source to verified files."""
