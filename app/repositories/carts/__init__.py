"""Queries over carts and their lines."""
