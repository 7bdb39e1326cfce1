"""Queries over shipping methods."""
