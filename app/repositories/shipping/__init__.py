"""Queries over ways to ship."""
