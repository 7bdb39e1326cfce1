"""Carts under load, and against a model."""
