"""Orders of carts: how carts are read to be ordered, and what they are offered."""
