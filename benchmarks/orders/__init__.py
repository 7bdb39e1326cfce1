"""Checks of orders under crashes and competition."""
