"""Promotions of carts, and their uses by orders."""
