"""Orders of carts: the locked carts, and the promotions that they are offered."""
