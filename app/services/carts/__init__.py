"""Carts: the goods that customers are about to order, and their price."""
