"""What will be made out of a source, decided before anything is encoded."""
