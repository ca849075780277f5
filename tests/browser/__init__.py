"""Our outputs in a real browser, played by the players that people use."""
