"""One-machine mode: the unmodified Pulumi program, stand-ins for AWS, and the real workers."""
