"""Carts: what customers are about to order, and what it costs."""
