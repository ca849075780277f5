"""Jobs: how they come to be, begin, are worked on, end and are read."""
