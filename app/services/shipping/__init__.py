"""Ways to ship, and which of them fit a cart."""
