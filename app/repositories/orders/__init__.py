"""Orders and their placement."""
