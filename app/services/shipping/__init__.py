"""Shipping methods, and the choice of those that fit a cart."""
