"""The Pulumi components: one group of resources per file; composition/ joins them for __main__.py."""
