"""Sources of every shape that people have, and what must come of each."""
