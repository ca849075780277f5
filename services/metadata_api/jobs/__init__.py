"""Jobs through the API: creating, uploading, starting, stopping and showing them."""
