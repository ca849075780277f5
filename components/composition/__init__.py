"""The platform's groups of components, each with the plain function that creates and joins them."""
