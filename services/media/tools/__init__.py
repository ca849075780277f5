"""How a media tool is described, fenced, started, read and ended."""
