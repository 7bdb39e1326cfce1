"""Checks of pricing with more carts than a test has time for."""
