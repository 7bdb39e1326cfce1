"""Checkouts at once, and against time."""
