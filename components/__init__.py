"""The platform's Pulumi components: one group per file, composed by the program in __main__.py."""
