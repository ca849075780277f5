"""What the fence around the media tools costs, beside the one that it replaced."""
