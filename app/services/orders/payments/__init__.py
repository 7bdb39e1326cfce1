"""The money of orders: what was paid, what goes back, and the calls of providers."""
