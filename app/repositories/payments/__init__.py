"""Queries over payments."""
